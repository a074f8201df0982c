// What a killed edge leaves in its data folder is in nobody's way: its number, and files that it had not put in place yet.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { ProcessWorld } from './processes.ts';

const limit = { timeout: 240_000 };

describe('what a killed edge leaves behind', { concurrency: false }, () => {
  let world: ProcessWorld;

  before(async () => {
    world = await ProcessWorld.create();
    world.writeEdgeConfig();
    mkdirSync(world.path('data'), { recursive: true });
  }, limit);
  after(() => world.close(), limit);

  test('its number may be a stranger\'s by now: "edge upgrade" leaves that one alone', limit, async () => {
    const stranger = startProcess('sleep', ['600']);
    try {
      world.writeFile('data/edge.pid', `${stranger.pid}\n`);
      const upgrade = world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
      assert.equal(await upgrade.ended, 1);
      assert.match(
        upgrade.stderr(),
        /No edge runs with the data folder .* names process \d+, which is no edge/,
      );
      assert.equal(stranger.exitCode(), null);
    } finally {
      await stranger.kill();
    }
  });

  test('files that it had not put in place are taken away by the next start', limit, async () => {
    const drafts = ['data/last-good.json.99.new', 'data/certificates/accounts/one.json.99-00ff.new'];
    mkdirSync(world.path('data/certificates/accounts'), { recursive: true });
    for (const draft of drafts) {
      writeFileSync(world.path(draft), 'half');
      utimesSync(world.path(draft), 1, 1);
    }
    await world.startEdge();
    for (const draft of drafts) assert.ok(!existsSync(world.path(draft)), draft);
  });
});

// `edge run --workers N`: as many processes as the flag says, whatever edge.yml says, also when the file changes and after an upgrade.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readPid } from '#roles/succession/edge-succession.ts';
import { eventually } from '../support/eventually.ts';
import type { RunningProcess } from '../support/process.ts';
import { ProcessWorld, said } from './processes.ts';

const limit = { timeout: 240_000 };
let world: ProcessWorld;

before(async () => {
  world = await ProcessWorld.create();
  world.writeEdgeConfig({ store: 'off' });
});
after(async () => {
  const pid = readPid(world.path('data'));
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  await world.close();
});

const run = (workers: string): RunningProcess =>
  world.run(['edge', 'run', '--config', world.path('edge.yml'), '--workers', workers]);

test('an unusable number is told by its name, and nothing is started', limit, async () => {
  for (const wrong of ['0', '65', 'all', '']) {
    const edge = run(wrong);
    assert.equal(await edge.ended, 2, edge.stderr());
    assert.match(edge.stderr(), /--workers is a number of processes from 1 to 64, or auto .*; not "/);
  }
});

test('so many processes serve, after a change of the file and an upgrade as well', limit, async () => {
  const edge = run('2');
  await said(edge, /The edge is (ready)/);
  const served = (): number => edge.stderr().match(/A worker serves/g)?.length ?? 0;
  assert.equal(served(), 1, 'a further one');
  world.writeEdgeConfig({ store: 'off', workers: 3 });
  await said(edge, /The edge configuration was (applied)/);
  assert.doesNotMatch(edge.stderr(), /workers in .* has changed/);
  const before = readPid(world.path('data'));
  const upgrade = world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
  assert.equal(await upgrade.ended, 0, upgrade.stderr());
  assert.notEqual(readPid(world.path('data')), before);
  await eventually('the successor has one, too', () => served() === 2, 90_000);
});

// The lines that start a connector can be pasted as they are.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { startWays } from './start-lines.ts';

test('every way carries the token, and the config file where the rules are at home', () => {
  for (const isRemote of [true, false]) {
    for (const { id, text } of startWays('home', 'TOKEN123', isRemote)) {
      assert.match(text, /TOKEN123/, id);
      assert.equal(text.includes('config.yml'), !isRemote, id);
    }
  }
});

test('shell lines are valid shell, and the manifests valid YAML, whatever the name', () => {
  for (const name of ['home', 'My.Home_1', '_']) {
    const ways = startWays(name, 'TOKEN123', false);
    for (const id of ['shell', 'systemd', 'docker']) {
      const { text } = ways.find((way) => way.id === id)!;
      assert.equal(spawnSync('sh', ['-n'], { input: text }).status, 0, text);
    }
    const documents = parseAllDocuments(ways.find(({ id }) => id === 'kubernetes')!.text);
    assert.deepEqual(
      documents.map((document) => [document.errors.length, (document.toJS() as { kind: string }).kind]),
      [
        [0, 'Secret'],
        [0, 'Deployment'],
      ],
    );
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createControlGroup, parseStatistics } from './control-group.ts';

function mountPoint(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-groups-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('where both versions are mounted the group is made in the first', (context) => {
  const mounted = mountPoint(context);
  mkdirSync(join(mounted, 'memory'));
  const group = createControlGroup('tight', 1000, mounted);
  assert.equal(readFileSync(join(mounted, 'memory/tight/memory.limit_in_bytes'), 'latin1'), '1000');
  writeFileSync(join(mounted, 'memory/tight/memory.max_usage_in_bytes'), '900\n');
  assert.equal(group.mostBytes(), 900);
  assert.match(group.enter.join(' '), /memory\/tight\/cgroup\.procs/);
  assert.match(group.show.join(' '), /mount -t cgroup -o memory/);
});

test('where only the second is mounted it is asked for the controller', (context) => {
  const mounted = mountPoint(context);
  const group = createControlGroup('tight', 1000, mounted);
  assert.equal(readFileSync(join(mounted, 'cgroup.subtree_control'), 'latin1'), '+memory');
  assert.equal(readFileSync(join(mounted, 'tight/memory.max'), 'latin1'), '1000');
  assert.equal(group.mostBytes(), undefined, 'an older kernel does not say');
  assert.match(group.show.join(' '), /mount -t cgroup2/);
  writeFileSync(join(mounted, 'tight/memory.peak'), '900\n');
  assert.equal(group.mostBytes(), 900);
});

test('statistics are read by name', () => {
  assert.deepEqual(parseStatistics('anon 12\nsock 3\n'), { anon: 12, sock: 3 });
});

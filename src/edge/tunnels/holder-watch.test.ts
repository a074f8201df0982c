import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { HolderWatch } from './holder-watch.ts';

function scene(): { readonly watch: HolderWatch; readonly said: object[]; moves(): string } {
  const said: object[] = [];
  const log: Log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (_message, fields) => void said.push(fields ?? {}),
    child: () => log,
  };
  const metrics = new MetricsRegistry();
  const moves = (): string => /^sallyport_edge_hostname_moves_total (\d+)$/m.exec(metrics.text())![1]!;
  return { watch: new HolderWatch({ log, metrics, wallMs: () => 7 }), said, moves };
}

const route = (hostname: string, tunnelId: string) => ({ hostname, path: '/', tunnelId });
const nameOf = (id: string): string => `tunnel ${id}`;

test('S0-38 a hostname that goes to another tunnel is told with both names, and counted', () => {
  const { watch, said, moves } = scene();
  watch.look([route('a.test', '1'), route('b.test', '2')], nameOf);
  watch.look([route('a.test', '1'), route('b.test', '1')], nameOf);
  assert.deepEqual(said, [{ hostname: 'b.test', path: '/', from: 'tunnel 2', to: 'tunnel 1' }]);
  watch.look([route('a.test', '1'), route('b.test', '1'), route('new.test', '2')], nameOf);
  assert.equal(said.length, 1, 'a new name has not moved');
  assert.equal(moves(), '1');
  assert.deepEqual(watch.moves, [
    { hostname: 'b.test', path: '/', from: 'tunnel 2', to: 'tunnel 1', atMs: 7, isDeclared: false },
  ]);
  const written = route('b.test', '2');
  watch.look([route('a.test', '1'), written], nameOf, new Set([written]));
  assert.deepEqual(
    watch.moves.map(({ isDeclared }) => isDeclared),
    [true, false],
  );
});

test('S0-38 a hostname that was nobody’s in between has moved all the same', () => {
  const { watch, said } = scene();
  watch.look([route('a.test', '1')], nameOf);
  watch.look([], nameOf);
  watch.look([route('a.test', '1')], nameOf);
  assert.deepEqual(said, []);
  watch.look([], nameOf);
  watch.look([route('a.test', '2')], nameOf);
  assert.equal(said.length, 1);
});

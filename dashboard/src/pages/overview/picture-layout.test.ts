// The living picture reads with one tunnel and with fifty.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowSeconds, layoutPicture, maxRows, type PictureTunnel } from './picture-layout.ts';

function tunnel(name: string, more: Partial<PictureTunnel> = {}): PictureTunnel {
  return {
    ...{ id: name, name, status: 'healthy', requestsPerSecond: 0, errorsPerSecond: 0 },
    connectors: [{ name: `${name}-nuc`, isDraining: false }],
    routes: [{ hostname: `${name}.example.com`, service: 'http://localhost:1', isUp: true }],
    ...more,
  };
}

test('rows do not overlap and all of them lie inside', () => {
  for (const count of [0, 1, 5, maxRows + 1, 50]) {
    const { rows, hidden, height } = layoutPicture(Array.from({ length: count }, (_, i) => tunnel(`t${i}`)));
    for (const [i, row] of rows.entries()) {
      assert.equal(row.top >= (i === 0 ? 0 : rows[i - 1]!.top + rows[i - 1]!.height), true);
      for (const { y } of [...row.connectors, ...row.services]) {
        assert.equal(y > row.top && y < row.top + row.height, true);
      }
    }
    const last = rows.at(-1);
    if (last !== undefined) assert.equal(last.top + last.height <= height, true);
    if (hidden !== undefined) assert.equal(hidden.y < height, true);
    assert.equal(rows.length + (hidden?.count ?? 0), count);
  }
});

test('what is broken comes first, what was never there last, and is never hidden behind what is well', () => {
  const many = Array.from({ length: 48 }, (_, i) => tunnel(`t${i}`));
  const layout = layoutPicture([
    ...many,
    tunnel('gone', { status: 'down', connectors: [] }),
    tunnel('ill', { status: 'degraded' }),
  ]);
  assert.deepEqual(
    layout.rows.slice(0, 2).map((row) => row.tunnel.name),
    ['gone', 'ill'],
  );
  assert.deepEqual(layout.hidden && { count: layout.hidden.count, up: layout.hidden.up }, {
    count: 41,
    up: 41,
  });
});

test('many routes are summed up, those that do not work shown first', () => {
  const routes = Array.from({ length: 20 }, (_, i) => ({ hostname: `r${i}`, service: '', isUp: i !== 17 }));
  const [row] = layoutPicture([tunnel('home', { routes })]).rows;
  assert.deepEqual(
    row!.services.map(({ text }) => text),
    ['r17', 'r0', 'and 18 more routes'],
  );
});

test('more traffic flows quicker, within bounds', () => {
  assert.equal(flowSeconds(0), 5);
  assert.equal(flowSeconds(10) < flowSeconds(1), true);
  assert.equal(flowSeconds(1e9), 0.9);
});

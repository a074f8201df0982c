import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bans } from './bans.ts';

const rule = { after: 3, withinMs: 1000, forMs: 5000 };

test('so many hits close together ban an address for a while', () => {
  const bans = new Bans();
  assert.deepEqual(
    [0, 500, 1000].map((at) => bans.hit('a', rule, at)),
    [false, false, true],
  );
  assert.equal(bans.leftMs('a', 2000), 4000);
  assert.equal(bans.leftMs('b', 2000), 0);
  assert.equal(bans.leftMs('a', 6000), 0);
  assert.equal(bans.size, 0, 'what has ended is forgotten');
});

test('hits far apart are begun anew', () => {
  const bans = new Bans();
  assert.deepEqual(
    [0, 500, 1501, 1600].map((at) => bans.hit('a', rule, at)),
    [false, false, false, false],
  );
});

test('the table is bounded', () => {
  const bans = new Bans();
  for (let i = 0; i < 20_010; i++) bans.hit(String(i), { ...rule, after: 1 }, 0);
  assert.equal(bans.size, 20_000);
  assert.equal(bans.leftMs('0', 1), 0);
  assert.ok(bans.leftMs('20009', 1) > 0);
});

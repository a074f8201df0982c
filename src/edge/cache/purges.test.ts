import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Purges, type PurgeScope } from './purges.ts';

const entry = (purgeCount: number, host = 'a.test', path = '/x/y', tags: readonly string[] = ['t']) => ({
  ...{ host, path, tags, purgeCount },
});

test('each scope covers what it names and nothing else', () => {
  const table: ReadonlyArray<readonly [PurgeScope, boolean, boolean]> = [
    [{ kind: 'all' }, true, true],
    [{ kind: 'host', host: 'a.test' }, true, false],
    [{ kind: 'prefix', host: 'a.test', path: '/x' }, true, false],
    [{ kind: 'prefix', host: 'a.test', path: '/' }, true, false],
    [{ kind: 'prefix', host: 'a.test', path: '/x/y/z' }, false, false],
    [{ kind: 'prefix', host: 'b.test', path: '/other' }, false, true],
    [{ kind: 'tag', tag: 't' }, true, false],
    [{ kind: 'tag', tag: '' }, false, false],
  ];
  for (const [scope, first, second] of table) {
    const purges = new Purges();
    purges.add(scope);
    assert.equal(purges.covers(entry(0)), first, JSON.stringify(scope));
    assert.equal(purges.covers(entry(0, 'b.test', '/other', [])), second, JSON.stringify(scope));
    assert.equal(purges.covers(entry(purges.count)), false, 'asked for after the purge');
  }
});

test('a prefix ends at a segment', () => {
  const purges = new Purges();
  purges.add({ kind: 'prefix', host: 'a.test', path: '/blog' });
  assert.equal(purges.covers(entry(0, 'a.test', '/blogs')), false);
  assert.equal(purges.covers(entry(0, 'a.test', '/blog')), true);
});

test('records are bounded: too many become one that covers everything', () => {
  const purges = new Purges();
  for (let i = 0; i <= 10_000; i++) purges.add({ kind: 'tag', tag: `tag-${i}` });
  assert.ok(purges.size <= 10_000);
  assert.equal(purges.covers(entry(0, 'z.test', '/', [])), true);
});

test('what is forgotten covers nothing any more, newer records stand', () => {
  const purges = new Purges();
  purges.add({ kind: 'host', host: 'a.test' });
  const count = purges.count;
  purges.add({ kind: 'tag', tag: 't' });
  purges.add({ kind: 'prefix', host: 'a.test', path: '/' });
  purges.forget(count);
  assert.equal(purges.size, 2);
  assert.equal(purges.covers(entry(0, 'a.test', '/', [])), true);
  purges.forget(purges.count);
  assert.equal(purges.size, 0);
  assert.equal(purges.covers(entry(0)), false);
});

test('an entry is covered exactly if some later purge names it', () => {
  const scope = fc.oneof(
    fc.constantFrom<PurgeScope>({ kind: 'all' }, { kind: 'host', host: 'a' }, { kind: 'host', host: 'b' }),
    fc.constantFrom<PurgeScope>({ kind: 'tag', tag: 't' }, { kind: 'tag', tag: 'u' }),
    fc.constantFrom<PurgeScope>(
      { kind: 'prefix', host: 'a', path: '/p' },
      { kind: 'prefix', host: 'b', path: '/' },
    ),
  );
  const names = (one: PurgeScope, of: { host: string; path: string; tags: readonly string[] }): boolean =>
    one.kind === 'all' ||
    (one.kind === 'host' && one.host === of.host) ||
    (one.kind === 'tag' && of.tags.includes(one.tag)) ||
    (one.kind === 'prefix' &&
      one.host === of.host &&
      (one.path === '/' || `${of.path}/`.startsWith(`${one.path}/`)));
  fc.assert(
    fc.property(
      fc.array(scope, { maxLength: 12 }),
      fc.nat(12),
      fc.constantFrom('a', 'b'),
      fc.constantFrom('/p', '/pq', '/p/q'),
      (all, at, host, path) => {
        const purges = new Purges();
        for (const one of all) purges.add(one);
        const one = { ...entry(Math.min(at, all.length), host, path, ['t']) };
        assert.equal(
          purges.covers(one),
          all.slice(at).some((each) => names(each, one)),
        );
      },
    ),
  );
});

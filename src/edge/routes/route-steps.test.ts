// What a route does on the way is one list, made when a snapshot comes into force: what the list of each kind of route holds, in
// which order, and that requests only walk it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { type RouteStepName, routeStepNames } from '#model/routes/route-steps.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { EdgeCache } from '../cache/edge-cache.ts';
import { type HandlerHost, stepNamesOf } from './route-handler.ts';
import { routeHandlers } from './route-steps.ts';
import { Router } from './router.ts';

const clock = new FakeClock();
const cache = new EdgeCache({ clock, memoryBytes: 1 << 20, maxObjectBytes: 1 << 16 });
const host: HandlerHost = {
  now: () => clock.nowMs(),
  forward: () => {},
  background() {
    throw new Error('nothing is asked in the background');
  },
};

/** The entry of a route as edge.yml has it. */
function entryOf(settings: Readonly<Record<string, unknown>>): RouteEntry {
  const id = '11111111-1111-4111-8111-111111111111';
  const config = {
    internalCa: true,
    tunnels: [{ name: 'home', id, publicKeys: [`${'A'.repeat(43)}=`] }],
    routes: [{ hostname: 'a.test', tunnel: 'home', ...settings }],
  };
  return snapshotOf(parseEdgeConfig(stringify(config), 'edge.yml'), 1).routes[0]!;
}

function listOf(settings: Readonly<Record<string, unknown>>): string[] {
  return stepNamesOf(routeHandlers({ clock, cache })(entryOf(settings), host));
}

const plain = { cache: 'off', compression: 'off' };

/** Settings of every step, and what each alone adds to the list of a plain route. */
const steps: Readonly<Record<RouteStepName, readonly [settings: unknown, list: readonly string[]]>> = {
  cache: [{ setCookie: 'strip' }, ['cache']],
  compression: [{ codings: ['br'] }, ['coder']],
  redirects: [[{ path: '/a', to: '/b' }], ['redirects']],
  hsts: [{ maxAge: '24h' }, ['hsts']],
  balance: [{ sticky: 'member' }, ['balance']],
  canonicalHost: ['www', ['canonical host', 'forward']],
  // It stands at the origin's side: what it does to a request is for the origin only.
  prefix: [{ strip: '/a' }, ['bare prefix', 'forward']],
  headers: [
    { request: { set: { A: 'b' } }, security: 'basic' },
    ["answer's headers", 'request headers', 'forward'],
  ],
  cors: [{ origins: ['https://b.test'] }, ['cors', 'forward']],
  maintenance: [{}, ['maintenance', 'forward']],
  errorPages: [{ pages: { 404: 'none' } }, ['error pages', 'forward']],
  limits: [{ body: '1MiB' }, ['limits', 'forward']],
  rateLimits: [[{ requests: 1, window: '1m' }], ['rate limit', 'forward']],
  bandwidth: [{ down: '1MiB' }, ['bandwidth', 'forward']],
  guard: [{}, ['guard', 'forward']],
  // Read by the proxy where a request begins.
  trace: [{ ratio: 1 }, []],
};

test('a plain route has no list: its requests go straight to the origin', () => {
  assert.equal(routeHandlers({ clock, cache })(entryOf(plain), host), undefined);
  assert.deepEqual(listOf(plain), []);
});

test('a route without a word has the cache and its coder, and nothing else', () => {
  assert.deepEqual(listOf({}), ['cache with coder']);
});

for (const name of routeStepNames) {
  test(`${name} adds its own step to the list, and no other`, () => {
    assert.deepEqual(listOf({ ...plain, [name]: steps[name][0] }), steps[name][1]);
  });
}

test('a route with every step has one list, in the order that the documentation tells', () => {
  const every = Object.fromEntries(routeStepNames.map((name) => [name, steps[name][0]]));
  assert.deepEqual(listOf(every), [
    ...['hsts', "answer's headers", 'error pages', 'guard', 'rate limit', 'limits', 'bandwidth'],
    ...['canonical host', 'maintenance', 'cors', 'balance', 'redirects', 'bare prefix', 'request headers'],
    'cache with coder',
  ]);
});

test('the lists are made when a snapshot comes into force, once for each route; finding one makes nothing', () => {
  let made = 0;
  const make = routeHandlers({ clock, cache });
  const entries = [entryOf({ guard: {} }), { ...entryOf(plain), path: '/plain' }];
  const router = new Router(entries, (route) => {
    made += 1;
    return make(route, host);
  });
  assert.equal(made, entries.length);
  const first = router.match('a.test', '/');
  for (let i = 0; i < 1_000; i++) {
    assert.equal(router.match('a.test', '/'), first, 'the very same object');
    const found = router.match('a.test', '/plain');
    assert.equal(found.kind === 'found' && found.handler, undefined);
  }
  assert.equal(made, entries.length);
});

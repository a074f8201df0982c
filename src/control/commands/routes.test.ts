import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePolicySchema } from '#model/routes/cache-policy.ts';
import { routeHstsSchema } from '#model/routes/hsts-policy.ts';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { formatServed, parseServed, servedBy } from '../snapshot.ts';
import { createRoute, deleteRoute, updateRoute } from './routes.ts';
import { patternOfPrefix, putRules } from './rule-sets.ts';
import { createTunnel } from './tunnels.ts';

const home = { name: 'home', management: 'remote', hostnames: [], note: '' } as const;
const blog = { hostname: 'blog.example.com', path: '/', tunnel: 'home', note: '', isEnabled: true };

async function worldWithTunnel(management: 'remote' | 'local' = 'remote') {
  const world = await controlWorld();
  const { tunnel } = await world.control.run(createTunnel({ ...home, management }), tester);
  return { ...world, rules: () => world.control.state.ruleSets.get(tunnel.id)!.text };
}

test('S0-34 a route with a service brings its ingress rule along, in one change, and takes it away again', async () => {
  const { control, rules } = await worldWithTunnel();
  const { revision } = control.state;
  const route = await control.run(createRoute({ ...blog, service: 'http://localhost:3000' }), tester);
  assert.equal(control.state.revision, revision + 1);
  assert.equal(
    rules(),
    'ingress:\n  - hostname: blog.example.com\n    service: http://localhost:3000\n  - service: http_status:404\n',
  );
  await control.run(deleteRoute(route.id), tester);
  assert.equal(rules(), 'ingress:\n  - service: http_status:404\n');
});

test('a rule with a path goes before that of the whole hostname, and comments stay', async () => {
  const { control, rules } = await worldWithTunnel();
  await control.run(
    putRules(
      'home',
      'ingress:\n  # the blog\n  - hostname: blog.example.com\n    service: http://localhost:1\n  - service: http_status:404\n',
    ),
    tester,
  );
  await control.run(createRoute({ ...blog, path: '/admin', service: 'http://localhost:2' }), tester);
  assert.match(
    rules(),
    /^ingress:\n {2}# the blog\n {2}- hostname: blog\.example\.com\n {4}path: \^\/admin\(\/\|\$\)\n/,
  );
  assert.match(rules(), /service: http:\/\/localhost:1/);
});

test('a route that moves takes its rule with it', async () => {
  const { control, rules } = await worldWithTunnel();
  await control.run(createRoute({ ...blog, service: 'http://localhost:3000' }), tester);
  await control.run(updateRoute('blog.example.com', { hostname: 'www.example.com' }), tester);
  assert.match(rules(), /hostname: www\.example\.com\n {4}service: http:\/\/localhost:3000/);
  assert.doesNotMatch(rules(), /blog/);
  await control.run(updateRoute('www.example.com', { service: 'http://localhost:4000' }), tester);
  assert.match(rules(), /service: http:\/\/localhost:4000/);
});

test('a service that is none is refused with its line, and nothing is changed', async () => {
  const { control } = await worldWithTunnel();
  const error = await refusal(control.run(createRoute({ ...blog, service: 'localhost' }), tester));
  assert.equal(error.code, 'config-invalid');
  assert.match(error.facts.faults![0]!.path, /^line \d+$/);
  assert.equal(control.state.routes.size, 0);
});

test('a service is no business of a route to a locally managed tunnel', async () => {
  const { control } = await worldWithTunnel('local');
  const error = await refusal(control.run(createRoute({ ...blog, service: 'http://localhost:1' }), tester));
  assert.match(error.message, /live with its connector/);
  await control.run(createRoute(blog), tester);
});

test('hostname and path are taken once, whoever declared them', async () => {
  const declared = { tunnels: [], routes: [{ hostname: 'wiki.example.com', path: '/', tunnelId: 'x' }] };
  const { control } = await controlWorld({ declared });
  await control.run(createTunnel(home), tester);
  await control.run(createRoute(blog), tester);
  assert.equal((await refusal(control.run(createRoute(blog), tester))).code, 'conflict');
  const wiki = { ...blog, hostname: 'wiki.example.com' };
  assert.equal((await refusal(control.run(createRoute(wiki), tester))).code, 'conflict');
  assert.match(
    (await refusal(control.run(deleteRoute('file:wiki.example.com'), tester))).message,
    /edge\.yml/,
  );
  assert.match((await refusal(control.run(deleteRoute('claim:x.example.com'), tester))).message, /claimed/);
});

test('a path prefix as a pattern takes whole segments only', () => {
  for (const [prefix, path, takes] of [
    ['/app', '/app', true],
    ['/app', '/app/x', true],
    ['/app', '/apple', false],
    ['/app', '/x/app', false],
    ['/a.b', '/axb', false],
    ['/app/', '/app/x', true],
    ['/a%20b', '/a b/c', true],
  ] as const) {
    assert.equal(new RegExp(patternOfPrefix(prefix)).test(path), takes, `${prefix} ${path}`);
  }
  assert.equal(patternOfPrefix('/'), '');
});

test('a route says how it is cached and compressed; what is the default anyway is not kept', async () => {
  const { control } = await worldWithTunnel();
  const cache = cachePolicySchema.parse({ query: { drop: ['utm_*'] } });
  const hsts = routeHstsSchema.parse({});
  const made = await control.run(createRoute({ ...blog, cache, compression: 'off', hsts }), tester);
  assert.deepEqual([made.cache, made.compression, made.hsts], [cache, 'off', hsts]);
  const moved = await control.run(updateRoute(made.id, { note: 'x' }), tester);
  assert.deepEqual([moved.cache, moved.compression, moved.hsts], [cache, 'off', hsts]);
  const plain = await control.run(
    updateRoute(made.id, { cache: cachePolicySchema.parse({}), compression: null, hsts: null }),
    tester,
  );
  assert.ok(!('cache' in plain) && !('compression' in plain) && !('hsts' in plain));
});

test('what a route says of its steps is served, and survives in the file beside the store', async () => {
  const { control } = await worldWithTunnel();
  const cache = cachePolicySchema.parse({
    setCookie: 'strip',
    rules: [{ bypass: true, when: { path: ['/x'] } }],
  });
  await control.run(createRoute({ ...blog, cache }), tester);
  const served = servedBy(control.state, control.declared);
  assert.deepEqual(served.routes[0]?.cache, cache);
  assert.deepEqual(parseServed(formatServed(served))?.routes[0]?.cache, cache);
});

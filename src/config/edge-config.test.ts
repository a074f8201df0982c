import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCachePolicy } from '#model/routes/cache-policy.ts';
import { parseEdgeConfig, snapshotOf } from './edge-config.ts';

test('an unknown key is an error with its line and what was meant', () => {
  const text = 'internalCa: true\nlisten:\n  htpp: 80\n';
  assert.throws(
    () => parseEdgeConfig(text, 'edge.yml'),
    /line 3: unknown key listen\.htpp; did you mean "http"\?/,
  );
});

const withRoute = (cache: string): string =>
  `internalCa: true\ntunnels:\n  - { name: home, id: 6ff42ae2-765d-4adf-8112-31c55c1551ef, publicKeys: [AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=] }\nroutes:\n  - hostname: a.example\n    tunnel: home\n${cache}`;

test('faults in a cache policy are named where they stand', () => {
  const table: ReadonlyArray<readonly [string, RegExp]> = [
    [
      '    cache:\n      heuristic: true\n',
      /line 8: unknown key routes\[0\]\.cache\.heuristic; did you mean "heuristics"\?/,
    ],
    [
      '    cache:\n      rules:\n        - ttl: 300\n',
      /line 9: routes\[0\]\.cache\.rules\[0\]\.ttl must be a duration/,
    ],
    ['    cache:\n      rules:\n        - wen: {}\n', /rules\[0\]\.wen; did you mean "when"\?/],
    ['    cache: {rules: [{when: {status: [200]}, bypass: true}]}\n', /`when` cannot name type or status/],
    ['    cache: 7\n', /line 7: routes\[0\]\.cache expected "off"/],
    ['cache:\n  memori: 1MiB\n', /line 8: unknown key cache\.memori; did you mean "memory"\?/],
  ];
  for (const [text, message] of table)
    assert.throws(() => parseEdgeConfig(withRoute(text), 'edge.yml'), message);
});

test('workers are auto or a number, and a file without the line means one', () => {
  const workersOf = (line: string) => parseEdgeConfig(`internalCa: true\n${line}`, 'edge.yml').workers;
  assert.deepEqual(['', 'workers: auto\n', 'workers: 64\n'].map(workersOf), [1, 'auto', 64]);
  for (const wrong of ['0', '65', '1.5', 'many', '[2]'])
    assert.throws(
      () => workersOf(`workers: ${wrong}\n`),
      /line 2: workers must be auto, or a number of processes from 1 to 64/,
      wrong,
    );
});

test('a route caches by its headers unless it says otherwise', () => {
  const cacheOf = (text: string): unknown =>
    snapshotOf(parseEdgeConfig(withRoute(text), 'edge.yml'), 1).routes[0]!.cache;
  assert.deepEqual(cacheOf(''), defaultCachePolicy);
  assert.equal(cacheOf('    cache: off\n'), undefined);
  assert.deepEqual(cacheOf('    cache: { query: ignore }\n'), {
    ...defaultCachePolicy,
    query: { keep: [], drop: undefined, isSorted: false },
  });
});

test("a promise of https is the edge's, unless a route has its own", () => {
  const hstsOf = (route: string, edge: string) => {
    const { routes, claimedRoutes } = snapshotOf(parseEdgeConfig(withRoute(route) + edge, 'edge.yml'), 1);
    return [routes[0]!.hsts, claimedRoutes?.hsts];
  };
  const year = 'max-age=31536000';
  assert.deepEqual(hstsOf('', ''), [undefined, undefined], 'nothing is promised unasked');
  assert.deepEqual(hstsOf('', 'hsts: {}\n'), [year, year]);
  assert.deepEqual(hstsOf('    hsts: off\n', 'hsts: {}\n'), [undefined, year]);
  assert.deepEqual(hstsOf('    hsts: { maxAge: 1h }\n', ''), ['max-age=3600', undefined]);
  assert.throws(
    () => hstsOf('', 'hsts: { preload: true }\n'),
    /line 7: hsts\.preload needs includeSubDomains/,
  );
});

test('a route to a tunnel that is not listed is an error with its line', () => {
  const text = 'internalCa: true\nroutes:\n  - hostname: a.example\n    tunnel: home\n';
  assert.throws(() => parseEdgeConfig(text, 'edge.yml'), /line 4: no tunnel is called "home"/);
});

const issuer = `internalCa: true
signIn:
  oidc:
    - id: home
      name: Authentik
      issuer: https://auth.example.com/application/o/sallyport/
      clientId: sallyport
`;

test('an issuer is read with its defaults', () => {
  const { signIn } = parseEdgeConfig(`${issuer}      roles: { admins: owner }\n`, 'edge.yml');
  assert.deepEqual(signIn.oidc[0], {
    id: 'home',
    name: 'Authentik',
    issuer: 'https://auth.example.com/application/o/sallyport/',
    clientId: 'sallyport',
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    roles: { admins: 'owner' },
    allowNew: false,
    linkByMail: false,
  });
});

test('an issuer in plain http, a misspelt key, an unknown role, or new users without a role are errors with their line', () => {
  const plain = issuer.replace('https://auth', 'http://auth');
  assert.throws(() => parseEdgeConfig(plain, 'edge.yml'), /line 6: .*issuer must be an https address/);
  const misspelt = `${issuer}      clientSecretFiel: secret\n`;
  assert.throws(() => parseEdgeConfig(misspelt, 'edge.yml'), /line 8: .*did you mean "clientSecretFile"\?/);
  const unknown = `${issuer}      roles: { admins: root }\n`;
  assert.throws(() => parseEdgeConfig(unknown, 'edge.yml'), /line 8: /);
  const open = `${issuer}      allowNew: true\n`;
  assert.throws(
    () => parseEdgeConfig(open, 'edge.yml'),
    /line 8: .*but nothing says as what; add roles or role/,
  );
  const twice = issuer + issuer.split('oidc:\n')[1]!;
  assert.throws(() => parseEdgeConfig(twice, 'edge.yml'), /line 8: the issuer home is listed twice/);
});

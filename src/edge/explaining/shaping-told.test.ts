import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceEntryOf, balanceSchema, type MemberLive } from '#model/routes/balance-policy.ts';
import { compressionPolicyOf, compressionPolicySchema } from '#model/routes/compression-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { shapingSchemas } from '#model/shaping/shaping.ts';
import { stepsAfterAccess, stepsBeforeAccess } from './shaping-told.ts';

const plain: RouteEntry = { hostname: 'a.test', path: '/', tunnelId: 't' };
const facts = { path: '/', members: [], banCount: 0, isTraced: false };
const shaped = (shaping: Record<string, unknown>): RouteEntry => ({
  ...plain,
  shaping: Object.fromEntries(
    Object.entries(shaping).map(([name, value]) => [name, shapingSchemas[name as 'guard'].parse(value)]),
  ),
});
const line = ({ step, status, title, detail, facts: more }: ExplainStep): string =>
  [step, status, title, detail, ...Object.entries(more).map(([key, value]) => `${key}=${value}`)].join(' | ');

test('a route without steps has nothing to explain', () => {
  assert.deepEqual(stepsBeforeAccess(plain, facts), []);
  assert.deepEqual(stepsAfterAccess(plain, facts), { beforeCache: [], afterCache: [] });
});

test('explain speaks of every step of a route, in the order of the way', () => {
  const route = shaped({
    trace: { ratio: 0.5, passOn: false },
    errorPages: { folder: 'blog', from: 'origin' },
    guard: { ban: { after: 3 } },
    rateLimits: [{ name: 'login', requests: 5, methods: ['POST'], paths: ['/login'] }],
    limits: { body: '10MiB' },
    bandwidth: { down: '2MiB' },
    cors: { origins: ['https://app.example.com'] },
    headers: { request: { set: { 'X-A': 'b' } }, response: { remove: ['Server'] }, security: 'basic' },
    prefix: { strip: '/blog' },
  });
  const { beforeCache, afterCache } = stepsAfterAccess(
    { ...route, compression: compressionPolicyOf(compressionPolicySchema.parse({})) },
    facts,
  );
  assert.deepEqual(
    [
      ...stepsBeforeAccess({ ...route, hsts: 'max-age=86400' }, { ...facts, banCount: 2 }),
      ...beforeCache,
      ...afterCache,
    ].map(line),
    [
      'hsts | ok | Browsers are told to come by https only | They keep to it as Strict-Transport-Security says: max-age=86400.',
      'trace | ok | Requests take part in distributed tracing | Of them a share of 0.5 is recorded; the service is not told the trace.',
      'error pages | ok | Errors have pages of the route | For errors of the service alone; visitors who read HTML get them, programs do not. | folder=blog | pages=',
      'guard | ok | The guard lets it pass | Who is refused 3 times within 10m is banned for 1h. 2 clients are banned now; "sallyport ban list" shows them.',
      'rate limits | ok | One rate limit | login: 5 in 1m for each client, of POST /login.',
      'limits | ok | Requests have a largest size |  | body=10MiB',
      'bandwidth | ok | Bytes are held to a rate for each client |  | down=2MiB | per=client',
      'cors | ok | Other sites may ask by script | https://app.example.com may; the edge answers preflights itself.',
      'headers | ok | Header fields of requests and of answers are changed | request: set X-A; answer: remove Server; security: basic',
      "compression | ok | Text is compressed by zstd, br, gzip | From 1024 bytes on, where the visitor's browser can read it and the service has not done it already.",
      'prefix | ok | /blog is taken off the path | Location, cookies and their like get it back on the way out.',
    ],
  );
});

test('what stops the way is said to stop it, with a cure', () => {
  const [guard] = stepsBeforeAccess(shaped({ guard: {} }), { ...facts, path: '/wp-login.php' });
  assert.deepEqual([guard!.status, guard!.title], ['failed', 'The guard refuses /wp-login.php']);
  assert.match(guard!.cure, /scanners: false/);
  const [maintenance] = stepsBeforeAccess(shaped({ maintenance: { message: 'Back at noon.' } }), facts);
  assert.deepEqual([maintenance!.status, maintenance!.detail], ['failed', 'Visitors get 503: Back at noon.']);
});

test('services behind a route are told with their health', () => {
  const member = { isBackup: false, weight: 1, active: 0, requests: 0, failures: 0 };
  const members: MemberLive[] = [
    { ...member, name: 'home', state: 'up', trouble: '' },
    { ...member, name: 'cabin', state: 'down', trouble: 'refused', isBackup: true },
  ];
  const balance = balanceEntryOf(
    balanceSchema.parse({ members: [{ tunnel: 'home' }, { tunnel: 'cabin', isBackup: true }] }),
    't',
    (name) => name,
  );
  const [step] = stepsAfterAccess({ ...plain, balance }, { ...facts, members }).afterCache;
  assert.equal(
    line(step!),
    'balance | warning | 1 of 2 services can be used | home: up. cabin (backup): down, refused.',
  );
});

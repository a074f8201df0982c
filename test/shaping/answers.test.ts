// Header changes, CORS, maintenance and error pages of a route, through a real edge and connector.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { corsSchema } from '#model/shaping/cors-rule.ts';
import { errorPagesSchema } from '#model/shaping/error-pages.ts';
import { headerRulesSchema } from '#model/shaping/header-rules.ts';
import { maintenanceSchema } from '#model/shaping/maintenance.ts';
import type { Shaping } from '#model/shaping/shaping.ts';
import { compressionPolicyOf, compressionPolicySchema } from '#model/routes/compression-policy.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';

let origin: RecordingOrigin;
let world: EdgeWorld;
before(async () => {
  origin = await RecordingOrigin.start();
  const ingress = `  - hostname: a.test\n    service: ${origin.url}`;
  world = await startEdgeWorld({ ingress, hosts: ['a.test'] });
});
after(async () => {
  await world?.close();
  await origin?.close();
});

function shape(shaping: Shaping): void {
  const compression = compressionPolicyOf(compressionPolicySchema.parse({}));
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), compression, shaping }] });
}
const answer =
  (head: string, body = 'ok') =>
  () =>
    `HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const ask = async (line: string, more = '') =>
  (await world.ask(`${line} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`))[0]!;
const lastAsked = () => origin.requests.at(-1)!;
const valuesOf = (name: string) =>
  lastAsked().fields.flatMap(([each, value]) => (each.toLowerCase() === name ? [value] : []));

test('request fields are set, added and taken away, with variables that no client can break out of', async () => {
  origin.answer = answer('200 OK');
  shape({
    headers: headerRulesSchema.parse({
      request: {
        set: { 'X-Who': '{client_ip} {method} {path}?{query}' },
        add: { 'X-Tag': 'b' },
        remove: ['X-Secret'],
      },
    }),
  });
  await ask('GET /p?a=%0d%0aX-Evil:1', 'X-Who: me\r\nX-Tag: a\r\nX-Secret: s\r\nX-Kept: k\r\n');
  assert.deepEqual(valuesOf('x-who'), ['127.0.0.1 GET /p?a=%0d%0aX-Evil:1']);
  assert.deepEqual(valuesOf('x-tag'), ['a', 'b']);
  assert.deepEqual([valuesOf('x-secret'), valuesOf('x-kept'), valuesOf('x-evil')], [[], ['k'], []]);
});

test("response fields are changed on the origin's answers and on the edge's own; a preset gives way to the origin", async () => {
  shape({
    headers: headerRulesSchema.parse({
      response: { set: { 'Cache-Control': 'no-cache' }, remove: ['Server', 'X-Powered-By'] },
      security: 'basic',
    }),
  });
  origin.answer = answer(
    '200 OK\r\nServer: x\r\nx-powered-by: y\r\nX-Frame-Options: DENY\r\nCache-Control: max-age=9',
  );
  const { fields } = await ask('GET /');
  assert.deepEqual(
    ['server', 'x-powered-by', 'cache-control', 'x-frame-options', 'x-content-type-options'].map(
      (name) => fields[name],
    ),
    [undefined, undefined, 'no-cache', 'DENY', 'nosniff'],
  );
  origin.answer = () => 'nonsense\r\n\r\n';
  const own = await ask('GET /');
  assert.equal(`${own.status} ${own.fields['x-content-type-options']}`, '502 nosniff');
  assert.equal(own.fields['x-sallyport-error'], 'origin-protocol');
});

test('the strict preset closes what a page of its own does not need; variables and added fields stand on answers, too', async () => {
  shape({
    headers: headerRulesSchema.parse({
      response: { add: { 'X-Tag': '{host}{path}' } },
      security: 'strict',
    }),
  });
  origin.answer = answer('200 OK\r\nX-Tag: of the origin');
  const { fields } = await ask('GET /p');
  assert.equal(fields['x-frame-options'], 'DENY');
  assert.equal(fields['referrer-policy'], 'no-referrer');
  assert.match(fields['content-security-policy']!, /default-src 'self'/);
  assert.match(fields['permissions-policy']!, /camera=\(\)/);
  assert.equal(fields['cross-origin-opener-policy'], 'same-origin');
  assert.equal(fields['cross-origin-resource-policy'], 'same-origin');
  assert.equal(fields['x-tag'], 'of the origin, a.test/p');
});

test('preflights are answered by the edge, for origins that may and methods that may, and the origin is not asked', async () => {
  origin.answer = answer('200 OK\r\nAccess-Control-Allow-Origin: *');
  shape({
    cors: corsSchema.parse({
      origins: ['https://app.test'],
      methods: ['PUT'],
      headers: ['X-A'],
      credentials: true,
    }),
  });
  const before = origin.requests.length;
  const preflight = (site: string) =>
    ask('OPTIONS /api', `Origin: ${site}\r\nAccess-Control-Request-Method: PUT\r\n`);
  const { status, fields } = await preflight('https://app.test');
  assert.equal(status, 204);
  assert.equal(fields['access-control-allow-origin'], 'https://app.test');
  assert.equal(fields['access-control-allow-methods'], 'PUT');
  assert.equal(fields['access-control-allow-headers'], 'X-A');
  assert.equal(fields['access-control-allow-credentials'], 'true');
  assert.equal(fields['access-control-max-age'], '7200');
  assert.equal((await preflight('https://evil.test')).fields['access-control-allow-origin'], undefined);
  assert.equal(origin.requests.length, before);
  const read = await ask('GET /api', 'Origin: https://app.test\r\n');
  assert.equal(read.fields['access-control-allow-origin'], 'https://app.test');
  assert.match(read.fields['vary']!, /Origin/);
  const others = await ask('GET /api', 'Origin: https://evil.test\r\n');
  assert.equal(
    others.fields['access-control-allow-origin'],
    undefined,
    "the origin's own word is taken back",
  );
  assert.equal((await ask('OPTIONS /api')).status, 200, 'an OPTIONS that is no preflight goes on');
});

test('a route in maintenance answers 503 with Retry-After and its message; listed addresses see the site', async () => {
  origin.answer = answer('200 OK');
  shape({ maintenance: maintenanceSchema.parse({ message: 'Back at <noon>.', retryAfter: '1h' }) });
  const { status, fields, body } = await ask('GET /', 'Accept: text/html\r\n');
  assert.equal(`${status} ${fields['retry-after']} ${fields['x-sallyport-error']}`, '503 3600 maintenance');
  assert.match(body, /Back at &lt;noon&gt;\./);
  shape({ maintenance: maintenanceSchema.parse({ allow: ['127.0.0.0/8'] }) });
  assert.equal((await ask('GET /')).status, 200);
});

test("errors get the owner's pages, by status and by who failed, for those who read HTML", async () => {
  const pages = { 404: '<p>{status} at {host}</p>', '5xx': '<p>{sentence}</p>' };
  const html = 'Accept: text/html\r\nAccept-Encoding: gzip\r\n';
  shape({ errorPages: errorPagesSchema.parse({ pages }) });
  origin.answer = answer(
    '404 Not Found\r\nContent-Type: text/plain\r\nETag: "a"',
    'nothing here'.repeat(500),
  );
  const found = await ask('GET /x', html);
  assert.equal(`${found.status} ${found.body}`, '404 <p>404 at a.test</p>');
  assert.deepEqual(
    [found.fields['content-type'], found.fields['etag']],
    ['text/html; charset=utf-8', undefined],
  );
  assert.match((await ask('GET /x', 'Accept: application/json\r\n')).body, /^nothing here/);
  const head = await ask('HEAD /x', html);
  assert.equal(`${head.status} ${head.fields['content-length']}`, '404 20');
  origin.answer = () => 'nonsense\r\n\r\n';
  assert.equal(
    (await ask('GET /', html)).body,
    '<p>The service answered with something that is not valid HTTP.</p>',
  );
  const ownWords = async (head: string): Promise<string> => {
    origin.answer = answer(head, 'mine');
    return (await ask('GET /', html)).body;
  };
  assert.equal(await ownWords('503 Oops'), '<p>The service answered with 503 (Service Unavailable).</p>');
  assert.equal(await ownWords('599 Oops'), '<p>The service answered with 599.</p>');
  shape({ errorPages: errorPagesSchema.parse({ pages, from: 'edge' }) });
  origin.answer = answer('500 Oops', 'mine');
  assert.equal((await ask('GET /', html)).body, 'mine');
});

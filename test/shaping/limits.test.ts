// Limits of a route through a real edge and connector: how much a request holds, how often it comes, how fast bytes go.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bandwidthSchema } from '#model/shaping/bandwidth.ts';
import { rateLimitsSchema } from '#model/shaping/rate-limit.ts';
import { requestLimitsSchema } from '#model/shaping/request-limits.ts';
import type { Shaping } from '#model/shaping/shaping.ts';
import { eventually } from '../support/eventually.ts';
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
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), shaping }] });
}
const ask = async (line: string, more = '', body = '') =>
  (await world.ask(`${line} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n${body}`))[0]!;

test('a body that says it is too large is refused before the origin is asked, one that turns out so on the way', async () => {
  shape({ limits: requestLimitsSchema.parse({ body: '10', headers: '100', headerCount: 3, url: '20' }) });
  const before = origin.requests.length;
  const told = await ask('POST /', 'Content-Length: 11\r\n', 'x'.repeat(11));
  assert.equal(`${told.status} ${told.fields['x-sallyport-error']}`, '413 body-too-large');
  assert.equal(origin.requests.length, before);
  const chunk = (n: number) => `${n.toString(16)}\r\n${'x'.repeat(n)}\r\n`;
  const chunked = await ask('POST /', 'Transfer-Encoding: chunked\r\n', `${chunk(6)}${chunk(6)}0\r\n\r\n`);
  assert.equal(chunked.status, 413);
  assert.equal((await ask('POST /', 'Content-Length: 10\r\n', 'x'.repeat(10))).status, 200);
  assert.equal((await ask('POST /', 'Transfer-Encoding: chunked\r\n', `${chunk(10)}0\r\n\r\n`)).status, 200);
});

test('header fields and addresses beyond the limits of the route are refused', async () => {
  assert.equal((await ask('GET /', `X-A: ${'x'.repeat(100)}\r\n`)).status, 431);
  assert.equal((await ask('GET /', 'A: 1\r\nB: 2\r\nC: 3\r\n')).status, 431);
  assert.equal((await ask('GET /', 'A: 1\r\n')).status, 200);
  assert.equal((await ask(`GET /${'x'.repeat(20)}`)).status, 414);
});

test('more requests than a client may make are answered 429, with when to come again and what the policy is', async () => {
  const rateLimits = rateLimitsSchema.parse([
    { name: 'login', requests: 2, window: '1h', paths: ['/login*'], methods: ['POST'] },
  ]);
  shape({ rateLimits });
  const post = () => ask('POST /login', 'Content-Length: 0\r\n');
  const first = await post();
  assert.equal(first.status, 200);
  assert.equal(first.fields['ratelimit-policy'], '"login";q=2;w=3600');
  assert.match(first.fields['ratelimit']!, /^"login";r=1;t=\d+$/);
  assert.equal((await post()).status, 200);
  const refused = await post();
  assert.equal(`${refused.status} ${refused.fields['x-sallyport-error']}`, '429 rate-limited');
  assert.match(refused.fields['ratelimit']!, /^"login";r=0;t=\d+$/);
  assert.ok(Number(refused.fields['retry-after']) > 1000);
  assert.equal((await ask('GET /login')).status, 200, 'other methods are not meant');
  assert.equal((await ask('POST /', 'Content-Length: 0\r\n')).status, 200, 'nor other paths');
  shape({ rateLimits });
  assert.equal((await post()).status, 429, 'a change of the configuration forgets nothing');
});

test('a limit of the route is shared by all clients, one of a client is his own', async () => {
  world.apply({ trustedProxies: ['127.0.0.1/32'] });
  const from = async (address: string): Promise<string> => {
    const { status, fields } = await ask('GET /', `X-Forwarded-For: ${address}\r\n`);
    return `${status} ${fields['ratelimit-policy']}`;
  };
  shape({ rateLimits: rateLimitsSchema.parse([{ name: 'all', per: 'route', requests: 2, window: '1h' }]) });
  assert.deepEqual(
    [await from('192.0.2.1'), await from('192.0.2.2'), await from('192.0.2.3')],
    ['200 "all";q=2;w=3600', '200 "all";q=2;w=3600', '429 "all";q=2;w=3600'],
  );
  shape({ rateLimits: rateLimitsSchema.parse([{ name: 'each', per: 'client', requests: 1, window: '1h' }]) });
  assert.match(await from('192.0.2.1'), /^200/);
  assert.match(await from('192.0.2.1'), /^429/);
  assert.match(await from('192.0.2.2'), /^200/, 'another client has his own');
  assert.match(await from('2001:db8::1'), /^200/);
  assert.match(await from('2001:db8::2'), /^429/, 'one IPv6 /64 is one client');
  world.apply({ trustedProxies: [] });
});

test('bytes that are held to a rate come whole, both ways', async () => {
  const size = 400_000;
  origin.answer = ({ body }) =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${String(body.length).padEnd(size, 'x')}`;
  shape({ bandwidth: bandwidthSchema.parse({ down: '512KiB', up: '512KiB', per: 'request' }) });
  const { body } = await ask('POST /', `Content-Length: ${size}\r\n`, 'y'.repeat(size));
  assert.equal(body.length, size);
  assert.match(body, /^400000x/);
});

test('a download at the least rate has its origin wait, while others get theirs', async () => {
  const size = 24 * 1024 * 1024;
  origin.answer = ({ requestLine }) =>
    requestLine.includes('/big')
      ? `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`
      : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  shape({ bandwidth: bandwidthSchema.parse({ down: '16KiB', per: 'request' }) });
  const client = await world.client();
  client.send('GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await eventually('the download has begun', () => client.text.length > 1000, 30_000);
  for (let i = 0; i < 5; i++) assert.equal((await ask('GET /small')).body, 'ok');
  assert.ok(client.text.length < size, 'the download is still held');
  client.close();
});

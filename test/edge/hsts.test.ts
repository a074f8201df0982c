// Strict-Transport-Security as a setting of a route, by a real edge: on every answer over TLS, on none over plain HTTP, and
// an origin that sends the field itself has the say.
import assert from 'node:assert/strict';
import { connect, type ClientHttp2Session } from 'node:http2';
import { after, before, test } from 'node:test';
import { defaultCompressionPolicy } from '#model/routes/compression-policy.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, type RawResponse, responsesOf, routeOf, startEdgeWorld } from './world.ts';

const value = 'max-age=31536000; includeSubDomains';

let origin: RecordingOrigin;
let world: EdgeWorld;
before(async () => {
  origin = await RecordingOrigin.start(({ requestLine }) =>
    requestLine.includes('/own')
      ? 'HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=0\r\nContent-Length: 2\r\n\r\nok'
      : `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3000\r\n\r\n${'ok '.repeat(1000)}`,
  );
  const ingress = ['a.test', 'b.test'].map((name) => `  - hostname: ${name}\n    service: ${origin.url}`);
  world = await startEdgeWorld({
    ingress: `${ingress.join('\n')}\n  - hostname: gone.test\n    service: http://127.0.0.1:1`,
    hosts: ['a.test', 'b.test', 'gone.test', 'shut.test'],
  });
  const route = (hostname: string) => routeOf(hostname, world.credentials);
  world.apply({
    routes: [
      { ...route('a.test'), hsts: value, compression: defaultCompressionPolicy },
      route('b.test'),
      { ...route('gone.test'), hsts: value },
      // A guard that nobody can make shuts the route; the promise must not open it.
      { ...route('shut.test'), hsts: value, access: 'private' },
    ],
  });
});
after(async () => {
  await world?.close();
  await origin?.close();
});

const promised = (answer: RawResponse | undefined): string | undefined =>
  answer!.fields['strict-transport-security'];

async function ask(host: string, path = '/', more = ''): Promise<RawResponse> {
  const [answer] = await world.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`, {
    serverName: host,
  });
  return answer!;
}

test('S0-19 answers over TLS carry the promise, those of other routes do not', async () => {
  const answer = await ask('a.test');
  assert.equal(answer.status, 200);
  assert.equal(promised(answer), value);
  assert.equal(answer.body, 'ok '.repeat(1000));
  assert.equal(promised(await ask('b.test')), undefined);
});

test('an answer that is compressed on its way carries it too, once', async () => {
  const client = await world.client();
  client.send('GET /x HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n');
  const [answer] = await responsesOf(client, 1);
  assert.equal(answer!.fields['content-encoding'], 'gzip');
  assert.equal(client.text.match(/strict-transport-security/gi)?.length, 1);
  client.close();
});

test("an origin's own word stands, alone", async () => {
  assert.equal(promised(await ask('a.test', '/own')), 'max-age=0');
});

test("errors of the edge's own carry it", async () => {
  const answer = await ask('gone.test');
  assert.equal(answer.status, 502);
  assert.equal(promised(answer), value);
});

test('a protected route that nobody can guard stays shut', async () => {
  const before = origin.requests.length;
  assert.equal((await ask('shut.test')).status, 403);
  assert.equal(origin.requests.length, before);
});

test('nothing of it goes over plain HTTP: not from a port that serves, not from one that redirects', async () => {
  for (const [port, status] of [
    [world.plainPort, 200],
    [world.httpPort, 308],
  ] as const) {
    const client = await world.plainClient(port);
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const [answer] = await responsesOf(client, 1);
    assert.equal(answer!.status, status);
    assert.equal(promised(answer), undefined);
  }
});

test('HTTP/2 clients read it too', async () => {
  const session = connect(`https://a.test:${world.port}`, { ca: world.ca, lookup: loopbackLookup });
  try {
    assert.equal((await headersOf(session))['strict-transport-security'], value);
  } finally {
    session.destroy();
  }
});

function headersOf(session: ClientHttp2Session): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':path': '/' });
    stream.on('response', (headers) => resolve(headers));
    stream
      .on('error', reject)
      .resume()
      .setTimeout(30_000, () => reject(new Error('no answer')));
  });
}

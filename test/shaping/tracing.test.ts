// Distributed tracing and request ids, through a real edge and connector: what origins are told, what is recorded and logged,
// by HTTP/1.1, HTTP/2 and WebSocket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { Span } from '#edge/tracing/span.ts';
import { traceSchema } from '#model/shaping/trace.ts';
import type { EdgeTracing } from '#model/edge-snapshot.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const sampled = `00-${traceId}-${parentId}-01`;
const unsampled = `00-${traceId}-${parentId}-00`;

let origin: RecordingOrigin;
let second: Http2Server;
let world: EdgeWorld;
const spans: Span[] = [];
const h2Requests: Record<string, string | string[] | undefined>[] = [];

before(async () => {
  origin = await RecordingOrigin.start();
  second = createServer({ settings: { enableConnectProtocol: true } });
  second.on('stream', (stream: ServerHttp2Stream, headers) => {
    h2Requests.push(headers as Record<string, string>);
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  second.listen(0, '127.0.0.1');
  await once(second, 'listening');
  const { port } = second.address() as AddressInfo;
  const ingress = [
    `  - hostname: a.test\n    service: ${origin.url}`,
    `  - hostname: b.test\n    service: h2c://127.0.0.1:${port}`,
    `  - hostname: dead.test\n    service: http://127.0.0.1:${await freePort()}`,
  ].join('\n');
  const hosts = ['a.test', 'b.test', 'dead.test'];
  world = await startEdgeWorld({ ingress, hosts, recordSpan: (span) => void spans.push(span) });
});
beforeEach(() => {
  origin.reset();
  spans.length = 0;
  h2Requests.length = 0;
});
after(async () => {
  await world?.close();
  await origin?.close();
  second?.close();
});

const all: EdgeTracing = { ratio: 1, trustFrom: [] };

/** Sends a request, and resolves with the fields of that name that the origin read. */
async function askedWith(lines: string, name: string, host = 'a.test'): Promise<string[]> {
  const before = origin.requests.length;
  await world.ask(`GET /x?secret=1 HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`);
  const request = origin.requests[before];
  return request!.fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
}

const spanOf = (kind: Span['kind']): Promise<Span> =>
  eventually(`a ${kind} span`, () => spans.find((span) => span.kind === kind));

test('without a word about tracing what a client sends passes untouched, and nothing is begun', async () => {
  world.apply({ tracing: undefined });
  assert.deepEqual(await askedWith(`traceparent: ${sampled}\r\ntracestate: a=1\r\n`, 'traceparent'), [
    sampled,
  ]);
  assert.deepEqual(await askedWith('', 'traceparent'), []);
  assert.deepEqual(spans, []);
});

test('a trace is begun: the origin is told of the try, which is a child of the request, and the log names the trace', async () => {
  world.apply({ tracing: all });
  const [told] = await askedWith('', 'traceparent');
  const [, trace, parent, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(01)$/.exec(told!) ?? [];
  const [client, server] = [await spanOf('client'), await spanOf('server')];
  assert.equal(flags, '01');
  assert.deepEqual([client.traceId, client.spanId, client.parentId], [trace!, parent!, server.spanId]);
  assert.deepEqual([server.traceId, server.parentId], [trace, '']);
  assert.equal(server.name, 'GET a.test');
  assert.equal(server.attributes['http.response.status_code'], 200);
  assert.equal(client.attributes['sallyport.service'], origin.url);
  assert.ok(client.startMs >= server.startMs && client.endMs <= server.endMs);
  assert.ok(!JSON.stringify(spans).includes('secret'), 'queries are in no span');
  await world.loggedLine('of the trace', (line) => line['trace'] === trace && trace !== undefined);
});

test('a trace is continued, tracestate with it; one that is not valid is begun anew', async () => {
  world.apply({ tracing: all });
  const lines = `traceparent: ${sampled}\r\ntracestate: a=1\r\nTraceState: b=2\r\n`;
  const [told] = await askedWith(lines, 'traceparent');
  assert.ok(told?.startsWith(`00-${traceId}-`) && !told.includes(parentId));
  const server = await spanOf('server');
  assert.deepEqual(
    [server.traceId, server.parentId, server.isParentRemote, server.state],
    [traceId, parentId, true, 'a=1,b=2'],
  );
  assert.deepEqual(await askedWith(lines, 'tracestate'), ['a=1,b=2']);
  for (const wrong of [
    `traceparent: ${sampled}x`,
    `traceparent: ${sampled}\r\ntraceparent: ${sampled}`,
    'traceparent: junk',
  ]) {
    const fields = await askedWith(`${wrong}\r\ntracestate: a=1\r\n`, 'traceparent');
    assert.equal(fields.length, 1, wrong);
    assert.ok(!fields[0]!.includes(traceId), wrong);
    assert.deepEqual(await askedWith(`${wrong}\r\ntracestate: a=1\r\n`, 'tracestate'), [], wrong);
  }
});

test('the ratio decides, a stranger cannot have himself recorded, and those who are trusted can', async () => {
  const flagOf = async (tracing: EdgeTracing, sent: string): Promise<string> => {
    world.apply({ tracing });
    const [told] = await askedWith(sent === '' ? '' : `traceparent: ${sent}\r\n`, 'traceparent');
    return told!.slice(-2);
  };
  assert.equal(await flagOf({ ratio: 0, trustFrom: [] }, ''), '00');
  assert.equal(await flagOf({ ratio: 0, trustFrom: [] }, sampled), '00');
  assert.equal(await flagOf({ ratio: 0, trustFrom: ['127.0.0.0/8'] }, sampled), '01');
  assert.equal(await flagOf({ ratio: 1, trustFrom: ['127.0.0.0/8'] }, unsampled), '00');
  const trace = (value: object): void => {
    const own = { ...routeOf('a.test', world.credentials), shaping: { trace: traceSchema.parse(value) } };
    world.apply({
      tracing: all,
      routes: world.snapshot.routes.map((route) => (route.hostname === 'a.test' ? own : route)),
    });
  };
  trace({ ratio: 0 });
  assert.equal((await askedWith('', 'traceparent'))[0]!.slice(-2), '00', 'a route has a ratio of its own');
  trace({ passOn: false });
  assert.deepEqual(
    await askedWith(`traceparent: ${sampled}\r\n`, 'traceparent'),
    [],
    'and may keep traces from its origin',
  );
  const plain = routeOf('a.test', world.credentials);
  world.apply({
    routes: world.snapshot.routes.map((route) => (route.hostname === 'a.test' ? plain : route)),
  });
});

test('a try that fails is said to have failed, with why', async () => {
  world.apply({ tracing: all });
  const [answer] = await world.ask('GET / HTTP/1.1\r\nHost: dead.test\r\n\r\n', { serverName: 'dead.test' });
  assert.equal(answer!.status, 502);
  const [client, server] = [await spanOf('client'), await spanOf('server')];
  assert.deepEqual([client.error, server.error], ['origin-refused', 'origin-refused']);
  assert.equal(server.attributes['error.type'], 'origin-refused');
  spans.length = 0;
  await world.ask('GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
  assert.equal(
    (await spanOf('server')).attributes['http.response.status_code'],
    404,
    'requests without a route, too',
  );
});

test('by HTTP/2 to an origin that speaks HTTP/2, and by WebSocket', async () => {
  world.apply({ tracing: all });
  const session = connect(`https://127.0.0.1:${world.port}`, { ca: world.ca, servername: 'b.test' });
  const stream = session.request({
    ':path': '/',
    ':authority': 'b.test',
    traceparent: sampled,
    tracestate: 'a=1',
  });
  stream.resume();
  await once(stream, 'end');
  session.close();
  const [asked] = h2Requests;
  assert.match(String(asked!['traceparent']), new RegExp(`^00-${traceId}-(?!${parentId})[0-9a-f]{16}-01$`));
  assert.equal(asked!['tracestate'], 'a=1');
  assert.equal((await spanOf('server')).attributes['network.protocol.version'], '2');

  origin.answer = () =>
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';
  const handshake = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
  const client = await world.client();
  client.send(`GET /ws HTTP/1.1\r\nHost: a.test\r\n${handshake}traceparent: ${sampled}\r\n\r\n`);
  await eventually('the upgrade', () => client.text.startsWith('HTTP/1.1 101'));
  const [, told] = origin.requests.at(-1)!.fields.find(([name]) => name === 'traceparent')!;
  assert.ok(told.startsWith(`00-${traceId}-`));
  client.close();
});

test('request ids: one of the edge by default, a trusted client keeps its own if it is fit to be one', async () => {
  const mine = 'X-Request-Id: abc-123.DEF\r\n';
  const [first] = await askedWith(mine, 'x-request-id');
  assert.notEqual(first, 'abc-123.DEF');
  world.apply({ requestIdsFrom: ['127.0.0.1/32'] });
  assert.deepEqual(await askedWith(mine, 'x-request-id'), ['abc-123.DEF']);
  await world.loggedLine('with the id', (line) => line['id'] === 'abc-123.DEF');
  const unfit = ['short', 'x'.repeat(65), 'a"b-12345', 'a b-12345', '<b>12345', ''];
  for (const text of unfit)
    assert.notDeepEqual(await askedWith(`X-Request-Id: ${text}\r\n`, 'x-request-id'), [text], text);
  const [made] = await askedWith(mine + mine, 'x-request-id');
  assert.notEqual(made, 'abc-123.DEF', 'two are none');
  world.apply({ requestIdsFrom: ['192.0.2.0/24'] });
  assert.notDeepEqual(await askedWith(mine, 'x-request-id'), ['abc-123.DEF']);
});

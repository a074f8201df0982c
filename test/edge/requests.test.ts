// The last requests and the live tail of a running edge: what the dashboard's Requests page stands on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LoggedRequest, loggedRequestSchema } from '#model/live/logged-request.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;

before(async () => {
  origin = await RecordingOrigin.start();
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test\n    service: ${origin.url}\n`,
    hosts: ['a.test'],
  });
});
after(async () => {
  await world.close();
  await origin.close();
});

const ask = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a.test\r\nUser-Agent: tester/1\r\n${more}Connection: close\r\n\r\n`;

test('a request is listed at once, with the times of its way in order, and without its query', async () => {
  await world.ask(ask('/first?token=secret'));
  const { requests } = world.edge;
  const request = await eventually('it is listed', () =>
    requests.list({ path: '/first' }, { limit: 5 }).items.at(0),
  );
  loggedRequestSchema.strict().parse(request);
  assert.equal(request.userAgent, 'tester/1');
  assert.ok(!JSON.stringify(request).includes('secret'));
  const { routedMs, openMs, firstByteMs, ms } = request;
  assert.ok(0 <= routedMs! && routedMs! <= openMs! && openMs! <= firstByteMs! && firstByteMs! <= ms);
  assert.deepEqual(requests.find(request.id), request);
});

test('a body shows when it had been sent on', async () => {
  await world.ask(
    'POST /upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody',
  );
  const request = await eventually('it is listed', () =>
    world.edge.requests.list({ method: 'POST' }, { limit: 1 }).items.at(0),
  );
  assert.ok(request.sentMs! >= request.routedMs!);
});

test('a tail sees what its filter takes, as it ends, and what never was a request, too', async () => {
  const seen: LoggedRequest[] = [];
  const stop = world.edge.requests.subscribe({ status: '4xx' }, (request) => seen.push(request));
  await world.ask(ask('/fine'));
  await world.ask('GET / HTTP/1.1\r\nHost: nowhere.test\r\nConnection: close\r\n\r\n');
  await world.ask('NONSENSE\r\n\r\n');
  await eventually('both were seen', () => seen.length === 2);
  stop();
  assert.deepEqual(
    seen.map(({ status, error }) => [status, error]),
    [
      [404, 'no-such-host'],
      [400, 'bad-request'],
    ],
  );
});

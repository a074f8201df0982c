// Origins that read no chunks (`disableChunkedEncoding`): a body of unknown length is gathered until its length is known.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { maxGatheredBytes } from '#edge/length-finder.ts';
import { eventually } from '../support/eventually.ts';
import { plainAnswer, RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;

before(async () => {
  origin = await RecordingOrigin.start();
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test
    service: ${origin.url}
    originRequest:
      disableChunkedEncoding: true`,
    hosts: ['a.test'],
  });
});
after(async () => {
  await world.close();
  await origin.close();
});
afterEach(async () => {
  origin.answer = plainAnswer;
  origin.reset();
  await world.settle();
});

const post = 'POST /form HTTP/1.1\r\nHost: a.test\r\n';

test('a chunked body reaches the origin with its length, without its chunks and trailers', async () => {
  const [response] = await world.ask(
    `${post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n`,
  );
  assert.equal(response!.status, 200);
  const { body, raw } = origin.requests[0]!;
  assert.equal(body, 'hello world');
  assert.match(raw, /\r\nContent-Length: 11\r\n/);
  assert.doesNotMatch(raw, /transfer-encoding|x-sum/i);
});

test('an empty one has length 0', async () => {
  const [response] = await world.ask(`${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
  assert.equal(response!.status, 200);
  assert.match(origin.requests[0]!.raw, /\r\nContent-Length: 0\r\n/);
});

test('nothing is sent before the body is whole, and a client that asks is told to go on', async () => {
  const client = await world.client();
  client.send(`${post}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
  await client.waitFor('HTTP/1.1 100 Continue\r\n\r\n');
  client.send('5\r\nhello\r\n');
  assert.equal(origin.requests.length, 0);
  client.send('0\r\n\r\n');
  const [response] = await responsesOf(client, 1);
  assert.equal(response!.status, 200);
  assert.equal(origin.requests[0]!.body, 'hello');
  assert.doesNotMatch(origin.requests[0]!.raw, /expect:/i);
});

test('requests one after another on one connection stay apart', async () => {
  const chunked = (text: string): string =>
    `${post}Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const responses = await world.ask(chunked('one') + chunked('three') + chunked('seven'), { count: 3 });
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(
    origin.requests.map(({ body }) => body),
    ['one', 'three', 'seven'],
  );
});

test('a body that is known passes at any size; an unknown one beyond the limit is answered 411', async () => {
  const large = 'x'.repeat(maxGatheredBytes + 1);
  const known = await world.ask(`${post}Content-Length: ${large.length}\r\n\r\n${large}`);
  assert.equal(known[0]!.status, 200);
  const fits = large.slice(1);
  const gathered = await world.ask(
    `${post}Transfer-Encoding: chunked\r\n\r\n${fits.length.toString(16)}\r\n${fits}\r\n0\r\n\r\n`,
  );
  assert.equal(gathered[0]!.status, 200);
  assert.equal(origin.requests.at(-1)!.body.length, maxGatheredBytes);
  const before = origin.requests.length;
  const refused = await world.ask(
    `${post}Transfer-Encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
  );
  assert.equal(refused[0]!.status, 411);
  assert.equal(refused[0]!.fields['x-sallyport-error'], 'length-required');
  assert.equal(origin.requests.length, before);
});

test('a client that leaves in the midst of its body leaves nothing behind', async () => {
  const client = await world.client();
  client.send(`${post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
  await eventually('it is under way', () => world.metric('sallyport_edge_requests_active') === 1);
  client.close();
  await eventually('it is over', () => world.metric('sallyport_edge_requests_active') === 0);
  assert.equal(origin.requests.length, 0);
});

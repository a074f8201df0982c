// Many who ask the same at once: one question to the origin, each gets an answer, nobody waits for somebody else's private
// one, and nobody's leaving or slowness is another's loss.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerText, type CacheWorld, counting, requestText, startCacheWorld } from './cache-world.ts';
import { eventually } from '../support/eventually.ts';
import type { RawConnection } from '../support/raw-client.ts';
import type { RecordedConnection } from '../support/recording-origin.ts';

let world: CacheWorld;
before(async () => void (world = await startCacheWorld({ maxObjectBytes: 4 << 20 })));
after(() => world.close());

/** Sends the same question `count` times and waits until all of them have reached the edge. */
async function crowd(path: string, count: number, others = 0): Promise<RawConnection[]> {
  const clients: RawConnection[] = [];
  await eventually('what was before is over', () => world.edge.active === others);
  for (let i = 0; i < count; i++) {
    const client = await world.open();
    client.send(requestText(path));
    clients.push(client);
    await eventually('the request is under way', () => world.edge.active === others + i + 1);
  }
  return clients;
}

/** An origin that answers when it is told to. */
function onDemand(): {
  waiting: RecordedConnection[];
  /** The edge knows of a request before the origin does. */
  asked: (count?: number) => Promise<RecordedConnection>;
  answer: (bytes: string | Buffer) => void;
} {
  const waiting: RecordedConnection[] = [];
  world.origin.answer = (_request, connection) => {
    waiting.push(connection);
    return undefined;
  };
  return {
    waiting,
    asked: async (count = 1) => {
      await eventually(`the origin is asked ${count} times`, () => waiting.length === count);
      return waiting[0]!;
    },
    answer: (bytes) =>
      void waiting.shift()!.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
  };
}

/** Goes away so that the edge knows; over plain TCP a mere FIN could be a client that still reads. */
function leave({ socket }: RawConnection): void {
  socket.resetAndDestroy();
}

async function bodies(clients: readonly RawConnection[]): Promise<string[]> {
  await eventually('all are answered', () => clients.every(({ end }) => end !== 'open'));
  return clients.map(({ text }) => text.slice(text.indexOf('\r\n\r\n') + 4));
}

test('a hundred who ask for a new page at once make one request', async () => {
  await world.begin(counting({}));
  const { asked, answer } = onDemand();
  const clients = await crowd('/new', 100);
  await asked();
  answer(answerText({ 'Cache-Control': 'max-age=60' }, 'page'));
  assert.deepEqual(new Set(await bodies(clients)), new Set(['page']));
  assert.equal(world.asked.length, 1);
  assert.equal(clients.filter(({ text }) => text.includes('collapsed')).length, 99);
});

test('what turns out to be private lets all go on at once, and is not waited for again', async () => {
  await world.begin(counting({}));
  const { asked, answer } = onDemand();
  const clients = await crowd('/private', 3);
  await asked();
  answer(answerText({ 'Cache-Control': 'private' }, 'one'));
  await asked(2);
  answer(answerText({ 'Cache-Control': 'private' }, 'two'));
  answer(answerText({ 'Cache-Control': 'private' }, 'three'));
  assert.deepEqual((await bodies(clients)).toSorted(), ['one', 'three', 'two']);
  const more = await crowd('/private', 2);
  await asked(2);
  answer(answerText({}, 'x'));
  answer(answerText({}, 'y'));
  await bodies(more);
});

test('who asked first may leave: another asks in his place, or the answer under way goes on', async () => {
  await world.begin(counting({}));
  const { waiting, asked, answer } = onDemand();
  const before = await crowd('/short', 3);
  await asked();
  leave(before[0]!);
  await asked(2);
  waiting.shift();
  answer(answerText({ 'Cache-Control': 'max-age=60' }, 'page'));
  assert.deepEqual(await bodies(before.slice(1)), ['page', 'page']);

  const during = await crowd('/long', 3);
  const origin = (await asked()).socket;
  answer('HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n01234');
  await during[0]!.waitFor('01234');
  leave(during[0]!);
  await eventually('he is gone', () => world.edge.active === 2);
  origin.write('56789');
  assert.deepEqual(await bodies(during.slice(1)), ['0123456789', '0123456789']);
  assert.equal(await world.see('/long'), 'HIT 0123456789');
});

test('who comes while the body is coming in gets what is there and then the rest', async () => {
  await world.begin(counting({}));
  const { asked, answer } = onDemand();
  const [first] = await crowd('/coming', 1);
  const origin = (await asked()).socket;
  answer('HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n');
  await first!.waitFor('01234');
  const [second] = await crowd('/coming', 1, 1);
  await second!.waitFor('01234');
  origin.write('5\r\n56789\r\n0\r\n\r\n');
  const texts = await bodies([first!, second!]);
  for (const text of texts) assert.match(text, /01234[^]*56789[^]*\r\n0\r\n\r\n$/);
  assert.equal(world.asked.length, 1);
  assert.equal(await world.see('/coming'), 'HIT 0123456789');
});

test('nobody waits longer than his route allows', async () => {
  await world.begin(counting({}), { collapseWait: '100ms' });
  const { asked, answer } = onDemand();
  const clients = await crowd('/slow', 2);
  // The second has lost his patience.
  await asked(2);
  answer(answerText({}, 'a'));
  answer(answerText({}, 'b'));
  assert.deepEqual((await bodies(clients)).toSorted(), ['a', 'b']);
});

test('an expired page is asked about once, and everybody gets the answer', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=1', ETag: '"v"' }));
  await world.ask('/expired');
  world.pass(5);
  const { asked, answer } = onDemand();
  const clients = await crowd('/expired', 5);
  await asked();
  answer('HTTP/1.1 304 X\r\nETag: "v"\r\nCache-Control: no-cache\r\n\r\n');
  assert.deepEqual(new Set(await bodies(clients)), new Set(['1']));
  assert.equal(world.asked.length, 2);
});

test('a client that does not read holds nobody up', async () => {
  const body = Buffer.alloc(3 << 20, 'x');
  await world.begin(() =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: ${body.length}\r\n\r\n`),
      body,
    ]),
  );
  const slow = await world.open();
  slow.socket.pause();
  slow.send(requestText('/big'));
  await eventually('it is answered', () => world.asked.length === 1);
  const other = await world.ask('/big');
  assert.equal(other.body.length, body.length);
  assert.equal(world.asked.length, 1);
  slow.socket.resume();
  await slow.waitForClose();
  assert.ok(slow.received.length > body.length);
});

test('a body of unknown length that grows too large is passed on to its end, and not kept', async () => {
  const piece = Buffer.alloc(1 << 20, 'y');
  await world.begin((_request, { socket }) => {
    socket.write('HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\n');
    for (let i = 0; i < 12; i++) socket.write(piece);
    socket.end();
    return undefined;
  });
  const answer = await world.ask('/endless', { fields: {} });
  assert.equal(answer.body.length, 12 << 20);
  assert.equal(world.cache.entryCount, 0);
  assert.ok(world.cache.memoryBytes < 1 << 20);
});

test('a long answer that nobody reads any more is given up, a short one is finished', async () => {
  await world.begin(counting({}));
  const { asked, answer } = onDemand();
  const [reader] = await crowd('/film', 1);
  const origin = (await asked()).socket;
  answer(`HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: ${3 << 20}\r\n\r\nbegin`);
  await reader!.waitFor('begin');
  leave(reader!);
  await eventually('the origin is let go', () => origin.destroyed || origin.closed);
  assert.equal(world.cache.entryCount, 0);

  const [hasty] = await crowd('/page', 1);
  const second = (await asked()).socket;
  answer('HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\n01234');
  await hasty!.waitFor('01234');
  leave(hasty!);
  await eventually('he is gone', () => world.edge.active === 0);
  second.write('56789');
  await eventually('it is kept', () => world.cache.entryCount === 1);
  assert.equal(await world.see('/page'), 'HIT 0123456789');
});

test('an origin that fails lets nobody wait in vain, and what comes after it is asked for anew', async () => {
  await world.begin(() => 'nonsense\r\n\r\n');
  const failed = await Promise.all(Array.from({ length: 20 }, () => world.ask('/')));
  assert.deepEqual([...new Set(failed.map(({ status }) => status))], [502]);
  assert.ok(world.asked.length <= 40, `${world.asked.length} requests, each at most tried twice`);
  assert.equal(world.cache.entryCount, 0);
  world.origin.answer = counting({ 'Cache-Control': 'max-age=60' });
  assert.deepEqual([await world.see('/'), await world.see('/')], ['MISS 1', 'HIT 1']);
});

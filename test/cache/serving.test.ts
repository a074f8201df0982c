// What clients get from the cache, and what the origin hears of it: hits, conditions, ranges, HEAD, stale answers, changes.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { answerText, type CacheWorld, counting, requestText, startCacheWorld } from './cache-world.ts';
import { eventually } from '../support/eventually.ts';

let world: CacheWorld;
before(async () => void (world = await startCacheWorld()));
after(() => world.close());

describe('a page with a lifetime', () => {
  beforeEach(() => world.begin(counting({ 'Cache-Control': 's-maxage=10', ETag: '"v"' })));

  test('S3-23 is kept for it, and asked for again after it', async () => {
    assert.deepEqual(
      [await world.see('/'), await world.see('/'), await world.see('/?q')],
      ['MISS 1', 'HIT 1', 'MISS 2'],
    );
    world.pass(11);
    assert.equal(await world.see('/'), 'EXPIRED 3');
    assert.equal(world.lastRequest.fields.find(([name]) => name === 'If-None-Match')?.[1], '"v"');
  });

  test('S3-24 says HIT the second time to `curl -I` too, whose HEAD makes the edge fetch the page', async () => {
    assert.equal((await world.ask('/', { method: 'HEAD' })).fields['cf-cache-status'], 'MISS');
    await world.quiet();
    const second = await world.ask('/', { method: 'HEAD' });
    assert.equal(second.fields['cf-cache-status'], 'HIT');
    assert.equal(second.fields['content-length'], '1');
    assert.deepEqual(world.asked, ['HEAD /', 'GET /']);
  });

  test('says 304 to a client that has it, without asking', async () => {
    await world.ask('/');
    const answer = await world.ask('/', { fields: { 'If-None-Match': 'W/"v"' } });
    assert.equal(answer.status, 304);
    assert.equal(answer.fields['etag'], '"v"');
    assert.equal(answer.fields['content-length'], undefined);
    assert.deepEqual(world.asked, ['GET /']);
  });

  test('shows its age and counts it down', async () => {
    await world.ask('/');
    world.pass(4);
    const { fields } = await world.ask('/');
    const age = Number(fields['age']);
    assert.ok(age >= 4 && age < 10, String(age));
    assert.match(fields['cache-status']!, /^sallyport; hit; ttl=[0-5]$/);
  });

  test('is void after a change at its address, or at one that the answer to the change names', async () => {
    await world.ask('/');
    await world.ask('/other');
    await world.ask('/', { method: 'POST', body: 'x' });
    assert.equal(await world.see('/'), 'MISS 4');
    world.origin.answer = () =>
      answerText({ 'Content-Location': '/other', Location: 'http://b.test/' }, 'moved', 201);
    await world.ask('/elsewhere', { method: 'PUT', body: 'x' });
    world.origin.answer = () => answerText({}, 'new');
    assert.equal(await world.see('/other'), 'DYNAMIC new');
  });

  test('stands after a change that failed', async () => {
    await world.ask('/');
    world.origin.answer = () => answerText({}, 'no', 500);
    await world.ask('/', { method: 'DELETE' });
    assert.equal(await world.see('/'), 'HIT 1');
  });
});

test('an answer that the origin confirms is kept on, with the fields of the 304', async () => {
  await world.begin((request) =>
    request.fields.some(([name]) => name === 'If-None-Match')
      ? 'HTTP/1.1 304 Not Modified\r\nETag: "v"\r\nX-Round: 2\r\nCache-Control: max-age=60\r\n\r\n'
      : answerText({ 'Cache-Control': 'max-age=1', ETag: '"v"', 'X-Round': '1' }, 'body'),
  );
  await world.ask('/');
  world.pass(5);
  const confirmed = await world.ask('/');
  assert.deepEqual(
    [confirmed.status, confirmed.body, confirmed.fields['cf-cache-status'], confirmed.fields['x-round']],
    [200, 'body', 'REVALIDATED', '2'],
  );
  world.pass(30);
  assert.equal(await world.see('/'), 'HIT body');
  assert.equal(world.asked.length, 2);
});

test('a 304 for another validator than was asked about is not believed', async () => {
  await world.begin((request) =>
    request.fields.some(([name]) => name === 'If-None-Match')
      ? 'HTTP/1.1 304 Not Modified\r\nETag: "w"\r\n\r\n'
      : answerText({ 'Cache-Control': 'max-age=1', ETag: '"v"' }, 'body'),
  );
  await world.ask('/');
  world.pass(5);
  assert.equal(await world.see('/'), 'MISS body');
  assert.equal(world.asked.length, 3);
  assert.equal(world.cache.flights.size, 0, 'nobody waits for a question that has been answered');
});

describe('ranges', () => {
  const digits = '0123456789';
  const fields = { 'Cache-Control': 'max-age=60', ETag: '"v"' };

  test('are served from the whole', async () => {
    await world.begin(() => answerText(fields, digits));
    await world.ask('/');
    const ask = async (range: string, more = {}): Promise<unknown[]> => {
      const answer = await world.ask('/', { fields: { Range: range, ...more } });
      return [answer.status, answer.fields['content-range'], answer.body];
    };
    assert.deepEqual(await ask('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
    assert.deepEqual(await ask('bytes=-3'), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await ask('bytes=8-99'), [206, 'bytes 8-9/10', '89']);
    assert.deepEqual(await ask('bytes=10-'), [416, 'bytes */10', '']);
    assert.deepEqual(await ask('bytes=0-1,4-5'), [200, undefined, digits]);
    assert.deepEqual(await ask('bytes=2-4', { 'If-Range': '"v"' }), [206, 'bytes 2-4/10', '234']);
    assert.deepEqual(await ask('bytes=2-4', { 'If-Range': '"w"' }), [200, undefined, digits]);
    assert.equal(world.asked.length, 1);
  });

  test('are kept as they come, and serve ranges inside them', async () => {
    await world.begin(
      () =>
        `HTTP/1.1 206 X\r\nCache-Control: max-age=60\r\nETag: "v"\r\nContent-Range: bytes 4-7/10\r\nContent-Length: 4\r\n\r\n4567`,
    );
    const ask = async (range: string): Promise<string> => {
      const answer = await world.ask('/', { fields: { Range: range } });
      return `${answer.fields['cf-cache-status']} ${answer.fields['content-range']} ${answer.body}`;
    };
    assert.equal(await ask('bytes=4-7'), 'MISS bytes 4-7/10 4567');
    assert.equal(await ask('bytes=5-6'), 'HIT bytes 5-6/10 56');
    assert.equal(await ask('bytes=3-6'), 'MISS bytes 4-7/10 4567');
  });

  test('that are the whole serve as the whole', async () => {
    await world.begin(
      () =>
        `HTTP/1.1 206 X\r\nCache-Control: max-age=60\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n${digits}`,
    );
    assert.equal((await world.ask('/', { fields: { Range: 'bytes=0-' } })).status, 206);
    const whole = await world.ask('/');
    assert.deepEqual([whole.status, whole.body, whole.fields['content-range']], [200, digits, undefined]);
    assert.equal(whole.fields['cf-cache-status'], 'HIT');
  });

  test('that contradict themselves are passed on and not kept', async () => {
    await world.begin(
      () =>
        `HTTP/1.1 206 X\r\nCache-Control: max-age=60\r\nContent-Range: bytes 0-9/20\r\nContent-Length: 3\r\n\r\n012`,
    );
    assert.equal(await world.see('/', { fields: { Range: 'bytes=0-9' } }), 'BYPASS 012');
    assert.equal(world.cache.entryCount, 0);
  });
});

describe('S3-22 when something behind the edge fails', () => {
  test('a stale page stands in for an origin that is away, unless it must be confirmed', async () => {
    await world.begin(counting({ 'Cache-Control': 'max-age=1' }));
    await world.ask('/');
    world.origin.answer = (_request, { socket }) => void socket.destroy();
    world.pass(60);
    const answer = await world.ask('/');
    assert.deepEqual([answer.status, answer.body, answer.fields['cf-cache-status']], [200, '1', 'STALE']);
    assert.match(answer.fields['cache-status']!, /^sallyport; fwd=stale; ttl=-\d+$/);
    world.pass(90_000);
    assert.equal((await world.ask('/')).status, 502);

    await world.begin(counting({ 'Cache-Control': 'max-age=1, must-revalidate' }));
    await world.ask('/');
    world.origin.answer = (_request, { socket }) => void socket.destroy();
    world.pass(60);
    assert.equal((await world.ask('/')).status, 502);
  });

  test('stale-if-error hides a 5xx for as long as it says', async () => {
    await world.begin(counting({ 'Cache-Control': 's-maxage=1, stale-if-error=60' }));
    await world.ask('/');
    world.origin.answer = () => answerText({}, 'broken', 503);
    world.pass(30);
    const answer = await world.ask('/');
    assert.deepEqual([answer.status, answer.body], [200, '1']);
    assert.match(answer.fields['cache-status']!, /fwd=stale; fwd-status=503/);
    world.pass(60);
    assert.equal((await world.ask('/')).status, 503);
  });

  test('the whole home away: what is stored is served while no connector is there', async () => {
    await world.begin(counting({ 'Cache-Control': 's-maxage=5, stale-if-error=3600' }));
    await world.ask('/');
    for (const connector of world.edge.connectors.splice(0)) await connector.close();
    await eventually('the tunnel is gone', () => world.edge.edge.tunnelConnections().length === 0);
    assert.equal(await world.see('/'), 'HIT 1');
    world.pass(60);
    assert.equal(await world.see('/'), 'STALE 1');
    assert.equal((await world.ask('/other')).status, 530);
    await world.edge.connect();
  });

  test('an answer that is cut off is not kept, and what was stored before comes back', async () => {
    await world.begin(counting({ 'Cache-Control': 'max-age=1' }));
    await world.ask('/');
    world.pass(5);
    world.origin.answer = (_request, { socket }) => {
      socket.write('HTTP/1.1 200 X\r\nCache-Control: max-age=1\r\nContent-Length: 100\r\n\r\nhalf', () =>
        socket.destroy(),
      );
      return undefined;
    };
    const client = await world.open();
    client.send(requestText('/'));
    await client.waitForClose();
    assert.match(client.text, /half$/);
    world.origin.answer = (_request, { socket }) => void socket.destroy();
    assert.equal(await world.see('/'), 'STALE 1');
  });
});

test('stale-while-revalidate answers at once and refreshes behind the client', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=1, stale-while-revalidate=60', ETag: '"v"' }));
  await world.ask('/');
  world.pass(10);
  assert.equal(await world.see('/'), 'UPDATING 1');
  await world.quiet();
  assert.equal(await world.see('/'), 'HIT 2');
  assert.deepEqual(world.asked, ['GET /', 'GET /']);
});

test('no-cache is kept and asked about each time', async () => {
  await world.begin((request) =>
    request.fields.some(([name]) => name === 'If-None-Match')
      ? 'HTTP/1.1 304 Not Modified\r\nETag: "v"\r\n\r\n'
      : answerText({ 'Cache-Control': 'no-cache', ETag: '"v"' }, 'body'),
  );
  assert.deepEqual(
    [await world.see('/'), await world.see('/'), await world.see('/')],
    ['MISS body', 'REVALIDATED body', 'REVALIDATED body'],
  );
});

test('each variant is kept for those who ask for it', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }));
  const see = (language: string): Promise<string> =>
    world.see('/', { fields: { 'Accept-Language': language } });
  assert.deepEqual(
    [await see('de'), await see('en'), await see('DE'), await see('en'), await world.see('/')],
    ['MISS 1', 'MISS 2', 'HIT 1', 'HIT 2', 'MISS 3'],
  );
});

test('only-if-cached asks for what is stored or nothing', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  const fields = { 'Cache-Control': 'only-if-cached' };
  assert.equal((await world.ask('/', { fields })).status, 504);
  await world.ask('/');
  assert.equal(await world.see('/', { fields }), 'HIT 1');
});

test('rules: a path is kept without a word from the origin, another never, a query does not matter', async () => {
  await world.begin(counting({}), {
    rules: [
      { when: { path: ['/blog/*'] }, defaultTtl: '1m', query: { drop: ['utm_*'] } },
      { when: { cookie: ['session'] }, bypass: true },
      { when: { status: [404] }, defaultTtl: '10s' },
    ],
  });
  assert.deepEqual(
    [await world.see('/blog/a?utm_x=1'), await world.see('/blog/a?utm_x=2')],
    ['MISS 1', 'HIT 1'],
  );
  assert.equal(world.lastRequest.requestLine, 'GET /blog/a HTTP/1.1');
  assert.equal(await world.see('/blog/a', { fields: { Cookie: 'session=1' } }), 'DYNAMIC 2');
  assert.equal(await world.see('/'), 'DYNAMIC 3');
  world.origin.answer = () => answerText({}, 'gone', 404);
  assert.deepEqual([await world.see('/x'), await world.see('/x')], ['MISS gone', 'HIT gone']);
});

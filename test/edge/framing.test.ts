// HTTP/1.1 through the whole data path: which bytes reach the origin, which come back, and where one message ends.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { RecordingOrigin, plainAnswer } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;

before(async () => {
  origin = await RecordingOrigin.start();
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test\n    service: ${origin.url}\n`,
    hosts: ['a.test'],
  });
});
afterEach(async () => {
  origin.answer = plainAnswer;
  origin.reset();
  await world.settle();
});
after(async () => {
  await world.close();
  await origin.close();
});

describe('requests', () => {
  test('many on one connection use one stream to the origin', async () => {
    const client = await world.client();
    for (let i = 1; i <= 5; i++) {
      client.send(`GET /${i} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      const responses = await responsesOf(client, i);
      assert.equal(responses.at(-1)!.body, 'ok');
    }
    assert.equal(origin.connections.length, 1);
    assert.deepEqual(
      origin.requests.map(({ requestLine }) => requestLine),
      [1, 2, 3, 4, 5].map((i) => `GET /${i} HTTP/1.1`),
    );
  });

  test('in one packet are answered in order, local errors among them', async () => {
    origin.answer = ({ requestLine }) => {
      const path = requestLine.split(' ')[1]!;
      return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
    };
    const responses = await world.ask(
      'GET /one HTTP/1.1\r\nHost: a.test\r\n\r\n' +
        'GET /two HTTP/1.1\r\nHost: nowhere.test\r\n\r\n' +
        'POST /three HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc' +
        'POST /four HTTP/1.1\r\nHost: nowhere.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' +
        'GET /five HTTP/1.1\r\nHost: a.test\r\n\r\n',
      { count: 5 },
    );
    assert.deepEqual(
      responses.map(({ status, fields, body }) => fields['x-sallyport-error'] ?? `${status} ${body}`),
      ['200 /one', 'no-such-host', '200 /three', 'no-such-host', '200 /five'],
    );
  });

  test('in one packet: an error in the second does not take the answer to the first away', async () => {
    const client = await world.client();
    client.send('GET /one HTTP/1.1\r\nHost: a.test\r\n\r\nGET /two HTTP/1.1\r\nHost : a.test\r\n\r\n');
    const [first, second] = await responsesOf(client, 2);
    assert.equal(first!.status, 200);
    assert.equal(second!.status, 400);
    assert.equal(await client.waitForClose(), 'closed');
  });

  test('an empty POST with Content-Length: 0 ends, is logged and frees its stream', async () => {
    const client = await world.client();
    client.send('POST /empty HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n');
    await responsesOf(client, 1);
    client.send('GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await responsesOf(client, 2);
    assert.equal(world.active, 0);
    assert.equal(origin.connections.length, 1);
    assert.match(origin.requests[0]!.raw, /\r\nContent-Length: 0\r\n/);
  });

  test('a client that half-closes plain TCP still gets every answer', async () => {
    const client = await world.plainClient(world.plainPort);
    client.send(
      'GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n' +
        'GET /3 HTTP/1.1\r\nHost: a.test\r\n\r\n',
    );
    client.socket.end();
    const responses = await responsesOf(client, 3);
    assert.equal(responses.length, 3);
    assert.equal(await client.waitForClose(), 'closed');
  });

  test('split at every byte are read the same', async () => {
    const bytes =
      '\r\nPOST /split HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n';
    for (const at of [1, 2, 3, bytes.indexOf('\r\n\r\n', 2) + 1, bytes.indexOf('\r\n\r\n', 2) + 2]) {
      for (const end of [at, at + 1, at + 2]) {
        const client = await world.client();
        client.send(bytes.slice(0, end));
        await new Promise((resolve) => setImmediate(resolve));
        client.send(bytes.slice(end));
        const [response] = await responsesOf(client, 1);
        assert.equal(response!.status, 200, `split at ${end}`);
        client.close();
      }
    }
    const client = await world.client();
    for (const byte of bytes) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await responsesOf(client, 1);
    assert.ok(origin.requests.every(({ body }) => body === 'abc'));
  });

  test('OPTIONS * is answered here, and its body is not taken for a request', async () => {
    const client = await world.client();
    client.send(
      'OPTIONS * HTTP/1.1\r\nHost: a.test\r\nContent-Length: 38\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n' +
        'GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n',
    );
    const responses = await responsesOf(client, 2);
    assert.equal(responses.length, 2);
    assert.equal(responses[0]!.fields['allow']?.includes('GET'), true);
    assert.deepEqual(
      origin.requests.map(({ requestLine }) => requestLine),
      ['GET /next HTTP/1.1'],
    );
  });

  for (const method of ['CONNECT', 'TRACE']) {
    test(`${method} is refused and the connection closed`, async () => {
      const client = await world.client();
      const target = method === 'CONNECT' ? 'a.test:443' : '/';
      client.send(
        `${method} ${target} HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n`,
      );
      const [response] = await responsesOf(client, 1);
      assert.equal(response!.status, 405);
      assert.ok(response!.fields['allow']);
      assert.equal(await client.waitForClose(), 'closed');
      assert.equal(origin.requests.length, 0);
    });
  }

  test('in absolute form go where they say, if Host says the same', async () => {
    await world.ask('GET https://A.test:8443/x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal(origin.requests[0]!.requestLine, 'GET /x?y=1 HTTP/1.1');
    const [refused] = await world.ask('GET http://other.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal(refused!.status, 400);
  });

  test('chunked bodies pass with their trailers, both ways', async () => {
    origin.answer = () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n';
    const client = await world.client();
    client.send(
      'POST /t HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '4;ext="q"\r\nbody\r\n0\r\nX-Check: 42\r\nX-Real-IP: 6.6.6.6\r\n\r\n',
    );
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.body, 'hello');
    assert.match(client.text, /\r\n0\r\nX-Sum: 7\r\n\r\n$/);
    const got = origin.requests[0]!;
    assert.equal(got.body, 'body');
    assert.match(got.raw, /\r\n0\r\nX-Check: 42\r\n\r\n$/);
    assert.doesNotMatch(got.raw, /ext|6\.6\.6\.6/);
  });
});

describe('responses', () => {
  test('end by length, by chunks or by the close of the connection', async () => {
    origin.answer = ({ requestLine }, { socket }) => {
      if (requestLine.includes('length')) return 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
      if (requestLine.includes('chunk'))
        return 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n';
      socket.end('HTTP/1.1 200 OK\r\n\r\nhello');
      return undefined;
    };
    const client = await world.client();
    for (const [i, path] of ['length', 'chunk', 'close', 'length'].entries()) {
      client.send(`GET /${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      const responses = await responsesOf(client, i + 1);
      assert.equal(responses.at(-1)!.body, 'hello', path);
    }
  });

  test('to HTTP/1.0 clients have no chunks and close unless asked to stay', async () => {
    origin.answer = ({ requestLine }) =>
      requestLine.includes('chunk')
        ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const client = await world.client();
    client.send('GET /a HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n');
    const [first] = await responsesOf(client, 1);
    assert.equal(first!.fields['connection'], 'keep-alive');
    client.send('GET /chunk HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n');
    assert.equal(await client.waitForClose(), 'closed');
    assert.match(client.text, /Connection: close\r\n\r\nhello$/);
    assert.doesNotMatch(client.text, /Transfer-Encoding/);
    assert.equal(origin.requests[0]!.requestLine, 'GET /a HTTP/1.1');
  });

  test('of an HTTP/1.0 origin end by close, and its stream is not used again', async () => {
    origin.answer = (_request, { socket }) => void socket.end('HTTP/1.0 200 OK\r\n\r\nold') as undefined;
    const client = await world.client();
    client.send('GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await responsesOf(client, 1);
    client.send('GET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const responses = await responsesOf(client, 2);
    assert.deepEqual(
      responses.map(({ body }) => body),
      ['old', 'old'],
    );
    assert.equal(origin.connections.length, 2);
  });

  test('to HEAD, 204 and 304 have no body, and what they say of its length stays', async () => {
    origin.answer = ({ requestLine }) => {
      if (requestLine.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n';
      if (requestLine.includes('204')) return 'HTTP/1.1 204 No Content\r\n\r\n';
      return 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 99\r\n\r\n';
    };
    const client = await world.client();
    client.send('HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.match(await client.waitFor('\r\n\r\n'), /Content-Length: 1234\r\n/);
    client.send('GET /204 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const noContent = await client.waitFor(/204 .*\r\n\r\n$/s);
    assert.doesNotMatch(noContent.slice(noContent.indexOf(' 204 ')), /Content-Length|Transfer/);
    client.send('GET /304 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.match(
      await client.waitFor(/304 .*\r\n\r\n$/s),
      /ETag: "x"\r\n(?:[\w-]+: .*\r\n)*Content-Length: 99\r\n/,
    );
    assert.equal(origin.connections.length, 1);
  });

  test('with interim ones before them pass in order', async () => {
    origin.answer = () =>
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n' +
      'HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const client = await world.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await responsesOf(client, 1);
    assert.match(client.text, /^HTTP\/1\.1 103 .*a\.css.*HTTP\/1\.1 103 .*b\.css.*HTTP\/1\.1 200 /s);
    const old = await world.client();
    old.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
    assert.equal(await old.waitForClose(), 'closed');
    assert.match(old.text, /^HTTP\/1\.1 200 /);
  });

  for (const [name, head] of [
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
    ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a body by length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ] as const) {
    test(`bytes after ${name} are never the answer to the next request, pipelined or not`, async () => {
      const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Poison: 1\r\n\r\npoisoned';
      origin.answer = ({ requestLine }) =>
        requestLine.includes('/first') ? head + poison : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean';
      const method = name === 'HEAD' ? 'HEAD' : 'GET';
      const client = await world.client();
      client.send(
        `${method} /first HTTP/1.1\r\nHost: a.test\r\n\r\nGET /second HTTP/1.1\r\nHost: a.test\r\n\r\n`,
      );
      await client.waitFor('clean');
      client.send('GET /third HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.waitFor(/clean.*clean/s);
      assert.doesNotMatch(client.text, /poison/i);
      assert.equal(origin.connections.length, 2);
    });
  }
});

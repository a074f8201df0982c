// RFC 9931: a client that asks for an upgrade and does not wait for the answer must not get what it sent after the
// request read as the next request, whatever the origin answers and however late.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Demo, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { openRaw, type RawConnection } from '../support/raw-client.ts';
import { plainAnswer, RecordingOrigin } from '../support/recording-origin.ts';

const host = 'old.localhost';

let origin: RecordingOrigin;
let demo: Demo;

before(async () => {
  origin = await RecordingOrigin.start();
  demo = await startDemo({ services: { [host]: origin.url } });
});
afterEach(() => {
  origin.answer = plainAnswer;
  origin.reset();
});
after(async () => {
  await demo.close();
  await origin.close();
});

/** Each is the start of something that a careless reader takes for a request. */
const pipelined = {
  'a request': `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  'a request with a body': `POST /smuggled HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\n\r\nbody`,
  'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a WebSocket frame': '\x81\x85\x00\x00\x00\x00hello',
};
const answers = {
  '200 with a body': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno',
  '200 in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
  '400': 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n',
  '426':
    'HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n',
  '204': 'HTTP/1.1 204 No Content\r\n\r\n',
  '304': 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
};

async function ask(upgrade: string, rest: string): Promise<RawConnection> {
  const client = await openRaw({ port: demo.httpsPort, tls: { serverName: host, ca: demo.ca } });
  client.send(
    `GET /up HTTP/1.1\r\nHost: ${host}:${demo.httpsPort}\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${rest}`,
  );
  return client;
}

describe('an upgrade that the origin refuses', () => {
  for (const [name, answer] of Object.entries(answers)) {
    for (const [what, rest] of Object.entries(pipelined)) {
      test(`with ${name}: ${what} sent after it is no request, and the connection closes`, async () => {
        origin.answer = () => answer;
        const client = await ask('websocket', rest);
        await client.waitForClose();
        assert.equal(client.text.match(/HTTP\/1\.1 \d{3}/g)?.length, 1, client.text);
        assert.ok(client.text.startsWith(answer.slice(0, 12)), client.text);
        assertOnlyTheUpgrade(rest);
      });
    }
  }

  test('late: bytes sent while it thinks are no request either', async () => {
    origin.answer = (_request, { socket }) => {
      setTimeout(() => socket.write(answers['200 with a body']), 150);
      return undefined;
    };
    const client = await ask('websocket', '');
    await eventually('the origin has the request', () => origin.requests.length === 1);
    client.send(pipelined['a request']);
    await client.waitForClose();
    assert.equal(client.text.match(/HTTP\/1\.1 \d{3}/g)?.length, 1);
    assertOnlyTheUpgrade(pipelined['a request']);
  });

  test('of a protocol that the edge does not pass on: what follows is no request', async () => {
    const client = await ask('h2c', pipelined['a request']);
    await client.waitForClose();
    assert.equal(client.text.match(/HTTP\/1\.1 \d{3}/g)?.length, 1);
    assertOnlyTheUpgrade(pipelined['a request']);
    assert.doesNotMatch(origin.connections[0]!.raw, /upgrade/i);
  });
});

describe('an upgrade that the origin accepts late', () => {
  test('early bytes reach it after its 101 and as they are', async () => {
    let rawAtAnswer = '';
    origin.answer = ({ requestLine }, connection) => {
      // Bytes that come before the 101 would be read as a second request here.
      if (!requestLine.includes('/up')) return undefined;
      setTimeout(() => {
        rawAtAnswer = connection.raw;
        connection.socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        );
      }, 150);
      return undefined;
    };
    const early = pipelined['a request'];
    const client = await ask('websocket', early);
    await client.waitFor('101');
    await eventually('the early bytes arrive', () => origin.connections[0]!.raw.endsWith(early));
    assert.ok(!rawAtAnswer.includes('smuggled'), 'bytes went before the origin had agreed');
    assert.equal(origin.connections.length, 1);
    client.close();
  });
});

/** The origin saw the upgrade request and not a byte of what came after it. */
function assertOnlyTheUpgrade(rest: string): void {
  const raw = origin.connections.map((connection) => connection.raw).join('');
  assert.equal(origin.requests.length, 1, raw);
  assert.ok(!raw.includes(rest) && !raw.includes('smuggled'), raw);
}

// Responses compressed on their way and in the cache: what clients get is what the origin sent, in the coding they asked
// for, at once, and nothing that must not be touched is.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:http2';
import { brotliDecompressSync, createGunzip, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import type { RawConnection } from '../support/raw-client.ts';
import { answerText, type Asked, type CacheWorld, requestText, startCacheWorld } from './cache-world.ts';

let world: CacheWorld;
before(async () => void (world = await startCacheWorld()));
after(() => world.close());

const text = Array.from({ length: 400 }, (_, i) => `<p>Line ${i} of a page that repeats itself.</p>`).join(
  '\n',
);
const html = { 'Content-Type': 'text/html; charset=utf-8', ETag: '"v"' };
const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

function decoded({ fields, body }: { fields: Readonly<Record<string, string>>; body: string }): string {
  const decode = decoders[fields['content-encoding'] ?? ''];
  const bytes = Buffer.from(body, 'latin1');
  return (decode ? decode(bytes) : bytes).toString('latin1');
}

const accepts = (coding: string, more: Asked['fields'] = {}): Asked => ({
  fields: { 'Accept-Encoding': coding, ...more },
});

for (const cache of ['off', 'on'] as const) {
  describe(`with the cache ${cache}`, () => {
    const begin = async (answer: Parameters<CacheWorld['begin']>[0]): Promise<void> => {
      await world.begin(answer);
      world.setPolicy(cache === 'off' ? 'off' : {}, {});
    };
    const kept: Readonly<Record<string, string>> = cache === 'on' ? { 'Cache-Control': 'max-age=60' } : {};

    test('each coding is the page, smaller, under a weak tag and Vary', async () => {
      await begin(() => answerText({ ...html, ...kept, 'Accept-Ranges': 'bytes' }, text));
      for (const [wish, coding] of [
        ['zstd', 'zstd'],
        ['br', 'br'],
        ['gzip, deflate', 'gzip'],
        ['br, gzip, zstd', 'zstd'],
      ] as const) {
        const answer = await world.ask('/', accepts(wish));
        assert.equal(answer.fields['content-encoding'], coding);
        assert.equal(answer.fields['etag'], 'W/"v"');
        assert.match(answer.fields['vary']!, /Accept-Encoding/);
        assert.equal(answer.fields['accept-ranges'], undefined);
        assert.ok(answer.body.length < text.length / 5);
        assert.equal(decoded({ ...answer, body: answer.body }), text);
      }
      const plain = await world.ask('/');
      assert.deepEqual(
        [plain.body, plain.fields['etag'], plain.fields['vary'], plain.fields['content-encoding']],
        [text, '"v"', 'Accept-Encoding', undefined],
      );
    });

    test('a HEAD says what a GET would', async () => {
      await begin(
        () => `HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: ${text.length}\r\n\r\n`,
      );
      const answer = await world.ask('/', { method: 'HEAD', ...accepts('br') });
      assert.equal(answer.fields['content-encoding'], 'br');
      assert.equal(answer.fields['content-length'], undefined);
    });

    test('what is compressed, partial, sealed, small, not text, or not to be touched stays as it is', async () => {
      const zipped = gzipSync(text).toString('latin1');
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string, number]> = [
        [{ ...html, 'Content-Encoding': 'gzip' }, zipped, 200],
        [{ ...html, 'Content-Range': `bytes 0-${text.length - 1}/99999` }, text, 206],
        [{ ...html, 'Content-Digest': 'sha-256=:x:' }, text, 200],
        [html, 'short', 200],
        [{ 'Content-Type': 'image/png' }, text, 200],
        [{ 'Content-Type': 'application/grpc' }, text, 200],
        [{ ...html, 'Cache-Control': 'no-transform' }, text, 200],
        [{}, text, 200],
      ];
      for (const [i, [fields, body, status]] of cases.entries()) {
        world.origin.answer = () => answerText(fields, body, status);
        const answer = await world.ask(`/${i}`, accepts('br'));
        assert.equal(answer.body, body, String(i));
        assert.equal(answer.fields['content-encoding'], fields['Content-Encoding'], String(i));
      }
      world.origin.answer = () => answerText({ ...html, ...kept }, text);
      assert.equal((await world.ask('/t', accepts('br', { 'Cache-Control': 'no-transform' }))).body, text);
    });

    test('what trickles in is passed on as it comes, and ends where it ends', async () => {
      let connection: { socket: { write: (text: string) => void } } | undefined;
      await begin((_request, asked) => {
        connection = asked;
        return `HTTP/1.1 200 X\r\nContent-Type: text/plain\r\n${cache === 'on' ? 'Cache-Control: max-age=60\r\n' : ''}Transfer-Encoding: chunked\r\n\r\n`;
      });
      const client = await world.open();
      client.send(requestText('/trickle', accepts('gzip')));
      await eventually('it is asked', () => connection);
      for (const word of ['one ', 'two ', 'three ']) {
        connection!.socket.write(`${word.length.toString(16)}\r\n${word}\r\n`);
        await eventually(`"${word}" has come`, async () => (await partly(client)).endsWith(word));
      }
      connection!.socket.write('0\r\n\r\n');
      await client.waitForClose();
      assert.equal(await partly(client), 'one two three ');
    });

    test('events are never held back by a coder', async () => {
      await begin((_request, { socket }) => {
        socket.write(
          'HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
        );
        return undefined;
      });
      const client = await world.open();
      client.send(requestText('/events', accepts('br, gzip, zstd')));
      await client.waitFor('data: 1');
      assert.doesNotMatch(client.text, /content-encoding/i);
      client.close();
    });

    test('a long body that is cut off at the origin is cut off at the client', async () => {
      await begin((_request, { socket }) => {
        socket.write(
          `HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 999999\r\n\r\n${text}`,
          () => socket.destroy(),
        );
        return undefined;
      });
      const client = await world.open();
      client.send(requestText('/cut', accepts('br')));
      await client.waitForClose();
      assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
    });

    test('many megabytes arrive whole over HTTP/2, at the pace of the reader', async () => {
      const large = text.repeat(200);
      await begin(() => answerText({ ...html, ...kept }, large));
      const session = connect(`https://127.0.0.1:${world.edge.port}`, {
        ca: world.edge.ca,
        servername: 'a.test',
      });
      const stream = session.request({
        ':path': '/large',
        ':authority': 'a.test',
        'accept-encoding': 'gzip',
      });
      const chunks: Buffer[] = [];
      for await (const chunk of stream.pipe(createGunzip())) chunks.push(chunk as Buffer);
      session.close();
      assert.equal(Buffer.concat(chunks).toString('latin1'), large);
    });
  });
}

/** What a client has of a gzip body so far, decoded. */
async function partly({ text: received }: RawConnection): Promise<string> {
  const body = received.slice(received.indexOf('\r\n\r\n') + 4);
  let bytes = '';
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = parseInt(body.slice(at, lineEnd), 16);
    if (!(size > 0)) break;
    bytes += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  const gunzip = createGunzip();
  let out = '';
  gunzip.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
  gunzip.on('error', () => undefined);
  await new Promise((resolve) => gunzip.write(Buffer.from(bytes, 'latin1'), resolve));
  return out;
}

test('what is kept is compressed once, for all who come after, and its hits have a length', async () => {
  await world.begin(() => answerText({ ...html, 'Cache-Control': 'max-age=60' }, text));
  world.setPolicy({}, {});
  const first = await world.ask('/', accepts('br'));
  assert.equal(first.fields['cf-cache-status'], 'MISS');
  assert.equal(decoded({ ...first }), text);
  const second = await world.ask('/', accepts('br'));
  assert.equal(second.fields['cf-cache-status'], 'HIT');
  assert.equal(second.fields['content-length'], String(second.body.length));
  assert.equal(decoded(second), text);
  // Ranges are of the page, not of its coding.
  const part = await world.ask('/', accepts('br', { Range: 'bytes=3-8' }));
  assert.deepEqual(
    [part.status, part.body, part.fields['content-encoding']],
    [206, text.slice(3, 9), undefined],
  );
  const same = await world.ask('/', accepts('br', { 'If-None-Match': 'W/"v"' }));
  assert.deepEqual([same.status, same.fields['etag']], [304, 'W/"v"']);
  assert.equal(world.asked.length, 1);
});

test('S3-3 BREACH: a page that may hold a secret is compressed only when no other site caused the request', async () => {
  await world.begin(() => answerText(html, text), 'off');
  world.setPolicy('off', {});
  const coding = async (fields: Asked['fields']): Promise<string | undefined> =>
    (await world.ask('/', accepts('br', fields))).fields['content-encoding'];
  assert.equal(await coding({}), 'br');
  assert.equal(await coding({ Cookie: 'sid=1' }), undefined);
  assert.equal(await coding({ Cookie: 'sid=1', 'Sec-Fetch-Site': 'cross-site' }), undefined);
  assert.equal(await coding({ Cookie: 'sid=1', 'Sec-Fetch-Site': 'same-origin' }), 'br');
  world.origin.answer = () => answerText({ ...html, 'Cache-Control': 'public, max-age=60' }, text);
  assert.equal(await coding({ Cookie: 'sid=1' }), 'br');
});

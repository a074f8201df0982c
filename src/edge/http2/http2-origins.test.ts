import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, test } from 'node:test';
import { ListFields } from '#http/list-fields.ts';
import { until } from '#testkit/http2-front-world.ts';
import type { StreamDuplex } from '#tunnel/stream-duplex.ts';
import { Recorder, withOrigin } from '#testkit/http2-origin-world.ts';

describe('an HTTP/2 origin', () => {
  test('gets the request in canonical form with the edge’s fields, and its answer comes back', () =>
    withOrigin(
      (stream, headers) => {
        stream.respond({ ':status': 200, 'content-length': 5, 'x-got': JSON.stringify(headers) });
        stream.end('hello');
      },
      async ({ start }) => {
        const list = ['Accept', '*/*', 'Cookie', 'a=1'];
        const side = start(new Recorder({ list, acceptsTrailers: true } as never));
        await until(() => side.isEnded);
        assert.equal(side.text, 'hello');
        assert.equal(side.bodyKind, 'length 5');
        assert.equal(side.opened, 1);
        const got = JSON.parse(side.fields['x-got']!) as Record<string, string>;
        assert.equal(got[':path'], '/path?q');
        assert.equal(got[':authority'], 'a.test');
        assert.equal(got[':scheme'], 'http');
        assert.equal(got['x-forwarded-for'], '192.0.2.1');
        assert.equal(got.te, 'trailers');
        assert.equal(got.cookie, 'a=1');
      },
    ));

  test('serves many requests in one session and is let go when idle', () =>
    withOrigin(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end('x');
      },
      async ({ start, sessions, streams, origins }) => {
        for (let round = 0; round < 3; round++) {
          const sides = Array.from({ length: 20 }, () => start(new Recorder()));
          await until(() => sides.every((side) => side.isEnded));
        }
        assert.equal(sessions.length, 1);
        assert.equal(streams.length, 1);
        origins.sweep(1_000);
        assert.equal(origins.sessionCount, 1);
        origins.sweep(7_000);
        assert.equal(origins.sessionCount, 0);
        await until(() => !streams[0]!.isOpen);
      },
    ));

  test('gets a second session when the first is full', () =>
    withOrigin(
      () => {},
      async ({ start, streams }) => {
        const sides = Array.from({ length: 150 }, () => start(new Recorder()));
        await until(() => streams.length === 2);
        for (const side of sides) side.upstream!.abort('enough');
      },
    ));

  test('gets a fresh session after the rules have changed', () =>
    withOrigin(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end();
      },
      async ({ start, streams, pool }) => {
        const first = start(new Recorder());
        await until(() => first.isEnded);
        pool.retire();
        const second = start(new Recorder());
        await until(() => second.isEnded);
        assert.equal(streams.length, 2);
      },
    ));

  test('is let go at once, busy sessions at their end, when the connection drains', () => {
    const held: ServerHttp2Stream[] = [];
    return withOrigin(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.write('x');
        held.push(stream);
      },
      async ({ start, streams, pool, origins }) => {
        const side = start(new Recorder());
        await until(() => side.text === 'x');
        pool.retire();
        origins.sweep(0);
        assert.ok(streams[0]!.isOpen, 'what is under way goes on');
        for (const stream of held) stream.end();
        await until(() => side.isEnded && !streams[0]!.isOpen);
        const second = start(new Recorder());
        await until(() => held.length === 2);
        held[1]!.end();
        await until(() => second.isEnded);
        pool.retire();
        origins.sweep(0);
        await until(() => !streams[1]!.isOpen);
      },
    );
  });

  test('streams both ways with trailers both ways', () =>
    withOrigin(
      (stream) => {
        stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true });
        let received = '';
        stream.on('trailers', (trailers) => (received = String(trailers['x-check'])));
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': received }));
        stream.pipe(stream);
      },
      async ({ start }) => {
        const side = start(new Recorder({ method: 'POST', bodyKind: 'chunked' }));
        await until(() => side.status === 200);
        side.upstream!.writeBody(Buffer.from('one '));
        await until(() => side.text === 'one ');
        side.upstream!.writeBody(Buffer.from('two'));
        side.upstream!.endBody(new ListFields(['X-Check', '7']));
        await until(() => side.isEnded);
        assert.equal(side.text, 'one two');
        assert.equal(side.trailers?.get('x-sum'), '7');
      },
    ));

  test('may answer with trailers only, as gRPC does', () =>
    withOrigin(
      (stream) => stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true }),
      async ({ start }) => {
        const side = start(new Recorder({ method: 'POST', bodyKind: 'chunked' }));
        side.upstream!.endBody(null);
        await until(() => side.isEnded);
        assert.equal(side.fields['grpc-status'], '5');
        assert.equal(side.bodyKind, 'length 0');
      },
    ));

  test('has its interim responses passed on', () =>
    withOrigin(
      (stream) => {
        stream.additionalHeaders({ ':status': 103, link: '</a>' });
        stream.respond({ ':status': 204 });
        stream.end();
      },
      async ({ start }) => {
        const side = start(new Recorder());
        await until(() => side.isEnded);
        assert.deepEqual(side.informed, [103]);
        assert.equal(side.status, 204);
      },
    ));

  test('waits while nobody takes its bytes', () =>
    withOrigin(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.end(Buffer.alloc(20_000_000));
      },
      async ({ start }) => {
        const side = new Recorder();
        side.hasRoom = false;
        start(side);
        await until(() => side.chunks.length === 1);
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.ok(side.chunks.length < 3);
        side.hasRoom = true;
        side.upstream!.downstreamDrained();
        await until(() => side.isEnded, 10_000);
        assert.equal(
          side.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
          20_000_000,
        );
      },
    ));

  test('holds an upload back while it does not read', () =>
    withOrigin(
      (stream) =>
        setTimeout(
          () => stream.resume().on('end', () => stream.respond({ ':status': 200 }, { endStream: true })),
          100,
        ),
      async ({ start }) => {
        const side = start(new Recorder({ method: 'POST', bodyKind: 'chunked' }));
        let sent = 0;
        while (side.upstream!.writeBody(Buffer.alloc(65_536)) && sent < 50_000_000) sent += 65_536;
        assert.ok(sent < 10_000_000, `${sent} bytes taken`);
        await until(() => side.drains > 0);
        side.upstream!.endBody(null);
        await until(() => side.isEnded);
      },
    ));
});

describe('a broken HTTP/2 origin', () => {
  for (const code of [0, 2, 8, 11]) {
    test(`that resets mid-body with code ${code} is never taken for a whole answer`, () =>
      withOrigin(
        (stream) => {
          stream.respond({ ':status': 200 }, { waitForTrailers: true });
          stream.write('half', () => stream.close(code));
        },
        async ({ start, streams }) => {
          const side = start(new Recorder());
          await until(() => side.failure !== undefined || side.isEnded);
          assert.equal(side.isEnded, false);
          assert.equal(side.failure?.http2Code, code);
          const next = start(new Recorder());
          await until(() => next.failure !== undefined);
          assert.equal(streams.length, 1, 'the session serves on');
        },
      ));
  }

  test('that refuses a stream lets the exchange try again, on another session', () =>
    withOrigin(
      (stream) => stream.close(7),
      async ({ start, streams }) => {
        const side = start(new Recorder());
        await until(() => side.lost !== undefined);
        assert.equal(side.lost, 'stream-limit');
        start(new Recorder());
        assert.equal(streams.length, 2);
      },
    ));

  test('that says GOAWAY gets no new requests and finishes the old', () => {
    let held: ServerHttp2Stream | undefined;
    return withOrigin(
      (stream, headers) => {
        if (headers[':path'] === '/slow?q') held = stream;
        else stream.respond({ ':status': 200 }, { endStream: true });
      },
      async ({ start, sessions, streams }) => {
        const slow = start(new Recorder({ path: '/slow' }));
        await until(() => held !== undefined);
        sessions[0]!.close();
        // As an exchange does whose request crossed the GOAWAY.
        let next = start(new Recorder());
        await until(() => {
          if (next.lost === 'stream-limit') next = start(new Recorder());
          return next.isEnded;
        });
        assert.equal(streams.length, 2);
        assert.equal(slow.isEnded, false);
        held!.respond({ ':status': 200 }, { endStream: true });
        await until(() => slow.isEnded);
      },
    );
  });

  test('that dies before the answer is told apart from one that answers badly', () =>
    withOrigin(
      (stream) => stream.session!.destroy(),
      async ({ start, streams }) => {
        const side = start(new Recorder());
        await until(() => side.lost !== undefined || side.failure !== undefined);
        assert.equal(side.lost, 'origin-closed');
        start(new Recorder());
        assert.equal(streams.length, 2);
      },
    ));

  test('that does not speak HTTP/2 fails the request', () =>
    withOrigin(
      () => {},
      async ({ start, server }) => {
        server.removeAllListeners('connection');
        server.on('connection', (socket) => {
          socket.on('error', () => {});
          socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
        });
        const side = start(new Recorder());
        await until(() => side.lost !== undefined || side.failure !== undefined);
        assert.equal(side.isEnded, false);
      },
    ));

  test('behind a stream that the connector resets is reported in the tunnel’s words', () =>
    withOrigin(
      () => {},
      async ({ start, streams }) => {
        const side = start(new Recorder());
        (streams[0]!.handler as StreamDuplex).onReset('origin-refused', 'no listener');
        await until(() => side.lost !== undefined);
        assert.equal(side.lost, 'origin-refused');
      },
    ));

  test('hears RST_STREAM(CANCEL), and no end of the body, when the client goes away', () =>
    withOrigin(
      (stream) => {
        stream.respond({ ':status': 200 });
        stream.on('data', () => {});
        // Had the body been ended, the origin would see PROTOCOL_ERROR for its length instead.
        stream.on('close', () => seen.push(`${stream.aborted} ${stream.rstCode}`));
      },
      async ({ start }) => {
        const side = start(new Recorder({ method: 'POST', bodyKind: 'length', contentLength: 100 }));
        side.upstream!.writeBody(Buffer.from('part'));
        await until(() => side.status === 200);
        side.upstream!.abort('the client went away');
        await until(() => seen.length > 0);
        assert.deepEqual(seen.splice(0), ['true 8']);
        assert.equal(side.failure, undefined);
      },
    ));
  const seen: string[] = [];
});

describe('a WebSocket to an HTTP/2 origin', () => {
  test('becomes an extended CONNECT and carries raw bytes both ways', () =>
    withOrigin(
      (stream, headers) => {
        stream.respond({ ':status': headers[':protocol'] === 'websocket' ? 200 : 400 });
        stream.pipe(stream);
      },
      async ({ start }) => {
        const list = ['Sec-WebSocket-Key', 'abc', 'Sec-WebSocket-Version', '13'];
        const side = start(new Recorder({ upgrade: 'websocket', list } as never));
        await until(() => side.isSwitched);
        assert.equal(side.status, 101);
        side.upstream!.writeBody(Buffer.from('ping'));
        await until(() => side.text === 'ping');
        side.upstream!.endBody(null);
        await until(() => side.isEnded);
      },
    ));
});

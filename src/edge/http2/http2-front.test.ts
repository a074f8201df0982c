import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { OutgoingHttpHeaders } from 'node:http2';
import { failure } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { frameFlags, frameTypes, getBlock, headerBlock } from '#testkit/http2-frames.ts';
import {
  answer,
  fetchOver,
  frontWorld,
  readAnswer,
  responseHead,
  until,
} from '#testkit/http2-front-world.ts';
import type { FrontWorld, FrontWorldOptions } from '#testkit/http2-front-world.ts';

async function withWorld(
  options: FrontWorldOptions,
  run: (world: FrontWorld) => Promise<void>,
): Promise<void> {
  const world = await frontWorld(options);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** What the upstream would send to an HTTP/1.1 origin. */
function endToEnd(world: FrontWorld, index = 0): string {
  const out = Buffer.alloc(65_536);
  return out.toString('latin1', 0, world.upstreams[index]!.request.fields.writeEndToEnd(out, 0));
}

describe('a request over HTTP/2', () => {
  test('reaches the upstream in canonical form and its answer comes back', () =>
    withWorld({}, async (world) => {
      const session = await world.client();
      const view = await fetchOver(session, { ':authority': 'A.TEST.:443', ':path': '/a/./b/%7Euser?q=1' });
      assert.equal(view.headers[':status'], 200);
      assert.equal(view.headers['content-length'], '5');
      assert.equal(view.body, 'hello');
      const { request } = world.upstreams[0]!;
      assert.equal(request.host, 'a.test');
      assert.equal(request.authority, 'a.test:443');
      assert.equal(request.path, '/a/b/~user');
      assert.equal(request.query, '?q=1');
      assert.equal(request.bodyKind, 'none');
      assert.equal(request.client.serverName, 'a.test');
    }));

  test('joins cookie crumbs and leaves out what may not be forwarded', () =>
    withWorld({}, async (world) => {
      const session = await world.client();
      await fetchOver(session, {
        cookie: ['a=1', 'b=2', 'c=3'],
        'x-forwarded-for': '6.6.6.6',
        x_forwarded_for: '6.6.6.6',
        'x-real-ip': '6.6.6.6',
        'proxy-authorization': 'Basic eDp5',
        te: 'trailers',
        accept: '*/*',
      });
      assert.equal(endToEnd(world), 'accept: */*\r\ncookie: a=1; b=2; c=3\r\n');
      assert.equal(world.upstreams[0]!.request.fields.get('cookie'), 'a=1; b=2; c=3');
      assert.equal(world.upstreams[0]!.request.acceptsTrailers, true);
    }));

  const asRead: ReadonlyArray<readonly [string, OutgoingHttpHeaders, readonly [string, string, string]]> = [
    ['Host and :authority that differ', { host: 'b.test' }, ['GET', 'a.test', '/x']],
    ['a path that cannot be read', { ':path': '/a\\b' }, ['GET', 'a.test', '']],
    ['a name that is none', { ':authority': 'a..test' }, ['GET', '', '/x']],
    ['a method that is none', { ':method': 'get' }, ['', 'a.test', '/x']],
    ['a method that is not served', { ':method': 'TRACE' }, ['TRACE', 'a.test', '/x']],
    ['a header that is too large', { x: 'a'.repeat(17_000) }, ['GET', 'a.test', '/x']],
    [
      'too many fields',
      Object.fromEntries(Array.from({ length: 140 }, (_, i) => [`x-${i}`, 'a'])),
      ['GET', 'a.test', '/x'],
    ],
  ];
  for (const [what, headers, expected] of asRead) {
    test(`with ${what} is named in the log as far as it could be read`, () =>
      withWorld({}, async (world) => {
        const session = await world.client();
        await fetchOver(session, { ':authority': 'a.test', ':path': '/x', ...headers });
        const [request] = world.refused;
        assert.deepEqual([request?.method, request?.host, request?.path], expected);
      }));
  }

  const refusals: ReadonlyArray<readonly [string, OutgoingHttpHeaders, number]> = [
    ['host and :authority that differ', { host: 'b.test' }, 400],
    [':scheme http on TLS', { ':scheme': 'http' }, 400],
    ['a fragment in the path', { ':path': '/a#b' }, 400],
    ['a fragment in the query', { ':path': '/a?b#c' }, 400],
    ['a backslash in the path', { ':path': '/a\\b' }, 400],
    ['an escaped NUL', { ':path': '/a%00b' }, 400],
    ['an authority that is no name', { ':authority': 'a..test' }, 400],
    ['a lower-case method', { ':method': 'get' }, 400],
    ['CONNECT', { ':method': 'CONNECT' }, 405],
    ['TRACE', { ':method': 'TRACE' }, 405],
    ['an expectation nobody knows', { expect: 'a-pony' }, 417],
    ['a long target', { ':path': `/${'a'.repeat(9_000)}` }, 414],
    ['a header that is too large', { x: 'a'.repeat(17_000) }, 431],
    ['too many fields', Object.fromEntries(Array.from({ length: 140 }, (_, i) => [`x-${i}`, 'a'])), 431],
    ['extended CONNECT for something else', { ':method': 'CONNECT', ':protocol': 'connect-udp' }, 501],
  ];
  for (const [what, headers, status] of refusals) {
    test(`with ${what} is answered ${status} and goes nowhere`, () =>
      withWorld({}, async (world) => {
        const session = await world.client();
        const view = await fetchOver(session, headers);
        assert.equal(view.headers[':status'], status);
        assert.equal(world.upstreams.length, 0);
        assert.equal((await fetchOver(session, {})).body, 'hello');
      }));
  }

  test('for a host the connection was not made for is answered 421', () =>
    withWorld({ isMisdirected: (name, host) => name === 'a.test' && host === 'b.test' }, async (world) => {
      const session = await world.client();
      assert.equal((await fetchOver(session, { ':authority': 'b.test' })).headers[':status'], 421);
      assert.equal((await fetchOver(session, {})).headers[':status'], 200);
    }));

  test('is read by the limits in force when its connection was made', () =>
    withWorld({}, async (world) => {
      const before = await world.client();
      world.front.apply({ headBytes: 16_384, headFields: 128, targetBytes: 20, maxStreams: 7, upgrades: [] });
      const after = await world.client();
      assert.equal(after.remoteSettings.maxConcurrentStreams, 7);
      const longTarget = { ':path': `/${'a'.repeat(30)}` };
      assert.equal((await fetchOver(after, longTarget)).headers[':status'], 414);
      assert.equal((await fetchOver(before, longTarget)).headers[':status'], 200);
    }));

  test('OPTIONS * is answered by the edge itself', () =>
    withWorld({}, async (world) => {
      const session = await world.client();
      const view = await fetchOver(session, { ':method': 'OPTIONS', ':path': '*' });
      assert.equal(view.headers[':status'], 200);
      assert.equal(world.upstreams.length, 0);
    }));
});

describe('a response over HTTP/2', () => {
  test('loses hop-by-hop fields, those Connection names, and words in the edge’s name', () =>
    withWorld(
      {
        script: ({ down }) => {
          const fields = [
            'Connection',
            'X-Hop, close',
            'X-Hop',
            '1',
            'Keep-Alive',
            'timeout=5',
            'X-Sallyport-Error',
            'x',
          ];
          fields.push(
            'Transfer-Encoding',
            'chunked',
            'Set-Cookie',
            'a=1',
            'Set-Cookie',
            'b=2',
            'X-Stays',
            'yes',
          );
          down.respond(responseHead(200, fields));
          down.end(null);
        },
      },
      async (world) => {
        const { headers } = await fetchOver(await world.client(), {});
        assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
        assert.equal(headers['x-stays'], 'yes');
        for (const name of ['connection', 'x-hop', 'keep-alive', 'transfer-encoding', 'x-sallyport-error']) {
          assert.equal(headers[name], undefined, name);
        }
      },
    ));

  test('to HEAD keeps the length and sends no body', () =>
    withWorld(
      {
        script: ({ down }) => {
          down.respond(responseHead(200, [], { kind: 'none', length: 1234 }));
          down.end(null);
        },
      },
      async (world) => {
        const view = await fetchOver(await world.client(), { ':method': 'HEAD' });
        assert.equal(view.headers['content-length'], '1234');
        assert.equal(view.body, '');
      },
    ));

  for (const status of [204, 304]) {
    test(`${status} ends with its head`, () =>
      withWorld(
        {
          script: ({ down }) => {
            down.respond(responseHead(status, ['etag', '"x"'], { kind: 'none' }));
            down.end(null);
          },
        },
        async (world) => {
          const view = await fetchOver(await world.client(), {});
          assert.equal(view.headers[':status'], status);
          assert.equal(view.headers.etag, '"x"');
        },
      ));
  }

  test('has its interim responses passed on', () =>
    withWorld(
      {
        script: (upstream) => {
          upstream.down.inform(
            responseHead(103, ['link', '</a.css>; rel=preload', 'link', '</b.css>; rel=preload']),
          );
          if (upstream.request.expectsContinue) upstream.down.inform(responseHead(100, [], { kind: 'none' }));
          upstream.onChange = () => {
            if (upstream.isEnded) answer(upstream.down, upstream.body);
          };
        },
      },
      async (world) => {
        const session = await world.client();
        const stream = session.request({ ':authority': 'a.test', ':method': 'POST', expect: '100-continue' });
        const hints: unknown[] = [];
        stream.on('headers', (headers) => hints.push(headers[':status'], headers.link));
        stream.on('continue', () => stream.end('body'));
        assert.equal((await readAnswer(stream)).body, 'body');
        assert.deepEqual(hints.slice(0, 2), [103, '</a.css>; rel=preload, </b.css>; rel=preload']);
      },
    ));

  test('carries trailers where the client asked for them', () =>
    withWorld(
      {
        script: ({ down }) => {
          down.respond(responseHead(200, ['trailer', 'x-sum']));
          down.body(Buffer.from('data'));
          down.end(new ListFields(['X-Sum', 'abc']));
        },
      },
      async (world) => {
        const view = await fetchOver(await world.client(), { te: 'trailers' });
        assert.equal(view.body, 'data');
        assert.equal(view.trailers?.['x-sum'], 'abc');
      },
    ));

  test('with a status that HTTP/2 cannot say is answered 502', () =>
    withWorld({ script: ({ down }) => down.respond(responseHead(999, [])) }, async (world) => {
      const view = await fetchOver(await world.client(), {});
      assert.equal(view.headers[':status'], 502);
      assert.equal(view.headers['x-sallyport-error'], 'origin-protocol');
      await until(() => world.upstreams[0]!.abortReason !== undefined);
    }));

  test('of the edge itself keeps its mark', () =>
    withWorld(
      {
        script: ({ down }) => {
          const fields = new ListFields(['X-Sallyport-Error', 'no-connector']);
          down.respond({ status: 530, fields, bodyKind: 'length', contentLength: 0 });
          down.end(null);
        },
      },
      async (world) => {
        const session = await world.client();
        const plain = await fetchOver(session, {});
        assert.equal(plain.headers[':status'], 530);
        assert.equal(plain.headers['x-sallyport-error'], 'no-connector');
        const grpc = await fetchOver(session, { ':method': 'POST', 'content-type': 'application/grpc' }, 'x');
        assert.equal(grpc.headers[':status'], 200);
        assert.equal(grpc.headers['grpc-status'], '14');
      },
    ));
});

describe('bodies over HTTP/2', () => {
  test('stream to the upstream with their trailers', () =>
    withWorld(
      {
        script: (upstream) => {
          upstream.onChange = () => {
            if (upstream.isEnded)
              answer(upstream.down, `${upstream.body} ${upstream.trailers?.get('x-sum')}`);
          };
        },
      },
      async (world) => {
        const session = await world.client();
        const stream = session.request(
          { ':authority': 'a.test', ':method': 'POST' },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', x_sum: 'dropped' }));
        stream.end('data');
        assert.equal((await readAnswer(stream)).body, 'data abc');
        assert.equal(world.upstreams[0]!.request.bodyKind, 'chunked');
      },
    ));

  test('wait while the upstream has no room, within the stream’s window', () =>
    withWorld({ script: (upstream) => (upstream.hasRoom = false) }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      stream.on('error', () => {});
      stream.end(Buffer.alloc(8_000_000));
      await until(() => world.upstreams[0]?.chunks.length === 1);
      const [upstream] = world.upstreams;
      const before = upstream!.receivedBytes;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(upstream!.receivedBytes, before);
      upstream!.hasRoom = true;
      upstream!.down.upstreamDrained();
      await until(() => upstream!.isEnded);
      assert.equal(upstream!.receivedBytes, 8_000_000);
      answer(upstream!.down, 'ok');
      assert.equal((await readAnswer(stream)).body, 'ok');
    }));

  test('stop their origin while the client does not read', () =>
    withWorld({ script: ({ down }) => down.respond(responseHead(200, [])) }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test' });
      await once(stream, 'response');
      stream.pause();
      const [upstream] = world.upstreams;
      let sent = 0;
      let hasRoom = true;
      const chunk = Buffer.alloc(16_384, 'x');
      while (sent < 64_000_000) {
        sent += chunk.length;
        hasRoom = upstream!.down.body(chunk);
        if (!hasRoom) {
          const before = upstream!.drains;
          for (let turn = 0; turn < 200 && upstream!.drains === before; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          if (upstream!.drains === before) break;
        }
      }
      assert.equal(hasRoom, false);
      assert.ok(sent < 8_000_000, `${sent} bytes taken from the origin`);
      const whole = readAnswer(stream);
      stream.resume();
      await until(() => upstream!.drains > 0);
      upstream!.down.end(null);
      assert.equal((await whole).body.length, sent);
    }));

  test('may still arrive after an early response', () =>
    withWorld({ script: (upstream) => answer(upstream.down, 'too much') }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      const early = readAnswer(stream);
      stream.write('first');
      assert.equal((await early).body, 'too much');
      stream.end('second');
      await until(() => world.upstreams[0]!.isEnded);
      assert.equal(world.upstreams[0]!.body, 'firstsecond');
    }));

  test('that nobody waits for are ended with NO_ERROR after an early response', () =>
    withWorld(
      {
        script: (upstream) => {
          answer(upstream.down, 'no');
          upstream.down.abort(failure('origin-closed', 'gone'));
        },
      },
      async (world) => {
        const raw = await world.raw();
        const block = headerBlock([
          [':method', 'POST'],
          [':scheme', 'https'],
          [':authority', 'a.test'],
          [':path', '/'],
        ]);
        raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
        await until(() =>
          raw.frames.some(({ type, flags }) => type === frameTypes.data && (flags & 1) === 1),
        );
        world.clock.advance(1_000);
        world.clock.advance(4_000);
        await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
        const reset = raw.frames.find(({ type }) => type === frameTypes.rstStream);
        assert.equal(reset!.payload.readUInt32BE(), 0);
      },
    ));

  test('shorter than declared reset the stream and give the origin up', () =>
    withWorld({ script: () => {} }, async (world) => {
      const raw = await world.raw();
      const block = headerBlock([
        [':method', 'POST'],
        [':scheme', 'https'],
        [':authority', 'a.test'],
        [':path', '/'],
        ['content-length', '10'],
      ]);
      raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
      raw.send(frameTypes.data, frameFlags.endStream, 1, Buffer.from('short'));
      await until(() => world.upstreams[0]?.abortReason !== undefined);
      assert.equal(world.upstreams[0]!.isEnded, false);
      await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
    }));
});

describe('a broken exchange over HTTP/2', () => {
  test('is answered when nothing was sent yet', () =>
    withWorld({ script: ({ down }) => down.abort(failure('origin-refused', 'x')) }, async (world) => {
      const view = await fetchOver(await world.client(), { ':method': 'POST' }, 'body');
      assert.equal(view.headers[':status'], 502);
      assert.equal(view.headers['x-sallyport-error'], 'origin-refused');
    }));

  test('is answered to gRPC in gRPC’s own words', () =>
    withWorld({ script: ({ down }) => down.abort(failure('origin-timeout', 'x')) }, async (world) => {
      const headers = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' };
      const view = await fetchOver(await world.client(), headers, 'body');
      assert.equal(view.headers[':status'], 200);
      assert.equal(view.headers['grpc-status'], '4');
      assert.equal(view.headers['grpc-message'], 'The service did not answer in time.');
    }));

  for (const te of [undefined, 'trailers']) {
    test(`never ends cleanly mid-body (te: ${te})`, () =>
      withWorld(
        {
          script: ({ down }) => {
            down.respond(responseHead(200, []));
            down.body(Buffer.from('half'));
            setImmediate(() => down.abort(failure('connector-lost', 'x')));
          },
        },
        async (world) => {
          const raw = await world.raw();
          const fields: Array<[string, string]> = [
            [':method', 'GET'],
            [':scheme', 'https'],
            [':authority', 'a.test'],
            [':path', '/'],
          ];
          if (te !== undefined) fields.push(['te', te]);
          raw.send(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, headerBlock(fields));
          await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
          const data = raw.frames.filter(({ type }) => type === frameTypes.data);
          assert.ok(data.every(({ flags }) => (flags & frameFlags.endStream) === 0));
          const reset = raw.frames.find(({ type }) => type === frameTypes.rstStream);
          assert.equal(reset!.payload.readUInt32BE(), 2);
        },
      ));
  }

  test('by the client gives the origin up', () =>
    withWorld({ script: ({ down }) => down.respond(responseHead(200, [])) }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test' });
      await once(stream, 'response');
      stream.close(8);
      await until(() => world.upstreams[0]!.abortReason !== undefined);
    }));

  test('by the client after an early response never ends the request body cleanly', () =>
    withWorld({ script: (upstream) => answer(upstream.down, 'early') }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      const early = readAnswer(stream);
      stream.write('part');
      await early;
      stream.destroy(new Error('gone'));
      stream.on('error', () => {});
      await until(() => world.upstreams[0]!.abortReason !== undefined);
      assert.equal(world.upstreams[0]!.isEnded, false);
    }));

  test('by a lost connection gives the origin up', () =>
    withWorld({ script: () => {} }, async (world) => {
      const raw = await world.raw();
      raw.send(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, getBlock('a.test'));
      await until(() => world.upstreams.length === 1);
      raw.socket.destroy();
      await until(() => world.upstreams[0]!.abortReason !== undefined);
      await until(() => world.front.openSessions === 0);
      assert.equal(world.front.openStreams, 0);
    }));
});

describe('a WebSocket over HTTP/2 (RFC 8441)', () => {
  test('is switched with 200 and carries raw bytes both ways', () =>
    withWorld(
      {
        script: (upstream) => {
          upstream.down.switchProtocols(
            responseHead(101, [
              'Upgrade',
              'websocket',
              'Connection',
              'Upgrade',
              'Sec-WebSocket-Accept',
              'x',
              'Sec-WebSocket-Protocol',
              'chat',
            ]),
          );
          upstream.onChange = () => {
            if (upstream.isEnded) upstream.down.end(null);
            else upstream.down.body(upstream.chunks.at(-1)!);
          };
        },
      },
      async (world) => {
        const session = await world.client();
        assert.equal(session.remoteSettings.enableConnectProtocol, true);
        const stream = session.request({
          ':authority': 'a.test',
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': 'https',
          ':path': '/chat',
          'sec-websocket-protocol': 'chat',
          'sec-websocket-version': '13',
        });
        const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
        assert.equal(headers[':status'], 200);
        assert.equal(headers['sec-websocket-protocol'], 'chat');
        assert.equal(headers['sec-websocket-accept'], undefined);
        const { request } = world.upstreams[0]!;
        assert.equal(request.upgrade, 'websocket');
        assert.equal(request.method, 'GET');
        assert.match(endToEnd(world), /sec-websocket-version: 13\r\nsec-websocket-key: [\w+/]{22}==\r\n/);
        stream.write('ping');
        const [echoed] = (await once(stream, 'data')) as [Buffer];
        assert.equal(echoed.toString(), 'ping');
        const ended = once(stream, 'end');
        stream.end();
        await ended;
        assert.equal(world.upstreams[0]!.isEnded, true);
      },
    ));
});

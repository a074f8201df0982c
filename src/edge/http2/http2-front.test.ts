// Requests and answers through the HTTP/2 front, field by field.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { OutgoingHttpHeaders } from 'node:http2';
import { ListFields } from '#http/list-fields.ts';
import {
  answer,
  fetchOver,
  readAnswer,
  responseHead,
  until,
  withFrontWorld,
  type FrontWorld,
} from '#testkit/http2-front-world.ts';

/** What the upstream would send to an HTTP/1.1 origin. */
function endToEnd(world: FrontWorld, index = 0): string {
  const out = Buffer.alloc(65_536);
  return out.toString('latin1', 0, world.upstreams[index]!.request.fields.writeEndToEnd(out, 0));
}

describe('a request over HTTP/2', () => {
  test('reaches the upstream in canonical form and its answer comes back', () =>
    withFrontWorld({}, async (world) => {
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
    withFrontWorld({}, async (world) => {
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
      withFrontWorld({}, async (world) => {
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
      withFrontWorld({}, async (world) => {
        const session = await world.client();
        const view = await fetchOver(session, headers);
        assert.equal(view.headers[':status'], status);
        assert.equal(world.upstreams.length, 0);
        assert.equal((await fetchOver(session, {})).body, 'hello');
      }));
  }

  test('for a host the connection was not made for is answered 421', () =>
    withFrontWorld(
      { isMisdirected: (name, host) => name === 'a.test' && host === 'b.test' },
      async (world) => {
        const session = await world.client();
        assert.equal((await fetchOver(session, { ':authority': 'b.test' })).headers[':status'], 421);
        assert.equal((await fetchOver(session, {})).headers[':status'], 200);
      },
    ));

  test('is read by the limits in force when its connection was made', () =>
    withFrontWorld({}, async (world) => {
      const before = await world.client();
      world.front.apply({ headBytes: 16_384, headFields: 128, targetBytes: 20, maxStreams: 7, upgrades: [] });
      const after = await world.client();
      assert.equal(after.remoteSettings.maxConcurrentStreams, 7);
      const longTarget = { ':path': `/${'a'.repeat(30)}` };
      assert.equal((await fetchOver(after, longTarget)).headers[':status'], 414);
      assert.equal((await fetchOver(before, longTarget)).headers[':status'], 200);
    }));

  test('OPTIONS * is answered by the edge itself', () =>
    withFrontWorld({}, async (world) => {
      const session = await world.client();
      const view = await fetchOver(session, { ':method': 'OPTIONS', ':path': '*' });
      assert.equal(view.headers[':status'], 200);
      assert.equal(world.upstreams.length, 0);
    }));
});

describe('a response over HTTP/2', () => {
  test('loses hop-by-hop fields, those Connection names, and words in the edge’s name', () =>
    withFrontWorld(
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
    withFrontWorld(
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
      withFrontWorld(
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
    withFrontWorld(
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
    withFrontWorld(
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
    withFrontWorld({ script: ({ down }) => down.respond(responseHead(999, [])) }, async (world) => {
      const view = await fetchOver(await world.client(), {});
      assert.equal(view.headers[':status'], 502);
      assert.equal(view.headers['x-sallyport-error'], 'origin-protocol');
      await until(() => world.upstreams[0]!.abortReason !== undefined);
    }));

  test('of the edge itself keeps its mark', () =>
    withFrontWorld(
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

describe('a WebSocket over HTTP/2 (RFC 8441)', () => {
  test('is switched with 200 and carries raw bytes both ways', () =>
    withFrontWorld(
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

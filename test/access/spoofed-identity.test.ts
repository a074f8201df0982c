// What a client says of who it is, in every way that it can be said: an origin never sees it (tunnels.md section 6, closing list
// a). By HTTP/1.1 byte for byte, by HTTP/2 frame for frame; on a public route, on one for an address, and beside a real
// identity, which must be the only one that arrives.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  clientPreface,
  encodeFrame,
  frameFlags,
  FrameReader,
  frameTypes,
  headerBlock,
  type Http2Frame,
} from '#testkit/http2-frames.ts';
import { within } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { directoryOf, type DeskWorld, startDeskWorld } from './desk-world.ts';

const names = [
  ...[
    'X-Sallyport-User',
    'X-Sallyport-Groups',
    'X-Sallyport-Email',
    'X-Sallyport-Token',
    'X-Sallyport-Assertion',
  ],
  ...[
    'X-Sallyport-Anything',
    'Cf-Access-Jwt-Assertion',
    'Cf-Access-Authenticated-User-Email',
    'Cf-Access-Token',
  ],
  ...[
    'Remote-User',
    'Remote-Groups',
    'Remote-Group',
    'Remote-Email',
    'Remote-Name',
    'X-Remote-User',
    'X-Remote-Groups',
  ],
  ...[
    'X-Forwarded-User',
    'X-Forwarded-Groups',
    'X-Forwarded-Email',
    'X-Forwarded-Preferred-Username',
    'X-Forwarded-Prefix',
  ],
  ...[
    'X-Forwarded-Access-Token',
    'X-Auth-Request-User',
    'X-Auth-Request-Email',
    'X-Auth-Request-Groups',
    'X-Authelia-User',
  ],
  ...[
    'X-Auth-Request-Access-Token',
    'X-Authentik-Username',
    'X-Authentik-Groups',
    'X-Authentik-Jwt',
    'X-Webauth-User',
  ],
  ...[
    'X-Webauth-Role',
    'X-Pomerium-Jwt-Assertion',
    'X-Pomerium-Claim-Email',
    'X-Goog-Authenticated-User-Email',
  ],
  ...[
    'X-Goog-Iap-Jwt-Assertion',
    'X-Amzn-Oidc-Identity',
    'X-Ms-Client-Principal-Name',
    'Tailscale-User-Login',
  ],
  ...[
    'X-Original-User',
    'X-Rewrite-Url',
    'X-Real-IP',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'Forwarded',
    'Client-Cert',
  ],
  ...[
    'X-Ssl-Client-Verify',
    'X-Client-Cert',
    'Ssl-Client-Dn',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Proxy-Authorization',
  ],
];
/** As many as fit into one head twice. */
const thirds = [0, 1, 2].map((third) => names.filter((_, i) => i % 3 === third));
const evil = 'evil-admin';

/** How a name is written; all but the first three are other names to us, and this one to somebody. */
const spellings: Readonly<Record<string, (name: string) => string>> = {
  'as it is': (name) => name,
  'lower case': (name) => name.toLowerCase(),
  'upper case': (name) => name.toUpperCase(),
  underscores: (name) => name.replaceAll('-', '_'),
  'one underscore': (name) => name.replace('-', '_'),
  'the last underscore': (name) => name.replace(/-(?=[^-]*$)/, '_'),
  dots: (name) => name.replaceAll('-', '.'),
  tildes: (name) => name.replaceAll('-', '~'),
  plus: (name) => name.replaceAll('-', '+'),
  'a bar': (name) => name.replace('-', '|'),
  'the shape of CGI': (name) => `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
};

/** What is sent around the field, by HTTP/1.1; `refused`: the whole request. */
const shapes: Readonly<
  Record<string, { readonly lines: (name: string) => string; readonly isRefused?: true }>
> = {
  once: { lines: (name) => `${name}: ${evil}\r\n` },
  'no space': { lines: (name) => `${name}:${evil}\r\n` },
  'tabs around': { lines: (name) => `${name}:\t${evil}\t\r\n` },
  twice: { lines: (name) => `${name}: ${evil}\r\n${name}: ${evil}2\r\n` },
  'two cases': { lines: (name) => `${name.toLowerCase()}: ${evil}\r\n${name.toUpperCase()}: ${evil}\r\n` },
  'beside a harmless one': { lines: (name) => `${name}: \r\n${name}: ${evil}\r\n` },
  'named by Connection': { lines: (name) => `Connection: ${name}\r\n${name}: ${evil}\r\n` },
  'named by Connection afterwards': { lines: (name) => `${name}: ${evil}\r\nConnection: close, ${name}\r\n` },
  'two hundred bytes of value': { lines: (name) => `${name}: ${'a,'.repeat(100)}${evil}\r\n` },
  'bytes beyond ASCII': { lines: (name) => `${name}: \xe9${evil}\xff\r\n` },
  folded: { lines: (name) => `Accept: a\r\n ${name}: ${evil}\r\n`, isRefused: true },
  'a folded value': { lines: (name) => `${name}:\r\n ${evil}\r\n`, isRefused: true },
  'a space before the colon': { lines: (name) => `${name} : ${evil}\r\n`, isRefused: true },
  'a space before the name': { lines: (name) => ` ${name}: ${evil}\r\n`, isRefused: true },
  'a NUL in the name': { lines: (name) => `${name}\0: ${evil}\r\n`, isRefused: true },
  'a letter that looks alike': {
    lines: (name) => `${name.replace(/[eaou]/, '\xd0\xb5')}: ${evil}\r\n`,
    isRefused: true,
  },
  'a hyphen that looks alike': {
    lines: (name) => `${`${name}-x`.replace('-', '\xe2\x80\x90')}: ${evil}\r\n`,
    isRefused: true,
  },
  'a bare line feed': { lines: (name) => `Accept: a\n${name}: ${evil}\r\n`, isRefused: true },
  'a bare carriage return': { lines: (name) => `Accept: a\r${name}: ${evil}\r\n`, isRefused: true },
  'a NUL in a value': { lines: (name) => `Accept: a\0\r\n${name}: ${evil}\0\r\n`, isRefused: true },
};

describe('whom a client pretends to be', () => {
  let origin: RecordingOrigin;
  let world: DeskWorld;
  let visit: string;
  before(async () => {
    origin = await RecordingOrigin.start();
    const service = origin.url;
    world = await startDeskWorld([
      { hostname: 'open.test', service, paths: { '/': 'public', '/guarded': 'private' } },
      { hostname: 'lan.test', service, paths: { '/': ['ip:127.0.0.0/8'] } },
      {
        ...{ hostname: 'private.test', service },
        paths: {
          '/': {
            rules: ['signed-in'],
            identity: ['cloudflare', 'remote-user'],
            cache: 'off',
            audience: '',
          },
        },
      },
    ]);
    world.desk.apply(directoryOf(world.clock, ['ada']));
    visit = world.visit('private.test', 'session-ada', 'id-ada');
  });
  beforeEach(() => origin.reset());
  after(async () => {
    await world?.edge.close();
    await origin?.close();
  });

  const hosts = ['open.test', 'lan.test', 'private.test'];

  /** Sends one request's bytes and gives the status. */
  const send = async (head: string, body = ''): Promise<number> => {
    const [response] = await world.edge.ask(`${head}\r\n${body}`);
    return response!.status;
  };
  const get = (host: string, lines: string, body = ''): Promise<number> =>
    send(`${body === '' ? 'GET' : 'POST'} / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${visit}\r\n${lines}`, body);

  /** Nothing that came since is the client's; of a real identity there is exactly one. */
  const assertClean = (what: string): void => {
    for (const { raw, fields } of origin.requests) {
      assert.doesNotMatch(raw, /evil-admin/, what);
      const users = fields.filter(([name]) => /^(x-sallyport-user|remote-user)$/i.test(name));
      const isPrivate = fields.some(
        ([name, value]) => name.toLowerCase() === 'host' && value === 'private.test',
      );
      assert.deepEqual(
        users.map(([, value]) => value),
        isPrivate ? ['ada', 'ada'] : [],
        what,
      );
    }
    origin.reset();
  };

  test('more than forty names, each in every spelling, by HTTP/1.1', async () => {
    assert.ok(names.length >= 40, String(names.length));
    for (const host of hosts) {
      for (const [how, spell] of Object.entries(spellings)) {
        const lines = names.map((name) => `${spell(name)}: ${evil}\r\n`);
        assert.equal(await get(host, lines.slice(0, 40).join('')), 200, how);
        assert.equal(await get(host, lines.slice(40).join('')), 200, how);
        assert.ok(origin.requests.length === 2, how);
        assertClean(`${host}, ${how}`);
      }
    }
  });

  for (const [how, { lines, isRefused }] of Object.entries(shapes)) {
    test(`${how}, by HTTP/1.1`, async () => {
      // What is refused is refused for one; what passes passes for many at once.
      const some = isRefused ? names.filter((_, i) => i % 8 === 0).map((name) => [name]) : thirds;
      for (const each of some) {
        const status = await get('private.test', each.map(lines).join(''));
        assert.equal(status, isRefused ? 400 : 200, each.join());
        assert.equal(origin.requests.length, isRefused ? 0 : 1, each.join());
        assertClean(`${how} ${each.join()}`);
      }
    });
  }

  test('in trailers, announced or not, by HTTP/1.1', async () => {
    for (const some of thirds) {
      for (const announced of ['', `Trailer: ${some.join(', ')}\r\nTE: trailers\r\n`]) {
        const lines = `${announced}Transfer-Encoding: chunked\r\n`;
        const trailers = some.map((name) => `${name}: ${evil}\r\n`).join('');
        const status = await get('private.test', lines, `1\r\nx\r\n0\r\n${trailers}\r\n`);
        assert.equal(status, 200, some.join());
        assert.equal(origin.requests.length, 1, some.join());
        assertClean(some.join());
      }
    }
  });

  test("the edge's own cookies, in every form a server might read them", async () => {
    const forged = `__Host-sallyport-visit=${evil}`;
    const tried = `__Host-sallyport-try=${evil}`;
    const fields = [
      ...[
        `Cookie: ${forged}`,
        `Cookie: a=b; ${forged}`,
        `Cookie: ${forged};${tried}`,
        `cookie:${forged}; a=b`,
      ],
      ...[
        `Cookie: a=b;${forged};c=d`,
        `Cookie:  ${tried} `,
        `Cookie: ${forged}; ${forged}`,
        `Cookie: ;;${forged};`,
      ],
      ...[
        `Cookie: __Host-sallyport-visit = ${evil}`,
        `Cookie: a=b\r\nCookie: ${forged}`,
        `Cookie: ${forged}\r\nCookie: a=b`,
      ],
    ];
    for (const field of fields) {
      // A public route beside a protected one gets the cookies of both from browsers, and its service neither.
      for (const host of ['lan.test', 'open.test']) {
        assert.equal(await send(`GET / HTTP/1.1\r\nHost: ${host}\r\n${field}\r\n`), 200, field);
        assert.equal(origin.requests.length, 1, field);
        assertClean(`${host} ${field}`);
      }
    }
    for (const field of fields) {
      const status = await send(`GET / HTTP/1.1\r\nHost: private.test\r\nAccept: */*\r\n${field}\r\n`);
      assert.equal(status, 401, field);
    }
    assert.equal(origin.requests.length, 0);
  });

  /** Stream by stream over one connection: field lists as they are, trailers if there are any. */
  const overHttp2 = async (streams: readonly Http2Try[]): Promise<number[]> => {
    const socket = connectTls({
      ...{ port: world.edge.port, host: '127.0.0.1', servername: 'private.test', ca: world.edge.ca },
      ALPNProtocols: ['h2'],
    });
    await once(socket, 'secureConnect');
    const reader = new FrameReader();
    const answers = new Map<number, number>();
    const { promise, resolve } = Promise.withResolvers<void>();
    const note = ({ type, flags, stream }: Http2Frame): void => {
      const isReset = type === frameTypes.rstStream;
      const isHead = type === frameTypes.headers && !answers.has(stream);
      if (isReset || isHead) answers.set(stream, isReset ? 0 : 1);
      const isEnd = isReset || (flags & frameFlags.endStream) !== 0;
      if (isEnd && (type === frameTypes.data || type === frameTypes.headers || isReset)) ended.add(stream);
      if (ended.size === streams.length) resolve();
    };
    const ended = new Set<number>();
    socket.on('data', (chunk: Buffer) => reader.push(chunk).forEach(note));
    socket.on('close', resolve).on('error', () => resolve());
    socket.write(Buffer.concat([clientPreface, encodeFrame(frameTypes.settings, 0, 0, Buffer.alloc(0))]));
    for (const [i, { fields, trailers }] of streams.entries()) {
      const id = i * 2 + 1;
      const flags = frameFlags.endHeaders | (trailers ? 0 : frameFlags.endStream);
      socket.write(encodeFrame(frameTypes.headers, flags, id, headerBlock(fields)));
      if (!trailers) continue;
      socket.write(encodeFrame(frameTypes.data, 0, id, Buffer.from('x')));
      const last = frameFlags.endHeaders | frameFlags.endStream;
      socket.write(encodeFrame(frameTypes.headers, last, id, headerBlock(trailers)));
    }
    await within('every stream has ended', 60_000, promise);
    socket.destroy();
    return streams.map((_, i) => answers.get(i * 2 + 1) ?? 0);
  };

  const pseudo = (host: string, method = 'GET'): [string, string][] => [
    ...([
      [':method', method],
      [':scheme', 'https'],
      [':authority', host],
      [':path', '/'],
    ] as [string, string][]),
    ...([['cookie', visit]] as [string, string][]),
  ];

  test('more than forty names, each in every spelling that HTTP/2 has', async () => {
    for (const host of hosts) {
      const streams = Object.values(spellings).flatMap((spell) =>
        [names.slice(0, 40), names.slice(40)].map((some) => ({
          fields: [
            ...pseudo(host),
            ...some.map((name): [string, string] => [spell(name).toLowerCase(), evil]),
          ],
        })),
      );
      assert.deepEqual(new Set(await overHttp2(streams)), new Set([1]));
      assert.equal(origin.requests.length, streams.length);
      assertClean(host);
    }
  });

  test('games with HTTP/2: twice, in trailers, upper case, pseudo-fields, line breaks, cookies in crumbs', async () => {
    const of = (...more: [string, string][]): Http2Try => ({ fields: [...pseudo('private.test'), ...more] });
    const good: Http2Try[] = [
      of(['x-sallyport-user', evil], ['x-sallyport-user', evil]),
      of(['cookie', `__Host-sallyport-try=${evil}`], ['cookie', 'a=b']),
      {
        fields: pseudo('private.test', 'POST'),
        trailers: [
          ['x-sallyport-user', evil],
          ['remote_user', evil],
        ],
      },
      { fields: pseudo('private.test', 'POST'), trailers: [['x-forwarded-user', evil]] },
    ];
    assert.deepEqual(await overHttp2(good), [1, 1, 1, 1]);
    assert.equal(origin.requests.length, good.length);
    assertClean('harmless after all');
    const bad: Http2Try[] = [
      of(['X-Sallyport-User', evil]),
      of(['connection', 'x-sallyport-user'], ['x-sallyport-user', evil]),
      of([':x-sallyport-user', evil]),
      of([':authority', evil]),
      of(['accept', `a\r\nX-Sallyport-User: ${evil}`]),
      of(['accept', `a\nX-Sallyport-User: ${evil}`]),
      of([`x-a: b\r\nx-sallyport-user`, evil]),
      of(['x-sallyport-user ', evil]),
      of(['x-sallyport-us\xd0\xb5r', evil]),
      { fields: [['x-sallyport-user', evil], ...pseudo('private.test')] },
      { fields: pseudo('private.test', 'POST'), trailers: [[':path', `/${evil}`]] },
      { fields: pseudo(`private.test\r\nX-Sallyport-User: ${evil}`) },
      {
        fields: [...pseudo('private.test').slice(0, 3), [':path', `/ HTTP/1.1\r\nX-Sallyport-User: ${evil}`]],
      },
    ];
    for (const each of bad) {
      await overHttp2([each]);
      assertClean(JSON.stringify(each));
    }
  });

  test('and an answer of an origin cannot say who somebody is either', async () => {
    origin.answer = () =>
      `HTTP/1.1 200 OK\r\nX-Sallyport-User: ${evil}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n`;
    const [response] = await world.edge.ask('GET / HTTP/1.1\r\nHost: lan.test\r\n\r\n');
    assert.deepEqual([response!.status, response!.fields['x-sallyport-user']], [200, undefined]);
  });
});

interface Http2Try {
  readonly fields: [string, string][];
  readonly trailers?: [string, string][];
}

// One look from outside over real sockets: each hop can be where it stops, and is told with the system's word for it.
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { once } from 'node:events';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { after, test } from 'node:test';
import { lookFromOutside, type OutsideLook, type OutsideLookOptions } from '#base/net/outside-look.ts';
import { nameResolver } from '#base/net/resolve-name.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { zoneFrom } from '#testkit/dns-zones.ts';
import { closedPort } from '../connector/origins.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';

const ca = createCertificate({ name: 'test CA', isCa: true });
const good = createCertificate({ name: 'nas', names: ['nas.home.test'], issuer: ca });
const secureContext = createSecureContext({ ca: ca.cert });
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A TLS server that answers every request with these bytes. */
function tlsPort(bytes: string, { cert, key }: { cert: string; key: string } = good): Promise<number> {
  return listening(
    createTlsServer({ cert, key }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(bytes));
    }).on('tlsClientError', () => {}),
  );
}

function look(port: number, more: Partial<OutsideLookOptions> = {}): Promise<OutsideLook> {
  return lookFromOutside(
    {
      ...{ hostname: 'nas.home.test', port, path: '/x', secureContext, maxBodyBytes: 64 },
      ...{ resolve: () => Promise.resolve(['127.0.0.1']), nowMs: () => performance.now(), ...more },
    },
    AbortSignal.timeout(30_000),
  );
}

test('a way that is whole is timed at each hop, and the beginning of the answer is kept', async () => {
  const port = await tlsPort(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'m'.repeat(100)}`);
  const seen = await look(port);
  assert.deepEqual([seen.stoppedAt, seen.status, seen.address], [undefined, 200, '127.0.0.1']);
  assert.equal(seen.body, 'm'.repeat(64));
  assert.deepEqual(Object.keys(seen.ms), ['dns', 'connect', 'tls', 'answer']);
  assert.ok(seen.notAfterMs > Date.now() && seen.notBeforeMs < Date.now());
});

test('an address that does not answer is left for the next', async () => {
  const port = await tlsPort('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
  const seen = await look(port, { resolve: () => Promise.resolve(['127.0.0.9', '127.0.0.1']) });
  assert.deepEqual([seen.stoppedAt, seen.address, seen.status], [undefined, '127.0.0.1', 204]);
});

test('nobody listens: it stops at connect', async () => {
  const seen = await look(await closedPort());
  assert.deepEqual([seen.stoppedAt, seen.code], ['connect', 'ECONNREFUSED']);
});

test('an address that may not be dialled is not dialled', async () => {
  const port = await tlsPort('HTTP/1.1 200 OK\r\n\r\n');
  const seen = await look(port, { refuses: (address) => `${address} is none of ours` });
  assert.deepEqual([seen.stoppedAt, seen.reason], ['connect', '127.0.0.1 is none of ours']);
});

for (const [name, certificate, code] of [
  [
    'expired',
    createCertificate({
      ...{ name: 'nas', names: ['nas.home.test'], issuer: ca },
      ...{ notBefore: new Date(Date.now() - 9 * 86_400_000), notAfter: new Date(Date.now() - 86_400_000) },
    }),
    'CERT_HAS_EXPIRED',
  ],
  [
    'for another name',
    createCertificate({ name: 'tv', names: ['tv.home.test'], issuer: ca }),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    'of a stranger',
    createCertificate({ name: 'nas', names: ['nas.home.test'] }),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
] as const) {
  test(`a certificate that is ${name} stops it at tls, and is told of`, async () => {
    const seen = await look(await tlsPort('', certificate));
    assert.deepEqual([seen.stoppedAt, seen.code], ['tls', code]);
    assert.ok(seen.notAfterMs > 0);
  });
}

test('a server without TLS, one that hangs up and one without HTTP are told apart by their hop', async () => {
  const plain = await listening(
    createTcpServer((socket) => void socket.on('error', () => {}).end('hello\r\n')),
  );
  assert.equal((await look(plain)).stoppedAt, 'tls');
  assert.equal((await look(await tlsPort(''))).stoppedAt, 'answer');
  const noHttp = await look(await tlsPort('SSH-2.0-x\r\n'));
  assert.deepEqual([noHttp.stoppedAt, noHttp.status], ['answer', 0]);
});

test('who says nothing is not waited for', async () => {
  const silent = await listening(createTcpServer((socket) => void socket.on('error', () => {})));
  const seen = await look(silent, { hopWithinMs: 200 });
  assert.equal(seen.stoppedAt, 'tls');
  assert.match(seen.reason, /nothing came in 0\.2 s/);
});

test('each hop has its own limit: what one has made outlives that of the one before', async () => {
  const slowMs = 1_000;
  const answers = await listening(
    createTlsServer({ cert: good.cert, key: good.key }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => setTimeout(() => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), slowMs));
    }),
  );
  const slowToShakeHands = await listening(
    createTcpServer((near) => {
      setTimeout(() => {
        const far = connect(answers, '127.0.0.1');
        for (const socket of [near, far]) socket.on('error', () => {});
        near.pipe(far).pipe(near);
      }, slowMs);
    }),
  );
  const seen = await look(slowToShakeHands, { hopWithinMs: 1.6 * slowMs });
  assert.deepEqual([seen.stoppedAt, seen.reason, seen.status], [undefined, '', 204]);
});

test('names are resolved by the resolver that is named: addresses, none, no such name, nobody there', async () => {
  const lines = [
    ['nas', 'A', '192.0.2.80'],
    ['nas', 'AAAA', '2001:db8::80'],
    ['text', 'TXT', 'x'],
  ] as const;
  const names = await startOwnDnsServer({ zones: [zoneFrom('home.test', lines)] });
  try {
    const resolve = nameResolver([`127.0.0.1:${names.ports[0]}`]);
    const signal = AbortSignal.timeout(30_000);
    const codeOf = (name: string, by = resolve): Promise<unknown> =>
      by(name, signal).then(
        () => 'an address',
        (error: NodeJS.ErrnoException) => error.code,
      );
    assert.deepEqual(await resolve('nas.home.test', signal), ['192.0.2.80', '2001:db8::80']);
    assert.equal(await codeOf('text.home.test'), 'ENODATA');
    assert.equal(await codeOf('nobody.home.test'), 'ENOTFOUND');
    assert.equal(
      await codeOf('nas.home.test', nameResolver([`127.0.0.1:${await closedPort()}`])),
      'ECONNREFUSED',
    );
    assert.deepEqual(await resolve('blog.localhost', signal), ['127.0.0.1', '::1']);
    assert.equal(
      await codeOf('nas.home.test', () => resolve('nas.home.test', AbortSignal.abort(new Error('x')))),
      undefined,
    );
  } finally {
    await names.close();
  }
});

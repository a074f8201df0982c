import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createSecureContext, connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { cidrSet } from '#base/net/ip.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { until } from '#testkit/http2-front-world.ts';
import type { CertificateSource } from './certificate-source.ts';
import { Listener } from './listener.ts';

const { cert, key } = createCertificate({ name: 'a.test', names: ['a.test'] });
const context = createSecureContext({ cert, key });

interface World {
  readonly listener: Listener;
  readonly outcomes: string[];
  readonly accepted: Socket[];
}

async function withListener(
  options: {
    maxHandshakes?: number;
    handshakeMs?: number;
    proxies?: string[];
    certificates?: Partial<CertificateSource>;
  },
  run: (world: World) => Promise<void>,
): Promise<void> {
  const outcomes: string[] = [];
  const accepted: Socket[] = [];
  const listener = new Listener({
    name: 'https',
    address: { host: '127.0.0.1', port: 0 },
    tls: {
      certificates: {
        contextFor: () => context,
        defaultOptions: () => ({ cert, key }),
        covers: () => true,
        ticketKeys: randomBytes(48),
        ...options.certificates,
      },
      handshakeMs: options.handshakeMs ?? 10_000,
    },
    proxies: cidrSet(options.proxies ?? []),
    maxConnections: 100,
    maxPerAddress: 100,
    maxHandshakes: options.maxHandshakes,
    accept: (socket) => void accepted.push(socket.resume().once('end', () => socket.end())),
    count: (outcome) => void outcomes.push(outcome),
  });
  await listener.open();
  try {
    await run({ listener, outcomes, accepted });
  } finally {
    listener.destroy();
  }
}

function dial(listener: Listener): Socket {
  return connect(listener.port, '127.0.0.1').on('error', () => {});
}

function dialTls(listener: Listener): Socket {
  return connectTls({ port: listener.port, host: '127.0.0.1', servername: 'a.test', ca: cert });
}

test('beyond the limit of handshakes the oldest is cut, and an honest client still gets in', () =>
  withListener({ maxHandshakes: 3 }, async ({ listener, outcomes, accepted }) => {
    const silent: Socket[] = [];
    for (let i = 0; i < 3; i++) {
      silent.push(dial(listener));
      await until(() => listener.held.handshakes === i + 1);
    }
    const oldestClosed = once(silent[0]!, 'close');
    const honest = dialTls(listener);
    await once(honest, 'secureConnect');
    await oldestClosed;
    await until(() => accepted.length === 1);
    assert.deepEqual(outcomes, ['handshake-cut', 'tls-failed', 'accepted']);
    // A finished handshake no longer counts.
    assert.equal(listener.held.handshakes, 2);
    for (const socket of [...silent, honest]) socket.destroy();
  }));

test('a client that leaves before or amid the handshake is forgotten then, not when its time is over', () =>
  withListener({ handshakeMs: 600_000 }, async ({ listener, outcomes }) => {
    // The start of a TLS record that never comes whole.
    for (const said of ['', '\x16\x03\x01\x02']) {
      const clients = Array.from({ length: 10 }, () => dial(listener));
      for (const client of clients) client.write(Buffer.from(said, 'latin1'));
      await until(() => listener.held.handshakes === 10);
      for (const client of clients) client.end();
      await until(() => listener.held.sockets === 0);
    }
    assert.deepEqual(listener.held, { sockets: 0, addresses: 0, handshakes: 0 });
    assert.deepEqual([...new Set(outcomes)], ['tls-failed']);
    assert.equal(outcomes.length, 20);
  }));

/** Clients beside the one that is looked at: none, and so many that TLS begins with what a client says first. */
for (const [where, others] of [
  ['alone', 0],
  ['in a crowd', 70],
] as const) {
  test(`a client that says nothing is left when its time is over, counted once, and nothing of it is kept, ${where}`, () =>
    withListener({ handshakeMs: 50 }, async ({ listener, outcomes }) => {
      const silent = Array.from({ length: others + 1 }, () => dial(listener));
      await Promise.all(silent.map((client) => once(client.resume(), 'close')));
      await until(() => listener.held.sockets === 0);
      assert.deepEqual(
        outcomes,
        silent.map(() => 'tls-failed'),
      );
      assert.deepEqual(listener.held, { sockets: 0, addresses: 0, handshakes: 0 });
    }));

  test(`a client whose first message comes byte by byte is answered, ${where}`, () =>
    withListener({}, async ({ listener }) => {
      const hello = await firstMessage();
      const silent = Array.from({ length: others }, () => dial(listener));
      await until(() => listener.held.handshakes === others);
      const client = dial(listener).setNoDelay();
      await once(client, 'connect');
      let answer = Buffer.alloc(0);
      client.on('data', (chunk: Buffer) => (answer = Buffer.concat([answer, chunk])));
      for (const byte of hello) {
        assert.equal(answer.length, 0);
        await new Promise<void>((resolve) => client.write(Buffer.of(byte), () => resolve()));
      }
      await until(() => answer.length > 5);
      // A record of the handshake: the ServerHello.
      assert.deepEqual([answer[0], answer[5]], [0x16, 0x02]);
      for (const one of [client, ...silent]) one.destroy();
    }));
}

/** What a client of TLS says first. */
async function firstMessage(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

test('a client that has ended its half after the handshake is still answered', () =>
  withListener({}, async ({ listener, accepted }) => {
    const client = dialTls(listener);
    await once(client, 'secureConnect');
    await until(() => accepted.length === 1);
    const [server] = accepted;
    server!.removeAllListeners('end');
    const ended = once(server!, 'end');
    client.end();
    await ended;
    assert.equal(server!.writable, true);
    server!.destroy();
  }));

test('nothing is kept for connections that are gone, however they ended', () =>
  withListener({ handshakeMs: 3_000, proxies: ['192.0.2.0/24'] }, async ({ listener, outcomes }) => {
    // Both are forgotten when the time for a handshake is over, which an honest client on a busy machine still meets.
    const cut = dial(listener);
    await once(cut, 'connect');
    cut.destroy();
    dial(listener).write('GET / HTTP/1.1\r\n\r\n');
    dial(listener);
    const honest = dialTls(listener);
    await once(honest, 'secureConnect');
    honest.end();
    await until(() => outcomes.includes('accepted') && listener.held.sockets === 0);
    assert.deepEqual(listener.held, { sockets: 0, addresses: 0, handshakes: 0 });
  }));

test('nothing is kept of a trusted proxy that sends no header', () =>
  withListener({ proxies: ['127.0.0.0/8'] }, async ({ listener, outcomes }) => {
    dial(listener).write('GET / HTTP/1.1\r\n\r\n');
    await until(() => outcomes.includes('proxy-failed') && listener.held.sockets === 0);
    assert.deepEqual(listener.held, { sockets: 0, addresses: 0, handshakes: 0 });
  }));

/** A handshake with a name and protocols; resolves when it is done or has failed. */
async function handshake(listener: Listener, asked: ConnectionOptions): Promise<TLSSocket | Error> {
  const socket = connectTls({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ...asked });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', resolve);
  });
}

const answer = createCertificate({ name: 'challenge', names: ['b.test'] });
const answerContext = createSecureContext({ cert: answer.cert, key: answer.key });

test('a validator is shown the answer for its name and is let go; everybody else is served as ever', () =>
  withListener(
    { certificates: { challengeFor: (name) => (name === 'b.test' ? answerContext : undefined) } },
    async ({ listener, accepted }) => {
      for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
        const asked = { servername: 'B.test', ALPNProtocols: ['acme-tls/1'], maxVersion };
        const validator = await handshake(listener, asked);
        assert.ok(!(validator instanceof Error), maxVersion);
        assert.equal(validator.alpnProtocol, 'acme-tls/1');
        assert.equal(validator.getPeerX509Certificate()?.subjectAltName, 'DNS:b.test', maxVersion);
        await until(() => validator.destroyed);
      }
      assert.equal(accepted.length, 0);
      const visitor = await handshake(listener, { servername: 'b.test', ALPNProtocols: ['http/1.1'] });
      assert.ok(!(visitor instanceof Error));
      assert.equal(visitor.getPeerX509Certificate()?.subjectAltName, 'DNS:a.test');
      visitor.destroy();
    },
  ));

test('a validator for a name that no order waits for, or for no name, is refused', () =>
  withListener(
    { certificates: { challengeFor: (name) => (name === 'b.test' ? answerContext : undefined) } },
    async ({ listener, outcomes }) => {
      for (const servername of ['c.test', '']) {
        const refused = await handshake(listener, { servername, ALPNProtocols: ['acme-tls/1'] });
        assert.ok(refused instanceof Error, servername);
        assert.match(refused.message, /no application protocol/i);
      }
      assert.deepEqual(outcomes, ['tls-failed', 'tls-failed']);
    },
  ));

test('a handshake waits for a certificate that is being got, and goes on with what there is when that fails', () =>
  withListener({ certificates: expecting() }, async ({ listener, accepted }) => {
    for (const servername of ['comes.test', 'fails.test', 'throws.test']) {
      const visitor = await handshake(listener, { servername });
      assert.ok(!(visitor instanceof Error), servername);
      const expected = servername === 'comes.test' ? 'DNS:b.test' : 'DNS:a.test';
      assert.equal(visitor.getPeerX509Certificate()?.subjectAltName, expected);
      visitor.end();
    }
    await until(() => accepted.length === 3);
  }));

/** One name's certificate comes a moment later, another's does not, a third is a mistake of ours. */
function expecting(): Partial<CertificateSource> {
  let isThere = false;
  return {
    contextFor: (name) => (name === 'comes.test' && isThere ? answerContext : context),
    expect(name) {
      if (name === 'throws.test') throw new Error('a mistake');
      if (name === 'fails.test') return Promise.reject(new Error('no'));
      return Promise.resolve().then(() => (isThere = true));
    },
  };
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createSecureContext, connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { cidrSet } from '#base/ip.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { until } from '#testkit/http2-front-world.ts';
import { Listener } from './listener.ts';

const { cert, key } = createCertificate({ name: 'a.test', names: ['a.test'] });
const context = createSecureContext({ cert, key });

interface World {
  readonly listener: Listener;
  readonly outcomes: string[];
  readonly accepted: Socket[];
}

async function withListener(
  options: { maxHandshakes?: number; handshakeMs?: number; proxies?: string[] },
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
  withListener({ maxHandshakes: 3, handshakeMs: 1_000 }, async ({ listener, outcomes, accepted }) => {
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
    // A client that leaves in the middle of its handshake is forgotten when the time for one is over.
    for (const socket of [...silent, honest]) socket.destroy();
    await until(() => listener.held.sockets === 0);
  }));

test('nothing is kept for connections that are gone, however they ended', () =>
  withListener({ handshakeMs: 50, proxies: ['192.0.2.0/24'] }, async ({ listener, outcomes }) => {
    const cut = dial(listener);
    await once(cut, 'connect');
    cut.destroy();
    dial(listener).write('GET / HTTP/1.1\r\n\r\n');
    // Says nothing at all until the handshake's time is up.
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

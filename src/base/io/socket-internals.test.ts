// The end of a TLS socket by a reset: the other end learns it at once, although bytes before it have nowhere to go.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createCertificate } from '#testkit/certificates.ts';
import { endByReset } from './socket-internals.ts';

const limit = { timeout: 60_000 };
const { key, cert } = createCertificate({ name: 'a.example', names: ['a.example'] });

/** A connection as a connector dials it, and as the edge has it: TLS on a socket that was accepted before. */
async function pair(): Promise<{ dialled: TLSSocket; accepted: TLSSocket; close: () => void }> {
  const tlsServer = createTlsServer({ key, cert });
  const server = createServer((socket) => void tlsServer.emit('connection', socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dialled = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const [accepted] = (await once(tlsServer, 'secureConnection')) as [TLSSocket];
  // After the tickets of the server: a write of these that fails would hide the reset.
  accepted.write('.');
  await once(dialled, 'data');
  return { dialled, accepted, close: () => server.close() };
}

/** Resolves with its error, or '', when it is closed. */
function closed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let failure = '';
    socket.on('error', (error: NodeJS.ErrnoException) => (failure ||= error.code ?? error.message));
    socket.once('close', () => resolve(failure));
  });
}

for (const end of ['dialled', 'accepted'] as const) {
  test(
    `the end that was ${end} ends by a reset, with bytes on their way that nobody reads`,
    limit,
    async () => {
      const both = await pair();
      const near = both[end];
      const far = end === 'dialled' ? both.accepted : both.dialled;
      const ends = [closed(near), closed(far)];
      far.pause();
      // More than the system takes.
      near.write(Buffer.alloc(16 << 20));
      endByReset(near);
      near.destroy();
      // Whoever reads finds it; what was on its way is gone.
      far.resume();
      assert.deepEqual(await Promise.all(ends), ['', 'ECONNRESET']);
      both.close();
    },
  );
}

test('a plain socket, and one that is closed, end as ever', limit, async () => {
  const { dialled, accepted, close } = await pair();
  const ends = [closed(dialled), closed(accepted)];
  accepted.resume();
  dialled.destroy();
  endByReset(dialled);
  dialled.destroy();
  await Promise.all(ends);
  close();
  const server = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const plain = connectPlain((server.address() as AddressInfo).port, '127.0.0.1');
  await once(plain, 'connect');
  const end = closed(plain);
  endByReset(plain);
  plain.destroy();
  assert.equal(await end, '');
  server.close();
});

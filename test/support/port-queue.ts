// Connections of a client that must know when they have come to a port: they stand in its queue one behind the other, so
// whoever has answered a later one has taken the earlier ones, too. For ports that several processes share.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { within } from './eventually.ts';
import { whileStopped } from './stopped-process.ts';

const limitMs = 30_000;

/** What a client says of itself, and whom it trusts. */
export type Greeting = Pick<ConnectionOptions, 'servername' | 'ca' | 'ALPNProtocols' | 'maxVersion'>;

/** A connection that stands in the queue of the port, or has been taken from it. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await within('a connection', limitMs, once(socket, 'connect'));
  return socket;
}

/** The same after its handshake; whether it is trusted is for the caller to look at. */
export async function greeted(socket: Socket, options: Greeting): Promise<TLSSocket> {
  const secured = connectTls({ socket, rejectUnauthorized: false, ...options });
  await within('a handshake', limitMs, once(secured, 'secureConnect'));
  return secured;
}

/**
 * A handshake with one of those that share a port with a process, but not with that one: it stands still until the client has been
 * taken from the queue. Then it goes on, since the other may have to ask it.
 */
export async function greetedByOther(pid: number, port: number, options: Greeting): Promise<TLSSocket> {
  const { greeting } = await whileStopped(pid, async () => {
    const greeting = greeted(await dial(port), options);
    greeting.catch(() => undefined);
    // It waits for nobody, and stands behind the other in the queue.
    await answersNameless(port);
    return { greeting };
  });
  return await greeting;
}

/** Resolves when the port's owner has answered a client that names no server, with a certificate or a refusal. */
async function answersNameless(port: number): Promise<void> {
  const secured = connectTls({ socket: await dial(port), rejectUnauthorized: false });
  const answered = new Promise<void>((resolve) => {
    secured.once('secureConnect', resolve).once('error', () => resolve());
  });
  await within('an answer', limitMs, answered);
  secured.destroy();
}

// Reads the ClientHello of a connection without taking it away from whoever ends the TLS: the bytes are handed on whole.
import type { Socket } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { type ClientHello, maxHelloInputBytes, readClientHello } from '#wire/tls-client-hello.ts';

export interface HelloReaderOptions {
  readonly clock: Clock;
  /** How long the client may take for all of it, however it spreads its bytes. */
  readonly withinMs: number;
  /** `early` is all that has been read; the socket is paused. */
  readonly onHello: (hello: ClientHello, early: Buffer) => void;
  /** Not TLS, too large, or too late; the socket has been closed. */
  readonly onRefused: (detail: string) => void;
}

/** Fatal alerts (RFC 8446 section 6), so that the client can tell its user more than "connection reset". */
export const alerts = {
  decodeError: Buffer.from('15030300020232', 'hex'),
  unrecognizedName: Buffer.from('15030300020270', 'hex'),
} as const;

/** What a first segment usually brings. */
const startBytes = 2_048;

/** Says why, and closes once that is sent. */
export function refuseTls(socket: Socket, alert: Buffer): void {
  socket.end(alert);
  socket.destroySoon();
}

/** Begins to read; exactly one of the two functions follows, unless the client leaves first. */
export function readHello(socket: Socket, { clock, withinMs, onHello, onRefused }: HelloReaderOptions): void {
  let memory: Buffer = Buffer.allocUnsafeSlow(startBytes);
  let used = 0;
  const stop = (): void => {
    limit.cancel();
    socket.off('data', onData).off('end', onEnd).off('close', stop);
  };
  const refuse = (detail: string, alert: Buffer | undefined): void => {
    stop();
    if (alert) refuseTls(socket, alert);
    else socket.destroy();
    onRefused(detail);
  };
  const onEnd = (): void => refuse('the client left before its ClientHello was whole', undefined);
  const onData = (chunk: Buffer): void => {
    if (used + chunk.length > memory.length) memory = grown(memory, used, used + chunk.length);
    memory.set(chunk, used);
    used += chunk.length;
    try {
      const read = readClientHello(memory.subarray(0, used));
      if (read.kind === 'hello') {
        stop();
        socket.pause();
        onHello(read, memory.subarray(0, used));
      } else if (used > maxHelloInputBytes) refuse('the ClientHello is too large', alerts.decodeError);
    } catch (error) {
      refuse(errorText(error), alerts.decodeError);
    }
  };
  const limit = clock.after(withinMs, () => refuse('the ClientHello took too long', undefined));
  // Reading a PROXY header has left it paused.
  if (socket.isPaused()) socket.resume();
  socket.on('data', onData).once('end', onEnd).once('close', stop);
}

function grown(memory: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * memory.length));
  larger.set(memory.subarray(0, used));
  return larger;
}

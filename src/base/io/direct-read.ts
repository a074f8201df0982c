// Reading a socket without the stream machinery between its handle and our handler, into memory that all sockets share.
// Node gives every chunk an allocation of its own and pushes it through Readable (accounting, an event, a read-ahead in
// the next tick); together that is a quarter of what a small TLS request costs.
//
// A chunk is valid until the handler returns: whoever keeps bytes copies them. A handler may still be called for
// what was decrypted already after it has paused its socket, by one read (64 KiB) at most. Reading does not push a
// socket's own idle timer (`setTimeout`) back: nobody here uses one beside this.
//
// HOT: bench/bench.ts shows it.
import type { Socket } from 'node:net';
import { handleOf, socketInternals } from './socket-internals.ts';

/** What sockets read into. One is enough, since a read has been passed on before the next begins; Node reads as much. */
const sharedMemory = Buffer.allocUnsafeSlow(65_536);

/** Reads shorter than this are most reads, and many are of the same length. */
const usualBytes = 4_096;
/** The shared memory's first so many bytes, made once for each length that was read. */
const views: (Buffer | undefined)[] = Array.from({ length: usualBytes });

function viewOf(byteCount: number): Buffer {
  if (byteCount >= usualBytes) return sharedMemory.subarray(0, byteCount);
  return (views[byteCount] ??= sharedMemory.subarray(0, byteCount));
}

/**
 * Delivers every chunk of `socket` to `onChunk`, as `on('data')` would. `beforeEnd` is called before anybody is told of
 * the end of what is read or of an error. Returns a function that ends it.
 */
export function readDirectly(
  socket: Socket,
  onChunk: (chunk: Buffer) => void,
  beforeEnd?: () => void,
): () => void {
  // For what was read before this call.
  socket.on('data', onChunk);
  const handle = handleOf(socket);
  if (socketInternals === undefined || handle?.useUserBuffer === undefined)
    return pushDirectly(socket, onChunk, beforeEnd);
  const { memoryKey, callbackKey } = socketInternals;
  const parts = socket as unknown as Record<symbol, unknown>;
  handle.useUserBuffer(sharedMemory);
  parts[memoryKey] = sharedMemory;
  parts[callbackKey] = (byteCount: number): boolean => {
    onChunk(viewOf(byteCount));
    return true;
  };
  const internals = socketInternals;
  const usual = handle.onread;
  // Node's own for the end and for errors; of a read it would do no more than find its way to the callback above.
  handle.onread = (bytes) => {
    const byteCount = internals.lastReadCount();
    if (byteCount <= 0 || socket.destroyed) {
      beforeEnd?.();
      return usual.call(handle, bytes);
    }
    onChunk(viewOf(byteCount));
    return undefined;
  };
  return () => {
    handle.onread = usual;
    socket.off('data', onChunk);
    // The handle goes on reading into our memory; its next owner reads the stream.
    parts[callbackKey] = (byteCount: number): boolean =>
      socket.push(Buffer.from(sharedMemory.subarray(0, byteCount)));
  };
}

/**
 * Past Readable only. While a socket flows and nothing is buffered, the stream's accounting has no effect, so the chunk
 * is handed over at once; whenever it has (paused, buffered, ended), the chunk goes the usual way.
 */
function pushDirectly(socket: Socket, onChunk: (chunk: Buffer) => void, beforeEnd?: () => void): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its socket below
  const pushUsually = socket.push;
  socket.push = (chunk: Buffer | null): boolean => {
    if (chunk === null) beforeEnd?.();
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0) {
      return pushUsually.call(socket, chunk);
    }
    onChunk(chunk);
    // Also when the handler has just paused: the next chunk is then buffered, and that stops the handle properly.
    return true;
  };
  return () => {
    socket.push = pushUsually;
    socket.off('data', onChunk);
  };
}

// What Node's own sockets are made of, for direct-read.ts and socket-writer.ts: the handle below the stream, the request
// object that a write on it needs, and the keys under which a socket keeps the memory it reads into (what `onread` of
// net.connect sets, which servers cannot set). Where a Node is made otherwise or forbids it, `socketInternals` is
// undefined and both use the stream as everyone does.
import type { Socket as DatagramSocket } from 'node:dgram';
import { type Server, Socket, type SocketConstructorOpts } from 'node:net';

/** One write on a handle. May be used again once its `oncomplete` has returned. */
export interface WriteRequest {
  /** Called when the bytes have left; `status` is negative when they have not. Without it nobody is told. */
  oncomplete?: (status: number, handle: unknown, error: string | undefined) => void;
  /** `noRequest` unless a write is under way. */
  getAsyncId(): number;
}

/** What `WriteRequest.getAsyncId` says when its write is over. */
export const noRequest = -1;

/** The part of a socket's handle that we use. */
export interface SocketHandle {
  /**
   * Returns 0 or a negative error. `request` is completed later only if `isLastWriteUnderWay`. TLS has encrypted the
   * bytes when this returns; others may read the memory until then. One write at a time: TLS aborts the process
   * otherwise.
   */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** The same for several at once, in one call of the system; TLS joins them first, in new memory. */
  writev?(request: WriteRequest, pieces: readonly Uint8Array[], areBuffers: true): number;
  /** Everything that is read from here on is written to the start of `memory`. */
  useUserBuffer(memory: Uint8Array): void;
  /** Nothing is read any more until somebody reads. */
  readStop?(): number;
  /** What Node's stream believes of that. */
  reading?: boolean;
  /** Called after each read, with `lastReadCount` set. */
  onread: (this: SocketHandle, bytes: unknown) => unknown;
}

export interface SocketInternals {
  readonly WriteRequest: new () => WriteRequest;
  /** Whether the write that has just returned will be completed later. */
  isLastWriteUnderWay(): boolean;
  /** Bytes of the read that `onread` is being told of; 0 or less: none, the end, or an error. */
  lastReadCount(): number;
  /** Key of the memory a socket reads into. */
  readonly memoryKey: symbol;
  /** Key of the function that is told how much was read. */
  readonly callbackKey: symbol;
}

/** Undefined where they are not as expected. */
export const socketInternals: SocketInternals | undefined = findInternals();

/** The handle of an open socket. */
export function handleOf(socket: Socket): SocketHandle | undefined {
  return (socket as unknown as { _handle?: SocketHandle | null })._handle ?? undefined;
}

/**
 * Asks the client of a TLS handshake that is under way for a certificate, and takes whatever comes: Node can ask for one on a
 * whole server only, not by server name. Where a Node is made otherwise nobody is asked, so that nobody has shown one.
 */
export function askForCertificate(socket: object): void {
  const { _handle: handle } = socket as {
    _handle?: { setVerifyMode?(asks: boolean, refuses: boolean): void } | null;
  };
  handle?.setVerifyMode?.(true, false);
}

/** The handle of TCP below one of TLS. */
interface TcpHandle {
  close(done?: () => void): void;
  /** As `close`, by a reset; returns 0 or a negative error, as while an orderly end is under way. */
  reset?(done?: () => void): number;
}

/**
 * Makes the coming `destroy` of a TLS socket end its connection by a reset: the peer sees that at once, while an orderly end waits
 * behind all that nobody has acknowledged. Where a Node is made otherwise the end is orderly.
 */
export function endByReset(socket: object): void {
  const tcp = (socket as { _handle?: { _parent?: TcpHandle } | null })._handle?._parent;
  if (typeof tcp?.close !== 'function' || typeof tcp.reset !== 'function') return;
  const close = tcp.close.bind(tcp);
  const reset = tcp.reset.bind(tcp);
  tcp.close = (done) => {
    if (reset(done) !== 0) close(done);
  };
}

/** An open connection as Node can send it to another process of its own. */
export interface ConnectionHandle {
  close(): void;
}

/** The handle of a paused socket, from which nothing is read until somebody reads; undefined where that is not possible. */
export function quietHandleOf(socket: Socket): ConnectionHandle | undefined {
  const handle = handleOf(socket) as (SocketHandle & ConnectionHandle) | undefined;
  // What has been read already would be lost.
  if (!handle?.readStop || socket.readableLength > 0 || handle.readStop() !== 0) return undefined;
  handle.reading = false;
  return handle;
}

/** A paused socket on a handle that came from another process; undefined when its client has left. */
export function socketOf(handle: ConnectionHandle): Socket | undefined {
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true };
  const socket = new Socket(options as unknown as SocketConstructorOpts);
  if (socket.remoteAddress === undefined) return void socket.destroy();
  return socket.setNoDelay(true);
}

/** The descriptor of a listening socket, to be inherited by another process; undefined where there is none (Windows). */
export function listenHandleOf(server: Server): number | undefined {
  const { fd } = (server as unknown as { _handle?: { readonly fd?: number } | null })._handle ?? {};
  return fd === undefined || fd < 0 ? undefined : fd;
}

/** The same for a socket that takes datagrams. */
export function datagramHandleOf(socket: DatagramSocket): number | undefined {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  if (state === undefined) return undefined;
  const { handle } = (
    socket as unknown as Record<symbol, { readonly handle?: { readonly fd?: number } | null }>
  )[state]!;
  const fd = handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

/** The names of Node's binding. */
interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
}

function findInternals(): SocketInternals | undefined {
  try {
    const { binding } = process as unknown as { binding: (this: void, name: 'stream_wrap') => StreamWrap };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } = binding('stream_wrap');
    const keys = Object.getOwnPropertySymbols(new Socket());
    const memoryKey = keys.find(({ description }) => description === 'kBuffer');
    const callbackKey = keys.find(({ description }) => description === 'kBufferCb');
    if (!memoryKey || !callbackKey) return undefined;
    if (streamBaseState[kLastWriteWasAsync] === undefined || streamBaseState[kReadBytesOrError] === undefined)
      return undefined;
    if (new WriteWrap().getAsyncId() !== noRequest) return undefined;
    return {
      WriteRequest: WriteWrap,
      isLastWriteUnderWay: () => streamBaseState[kLastWriteWasAsync] !== 0,
      lastReadCount: () => streamBaseState[kReadBytesOrError]!,
      memoryKey,
      callbackKey,
    };
  } catch {
    return undefined;
  }
}

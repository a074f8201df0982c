// Carries the bytes of one client connection to a tunnel stream and back, unread. HOT: what arrives in one turn leaves in
// one write; neither side's chunks are kept. Each direction ends by itself (half-close); a reset passes on as a reset, so
// that something cut short never looks whole.
import type { Socket } from 'node:net';
import type { BufferPool } from '#base/io/buffer-pool.ts';
import { readDirectly } from '#base/io/direct-read.ts';
import { GatherWriter } from '#base/io/gather-writer.ts';
import type { Flushable, TurnFlusher } from '#base/io/turn-flusher.ts';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';

export interface SpliceOptions {
  readonly socket: Socket;
  readonly stream: TunnelStream;
  /** Sent before the client's bytes: a PROXY header, and what has been read of the client already. */
  readonly first: readonly Buffer[];
  readonly pool: BufferPool;
  readonly flusher: TurnFlusher;
  readonly nowMs: () => number;
  /** Once, when nothing more will happen; `reason` is '' after a proper end. */
  readonly onOver: (reason: ResetReason | 'client-lost' | '', detail: string) => void;
}

export class SocketSplice implements StreamHandler, Flushable {
  readonly #options: SpliceOptions;
  readonly #socket: Socket;
  readonly #stream: TunnelStream;
  readonly #out: GatherWriter;
  /** Written, but the socket has not taken it: no credit for it yet. */
  #heldBytes = 0;
  #isQueued = false;
  #isServiceEnded = false;
  #isOver = false;
  bytesIn = 0;
  bytesOut = 0;
  /** Last time a byte moved. */
  progressMs: number;

  constructor(options: SpliceOptions) {
    const { socket, stream, pool, flusher } = options;
    this.#options = options;
    this.#socket = socket;
    this.#stream = stream;
    this.progressMs = options.nowMs();
    stream.handler = this;
    for (const bytes of options.first) stream.write(bytes, false);
    this.#out = new GatherWriter(socket, { pool, flusher, onDrain: () => this.#onSocketDrain() });
    socket.once('end', () => stream.end());
    socket.once('error', (error) => this.#lost(error.message));
    socket.once('close', () => this.#onSocketClosed());
    readDirectly(socket, (chunk) => this.#onSocketData(chunk));
    socket.resume();
  }

  /** Ends both sides at once. */
  abort(reason: ResetReason, detail: string): void {
    if (this.#isOver) return;
    this.#finish(reason, detail);
    this.#stream.reset(reason, detail);
    this.#cut();
  }

  onData(chunk: Buffer): void {
    this.bytesOut += chunk.length;
    this.progressMs = this.#options.nowMs();
    if (this.#out.write(chunk)) this.#stream.consume(chunk.length);
    else this.#heldBytes += chunk.length;
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#options.flusher.add(this);
  }

  onEnd(): void {
    this.#isServiceEnded = true;
    this.#out.end();
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#isOver) return;
    this.#finish(reason, detail);
    this.#cut();
  }

  onDrain(): void {
    this.#socket.resume();
  }

  flush(): void {
    this.#isQueued = false;
    this.#out.flush();
  }

  #onSocketData(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    this.progressMs = this.#options.nowMs();
    if (!this.#stream.write(chunk, true)) this.#socket.pause();
  }

  #onSocketDrain(): void {
    const byteCount = this.#heldBytes;
    this.#heldBytes = 0;
    if (byteCount > 0) this.#stream.consume(byteCount);
  }

  #onSocketClosed(): void {
    // Both have said that they are done; the client's last bytes may still be on their way through the tunnel.
    if (this.#isServiceEnded && this.#socket.readableEnded) return this.#finish('', '');
    this.#lost('the client closed the connection');
  }

  #lost(detail: string): void {
    if (this.#isOver) return;
    this.#finish('client-lost', detail);
    this.#stream.reset('cancelled', detail);
    this.#out.discard();
    this.#socket.destroy();
  }

  #cut(): void {
    this.#out.discard();
    this.#socket.resetAndDestroy();
  }

  #finish(reason: ResetReason | 'client-lost' | '', detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onOver(reason, detail);
  }
}

// Two tunnel streams joined: what comes on one goes out on the other, with the flow control of both. A worker relays so what
// another worker asks of a connector that is connected here only (relay-dialer.ts).
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';

/** Joins them until both are over; `opened` is called when `far` has been reached. */
export function joinStreams(near: TunnelStream, far: TunnelStream, opened: () => void): void {
  const outward = new Passage(near, far);
  const homeward = new Passage(far, near);
  near.handler = endOf(outward, homeward);
  far.handler = { ...endOf(homeward, outward), onOpened: opened };
}

/** The handler of a stream: its bytes go one way, and room in it lets the other way go on. */
function endOf(passage: Passage, other: Passage): StreamHandler {
  return {
    onData: (chunk) => passage.pass(chunk),
    onEnd: () => passage.end(),
    onReset: (reason, detail) => passage.reset(reason, detail),
    onDrain: () => other.drained(),
  };
}

/** One direction. */
class Passage {
  readonly #from: TunnelStream;
  readonly #to: TunnelStream;
  /** Passed on, but not given back: the reader is slow, and so the sender's window stays shut. */
  #heldBytes = 0;

  constructor(from: TunnelStream, to: TunnelStream) {
    this.#from = from;
    this.#to = to;
  }

  pass(chunk: Buffer): void {
    if (this.#to.write(chunk, true)) this.#from.consume(chunk.length);
    else this.#heldBytes += chunk.length;
  }

  drained(): void {
    const bytes = this.#heldBytes;
    this.#heldBytes = 0;
    if (bytes > 0) this.#from.consume(bytes);
  }

  end(): void {
    this.#to.end();
  }

  reset(reason: ResetReason, detail: string): void {
    // The word for a connection that is gone is not known on the wire.
    this.#to.reset(reason === 'connection-lost' ? 'origin-lost' : reason, detail);
  }
}

// Where the frames of a WebSocket end on their way to the client (RFC 6455 section 5.2), so that the edge can say
// goodbye in the client's own language when the connection behind it is lost: only between two frames may one be added.

/** A Close frame with 1001, "going away" (RFC 6455 section 7.4.1). */
export const goingAway: Buffer = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

const closeOpcode = 0x8;
/** Two bytes, then up to eight of length; frames from a server have no mask. */
const maxHeaderBytes = 10;

/** Follows the bytes that pass. HOT: a few steps per frame, none per byte of its payload. */
export class WebSocketBorder {
  readonly #header = Buffer.alloc(maxHeaderBytes);
  #headerBytes = 0;
  #payloadLeft = 0;
  #isClosed = false;

  /** True between two frames, unless the origin has said goodbye itself. */
  get maySpeak(): boolean {
    return this.#headerBytes === 0 && this.#payloadLeft === 0 && !this.#isClosed;
  }

  pass(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
      } else {
        this.#header[this.#headerBytes++] = chunk[at++]!;
        this.#readHeader();
      }
    }
  }

  #readHeader(): void {
    const header = this.#header;
    if (this.#headerBytes < 2) return;
    // A mask bit is a fault of the origin; the four bytes of the mask are counted with the payload.
    const maskBytes = header[1]! & 0x80 ? 4 : 0;
    const short = header[1]! & 0x7f;
    const wanted = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (this.#headerBytes < wanted) return;
    const payload =
      short === 127 ? Number(header.readBigUInt64BE(2)) : short === 126 ? header.readUInt16BE(2) : short;
    this.#payloadLeft = payload + maskBytes;
    this.#headerBytes = 0;
    if ((header[0]! & 0x0f) === closeOpcode) this.#isClosed = true;
  }
}

// DNS over TCP: messages with a 16-bit length in front (RFC 1035 section 4.2.2), cut out of whatever pieces arrive.

/** Puts the length in front of a message. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 + message.length);
  bytes.writeUInt16BE(message.length, 0);
  bytes.set(message, 2);
  return bytes;
}

/** Collects pieces and hands out whole messages. Keeps at most one message and the piece that ends it. */
export class MessageStream {
  /** Joined only when a message is whole, so that a byte at a time costs no copy each. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Length of the message that is arriving, with its prefix; 2 while not even that is known. */
  #wantedBytes = 2;

  /** Takes a piece in, which must not change afterwards; returns the messages that are whole now. */
  push(piece: Uint8Array): Buffer[] {
    this.#pieces.push(piece);
    this.#pendingBytes += piece.length;
    const messages: Buffer[] = [];
    while (this.#pendingBytes >= this.#wantedBytes) {
      const bytes = Buffer.concat(this.#pieces, this.#pendingBytes);
      const end = 2 + bytes.readUInt16BE(0);
      const isWhole = bytes.length >= end;
      if (isWhole) messages.push(bytes.subarray(2, end));
      const rest = isWhole ? bytes.subarray(end) : bytes;
      this.#pieces = rest.length > 0 ? [rest] : [];
      this.#pendingBytes = rest.length;
      this.#wantedBytes = isWhole ? 2 : end;
    }
    return messages;
  }

  /** Bytes of a message that is not whole yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }
}

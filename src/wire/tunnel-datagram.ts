// Datagrams on a tunnel stream: each is a length (u16, big-endian) and that many bytes, one after another, across DATA
// frames as it comes. docs/protocol/tunnel.md, section "Datagrams", draws it and holds examples that a test runs.

/** The longest UDP payload (IPv4: 65,535 without 8 and 20 bytes of headers). */
export const maxDatagramBytes = 65_507;

const lengthBytes = 2;

/** Room for any one datagram with its length. */
export const datagramRoomBytes = lengthBytes + maxDatagramBytes;

/** Writes a datagram into `memory` and returns the part that was filled. */
export function encodeDatagram(datagram: Uint8Array, memory: Buffer): Buffer {
  memory.writeUInt16BE(datagram.length, 0);
  memory.set(datagram, lengthBytes);
  return memory.subarray(0, lengthBytes + datagram.length);
}

/** Puts the datagrams of one direction together again, from pieces of any size. */
export class DatagramReader {
  /** Begun, of `#used` bytes; the length included. */
  readonly #memory = Buffer.allocUnsafeSlow(datagramRoomBytes);
  #used = 0;

  /** Hands every datagram that `chunk` completes to `take`, for the time of the call; false: it is no such stream. */
  read(chunk: Uint8Array, take: (datagram: Buffer) => void): boolean {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < bytes.length) {
      if (this.#used === 0 && bytes.length - at >= lengthBytes) {
        const length = bytes.readUInt16BE(at);
        if (length > maxDatagramBytes) return false;
        const end = at + lengthBytes + length;
        // Whole in one piece, as most are.
        if (end <= bytes.length) {
          take(bytes.subarray(at + lengthBytes, end));
          at = end;
          continue;
        }
      }
      const wanted = this.#used < lengthBytes ? lengthBytes : lengthBytes + this.#memory.readUInt16BE(0);
      const part = bytes.subarray(at, at + wanted - this.#used);
      this.#memory.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used < lengthBytes) continue;
      const whole = lengthBytes + this.#memory.readUInt16BE(0);
      if (whole > datagramRoomBytes) return false;
      if (this.#used < whole) continue;
      this.#used = 0;
      take(this.#memory.subarray(lengthBytes, whole));
    }
    return true;
  }
}

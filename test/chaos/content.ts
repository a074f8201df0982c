// Bytes that both ends know without telling each other: what a key and a size stand for is computed from the seed, so
// that a body, an upload or a message that was lost, cut or mixed up with another is seen.
import { randomBlock } from './random-block.ts';

const blockBytes = 1 << 20;

/** The content of one run: the same seed gives the same bytes at the origin and at the checker. */
export class Content {
  /** Twice the block, so that any stretch of it is one slice. */
  readonly #block: Buffer;

  constructor(seed: number) {
    const block = randomBlock(seed, blockBytes);
    this.#block = Buffer.concat([block, block]);
  }

  /** `bytes` of the content of `key` from `offset` on, at most 1 MiB; not to be written to. */
  slice(key: number, offset: number, bytes: number): Buffer {
    // A prime as the step, so that the contents of neighbouring keys have nothing in common.
    const start = (key * 7919 + offset) % blockBytes;
    return this.#block.subarray(start, start + bytes);
  }
}

/** Compares what comes, in pieces, with what should. */
export class Comparison {
  readonly #content: Content;
  readonly #key: number;
  /** What has come. */
  bytes = 0;
  /** Pieces that were not what they should have been count in full. */
  wrongBytes = 0;

  constructor(content: Content, key: number) {
    this.#content = content;
    this.#key = key;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += blockBytes) {
      const piece = chunk.subarray(at, at + blockBytes);
      if (!piece.equals(this.#content.slice(this.#key, this.bytes, piece.length)))
        this.wrongBytes += piece.length;
      this.bytes += piece.length;
    }
  }
}

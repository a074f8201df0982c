// Texts with a version (RULES, CONFIG) on their way: cut into pieces by the sender, gathered again by the receiver.
import { Buffer } from 'node:buffer';
import { frameError } from '#wire/tunnel-frame.ts';
import { encodePiece, pieceBytes, type VersionedPiece } from '#wire/tunnel-versioned-text.ts';

/** The payloads of the frames that carry `text`, in order; one, empty, for an empty text. */
export function splitText(version: number, text: Uint8Array): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at === 0 || at < text.length; at += pieceBytes) {
    const isLast = at + pieceBytes >= text.length;
    payloads.push(encodePiece({ version, isLast, bytes: text.subarray(at, at + pieceBytes) }));
  }
  return payloads;
}

/** Gathers the pieces of one text after another, within a limit. */
export class PieceGatherer {
  readonly #name: string;
  readonly #limitBytes: number;
  #pieces: Buffer[] = [];
  #byteCount = 0;
  #version = 0;

  constructor(name: 'RULES' | 'CONFIG', limitBytes: number) {
    this.#name = name;
    this.#limitBytes = limitBytes;
  }

  /** Adds a piece (copied); returns the whole text once the last has come. Throws `frameError`. */
  add(piece: VersionedPiece): Buffer | undefined {
    if (this.#pieces.length > 0 && piece.version !== this.#version) {
      throw frameError(`${this.#name} of version ${piece.version} in the middle of version ${this.#version}`);
    }
    this.#version = piece.version;
    this.#byteCount += piece.bytes.length;
    if (this.#byteCount > this.#limitBytes) {
      throw frameError(`${this.#name} longer than ${this.#limitBytes} bytes`);
    }
    this.#pieces.push(Buffer.from(piece.bytes));
    if (!piece.isLast) {
      if (piece.bytes.length === 0) throw frameError(`${this.#name} piece without content`);
      return undefined;
    }
    const text = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#byteCount = 0;
    return text;
  }
}

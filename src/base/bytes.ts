// Byte helpers that every room may use, and types for Buffer methods that Node has but its typings leave out.

declare global {
  interface Buffer {
    /** Bytes [start, end) as latin1 text; cheaper than toString, which looks the encoding up. */
    latin1Slice(start?: number, end?: number): string;
    /** Writes latin1 text at `offset`; returns the bytes written. */
    latin1Write(text: string, offset?: number, length?: number): number;
    /** Bytes [start, end) as UTF-8 text. */
    utf8Slice(start?: number, end?: number): string;
    /** Writes UTF-8 text at `offset`; returns the bytes written. */
    utf8Write(text: string, offset?: number, length?: number): number;
  }
}

/** An empty buffer that everyone may share. */
export const noBytes: Buffer = Buffer.alloc(0);

// One body being compressed, off the event loop: bytes in, compressed bytes out as they come, and a flush as soon as the
// origin pauses, so that nothing is held back. How many may be under way is limited; past that, bodies go as they are.
//
// Levels by measured cost (bench/codings.ts; a script of 100 KiB, two shared cores): zstd 3 takes 1.1 ms for 29 %, br 4 3.9
// ms for 29 %, gzip 4 2.2 ms for 28 %. What is stored is compressed once, so there it pays to go on until the curve
// flattens: zstd 7 3.2 ms for 27 %, br 5 6.5 ms for 26 %, gzip 6 4.0 ms for 27 %; br 9 and 11 take 45 and 217 ms for 26 and
// 24 %, which no small server has to spare.
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  zstdCompress,
} from 'node:zlib';
import type { BrotliOptions, Gzip, ZlibOptions, ZstdOptions } from 'node:zlib';
import type { Coding } from '#model/routes/compression-policy.ts';

/** What for: a body that is sent and forgotten, or one that is kept. */
export type CodingPurpose = 'sent' | 'kept';

const levels: Readonly<Record<CodingPurpose, Readonly<Record<Coding, number>>>> = {
  sent: { zstd: 3, br: 4, gzip: 4 },
  kept: { zstd: 7, br: 5, gzip: 6 },
};

/** Window of 512 KiB: larger ones cost memory for each body under way, and pages are smaller. */
const windowBits = 19;
/** Bytes that may wait to be compressed before the origin is told to wait. */
const waitingBytes = 131_072;

/** Bodies that may be compressed at the same time. Each takes up to about 2 MB while it is (br, the hungriest). */
export const maxEncoders = 64;

/** Counts the encoders of one edge. */
export class EncoderPool {
  #active = 0;

  get active(): number {
    return this.#active;
  }

  /** Takes a place, if one is free; `leave` gives it back. */
  enter(): boolean {
    if (this.#active >= maxEncoders) return false;
    this.#active += 1;
    return true;
  }

  leave(): void {
    this.#active -= 1;
  }
}

/** Who gets what comes out. */
export interface EncoderSink {
  data(bytes: Buffer): void;
  /** All that was written has been passed on, but the body goes on. */
  flushed(): void;
  /** There is room again after `write` returned false. */
  drained(): void;
  ended(): void;
  failed(error: Error): void;
}

/** A body under way; `pool` has a place for it, which is given back at its end. */
export class Encoder {
  readonly #stream: Gzip;
  readonly #sink: EncoderSink;
  readonly #pool: EncoderPool;
  readonly #flushKind: number;
  #pending = 0;
  #wantsFlush = false;
  #isFlushing = false;
  #isEnding = false;
  #isOver = false;

  constructor(
    coding: Coding,
    purpose: CodingPurpose,
    { pool, sink }: { pool: EncoderPool; sink: EncoderSink },
  ) {
    this.#sink = sink;
    this.#pool = pool;
    this.#stream = openStream(coding, levels[purpose][coding]);
    this.#flushKind = flushKinds[coding];
    this.#stream.on('data', (bytes: Buffer) => {
      if (!this.#isOver) sink.data(bytes);
    });
    this.#stream.on('end', () => {
      if (!this.#isOver) this.#leave();
      sink.ended();
    });
    this.#stream.on('error', (error) => {
      if (this.#isOver) return;
      this.#leave();
      sink.failed(error);
    });
    this.#stream.on('drain', () => {
      if (!this.#isOver) sink.drained();
    });
  }

  /** False: wait for `drained`. */
  write(bytes: Buffer): boolean {
    this.#pending += 1;
    // The bytes are the caller's until this returns, and the coder reads them on a thread of its own.
    return this.#stream.write(Buffer.from(bytes), () => {
      this.#pending -= 1;
      this.#flushIfDue();
    });
  }

  /**
   * What was written is to come out, though more follows. Done when nothing waits to be compressed any more, so a body that
   * comes in faster than it is compressed is not cut into small pieces.
   */
  flush(): void {
    this.#wantsFlush = true;
    this.#flushIfDue();
  }

  #flushIfDue(): void {
    if (!this.#wantsFlush || this.#pending > 0 || this.#isFlushing || this.#isEnding || this.#isOver) return;
    this.#wantsFlush = false;
    this.#isFlushing = true;
    this.#stream.flush(this.#flushKind, () => {
      this.#isFlushing = false;
      if (!this.#isOver) this.#sink.flushed();
      this.#flushIfDue();
    });
  }

  end(): void {
    this.#isEnding = true;
    this.#stream.end();
  }

  /** The reader does not keep up. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Gives the body up. */
  close(): void {
    if (this.#isOver) return;
    this.#leave();
    this.#stream.destroy();
  }

  #leave(): void {
    this.#isOver = true;
    this.#pool.leave();
  }
}

/** A whole body at once; cheaper than a stream for what is there already. */
export function encodeWhole(
  bytes: Buffer,
  coding: Coding,
  purpose: CodingPurpose,
  done: (coded: Buffer | undefined) => void,
): void {
  const level = levels[purpose][coding];
  const callback = (error: Error | null, coded: Buffer): void => done(error ? undefined : coded);
  if (coding === 'zstd') zstdCompress(bytes, zstdOptions(level), callback);
  else if (coding === 'br') brotliCompress(bytes, brotliOptions(level, bytes.length), callback);
  else gzip(bytes, gzipOptions(level), callback);
}

const flushKinds: Readonly<Record<Coding, number>> = {
  zstd: constants.ZSTD_e_flush,
  br: constants.BROTLI_OPERATION_FLUSH,
  gzip: constants.Z_SYNC_FLUSH,
};

function openStream(coding: Coding, level: number): Gzip {
  const sizes = { chunkSize: 32_768, highWaterMark: waitingBytes };
  // Node's three classes have one shape; the types say so of none.
  if (coding === 'zstd') return createZstdCompress({ ...zstdOptions(level), ...sizes }) as unknown as Gzip;
  if (coding === 'br')
    return createBrotliCompress({ ...brotliOptions(level, 0), ...sizes }) as unknown as Gzip;
  return createGzip({ ...gzipOptions(level), ...sizes });
}

function zstdOptions(level: number): ZstdOptions {
  return { params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowBits } };
}

function brotliOptions(level: number, sizeHint: number): BrotliOptions {
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_LGWIN]: windowBits,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: sizeHint,
    },
  };
}

function gzipOptions(level: number): ZlibOptions {
  return { level };
}

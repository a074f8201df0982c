// A stored body in another coding: made once, when the first client asks for it, and kept beside the body. While the body
// still comes in it is compressed as it comes; who asks meanwhile reads along.
import type { Coding } from '#model/routes/compression-policy.ts';
import type { ExchangeFailure } from '#http/exchange.ts';
import { Encoder, encodeWhole } from '../coding/encoder.ts';
import type { EncoderPool, EncoderSink } from '../coding/encoder.ts';
import { BodyReader } from '../cache/body-reader.ts';
import type { BodySink } from '../cache/body-reader.ts';
import type { CacheEntry } from '../cache/cache-entry.ts';
import { StoredBody } from '../cache/stored-body.ts';

/** Bodies up to this are compressed as a whole. */
const wholeBytes = 1_048_576;

/** What to do when a coded body is complete. */
type Settled = (entry: CacheEntry) => void;

/** The entry's body in a coding, perhaps still on its way; undefined when it must be sent as it is. */
export function codedBody(
  entry: CacheEntry,
  coding: Coding,
  pool: EncoderPool,
  settled: Settled,
): StoredBody | undefined {
  const known = entry.coded?.get(coding);
  if (known) return known;
  // What does not fit in memory uncompressed is not kept there compressed either.
  if (entry.body.isOnDisk || !pool.enter()) return undefined;
  const coded = new StoredBody();
  (entry.coded ??= new Map()).set(coding, coded);
  const bytes = entry.body.length <= wholeBytes ? entry.body.bytes() : undefined;
  if (bytes) encodeBytes(entry, coding, { bytes, coded, pool, settled });
  else new BodyCoder(entry, coding, { coded, pool, settled }).start();
  return coded;
}

interface CodingJob {
  readonly coded: StoredBody;
  readonly pool: EncoderPool;
  readonly settled: Settled;
}

function encodeBytes(entry: CacheEntry, coding: Coding, job: CodingJob & { readonly bytes: Buffer }): void {
  const { bytes, coded, pool, settled } = job;
  encodeWhole(bytes, coding, 'kept', (result) => {
    pool.leave();
    if (result === undefined) return forget(entry, coding, coded, 'it could not be compressed');
    coded.expectedLength = result.length;
    coded.append(result);
    coded.finish();
    settled(entry);
  });
}

function forget(entry: CacheEntry, coding: Coding, coded: StoredBody, reason: string): void {
  if (entry.coded?.get(coding) === coded) entry.coded.delete(coding);
  coded.fail(reason);
}

/** Reads a body as it comes and writes it coded. */
class BodyCoder implements BodySink, EncoderSink {
  readonly #entry: CacheEntry;
  readonly #coding: Coding;
  readonly #job: CodingJob;
  readonly #encoder: Encoder;
  readonly #reader: BodyReader;

  constructor(entry: CacheEntry, coding: Coding, job: CodingJob) {
    this.#entry = entry;
    this.#coding = coding;
    this.#job = job;
    this.#encoder = new Encoder(coding, 'kept', { pool: job.pool, sink: this });
    this.#reader = new BodyReader(entry.body, this, { first: 0, end: Infinity });
  }

  start(): void {
    this.#reader.start();
  }

  // BodySink: the body as it is.

  body(chunk: Buffer): boolean {
    return this.#encoder.write(chunk);
  }

  flush(): void {
    this.#encoder.flush();
  }

  end(): void {
    this.#encoder.end();
  }

  abort(cause: ExchangeFailure): void {
    this.#encoder.close();
    forget(this.#entry, this.#coding, this.#job.coded, cause.detail);
  }

  // EncoderSink: the body coded.

  data(bytes: Buffer): void {
    this.#job.coded.append(bytes);
  }

  flushed(): void {}

  drained(): void {
    this.#reader.downstreamDrained();
  }

  ended(): void {
    this.#job.coded.finish();
    this.#job.settled(this.#entry);
  }

  failed(error: Error): void {
    this.#reader.abort();
    forget(this.#entry, this.#coding, this.#job.coded, error.message);
  }
}

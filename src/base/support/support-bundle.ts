// A support bundle: what somebody who is to help needs to see, in one archive, every text of it scrubbed (secret-scrub.ts) and
// held to a size. Edge and connector fill it with what they have.
import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createScrubber } from './secret-scrub.ts';
import { tarArchive } from './tar-archive.ts';

/** A text for the bundle. */
export interface SupportText {
  /** Name of its file. */
  readonly name: string;
  /** What it is, for whoever decides whether to send it. */
  readonly about: string;
  readonly text: string;
}

/** What of a text is in the bundle. */
export interface SupportEntry {
  readonly name: string;
  readonly about: string;
  readonly bytes: number;
}

/** A text has so much of its end at most: what happened last counts. */
const maxTextBytes = 1024 * 1024;
/** All of them; a mail takes as much. */
const maxBytes = 8 * 1024 * 1024;

/** The texts as they go out. */
export function supportTexts(texts: readonly SupportText[], secrets: Iterable<string>): SupportText[] {
  const scrub = createScrubber(secrets);
  let left = maxBytes;
  return texts.map(({ name, about, text }) => {
    const whole = Buffer.from(scrub(text));
    const room = Math.min(maxTextBytes, left);
    const kept = whole.length <= room ? whole : whole.subarray(whole.length - room);
    left -= kept.length;
    const note = kept === whole ? '' : `(the first ${whole.length - kept.length} bytes are left out)\n`;
    return { name, about, text: note + kept.toString('utf8') };
  });
}

/** What is in it. */
export function supportEntries(texts: readonly SupportText[]): SupportEntry[] {
  return texts.map(({ name, about, text }) => ({ name, about, bytes: Buffer.byteLength(text) }));
}

/** The archive, `.tar.gz`, of texts that `supportTexts` has made. */
export async function supportArchive(texts: readonly SupportText[], nowMs: number): Promise<Buffer> {
  const files = texts.map(({ name, text }) => ({
    name: `sallyport-support/${name}`,
    content: Buffer.from(text),
  }));
  return await promisify(gzip)(tarArchive(files, nowMs));
}

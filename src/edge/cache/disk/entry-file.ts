// The file of one stored response: its body, then a header that says all about it, then a footer that says where the header
// is. The body comes first because its checksums are known only when it is there. A changed header is appended with a
// footer of its own; whatever is torn, cut or overwritten fails a checksum and is as if it were not there.
//
//   offset 0   "SPCACHE1"                       8 bytes
//          8   body                             `bodyBytes`
//              (older headers and footers)
//              header, JSON in UTF-8            `headerBytes`
//   end - 24   headerBytes  u32 LE
//         20   CRC-32 of the header  u32 LE
//         16   bodyBytes  u64 LE
//          8   "SPCACHE."
//
// The header holds a CRC-32 for each block of 64 KiB of the body, so that each block can be judged when it is read.
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { blockBytes } from '../stored-body.ts';

export const fileMagic = Buffer.from('SPCACHE1', 'latin1');
const footerMagic = Buffer.from('SPCACHE.', 'latin1');
export const footerBytes = 24;
/** Heads are at most 64 KiB, keys 10 KiB, and a gigabyte has 16,384 checksums of 10 characters. */
const maxHeaderBytes = 4 * 1024 * 1024;

const headerSchema = z.strictObject({
  key: z.string(),
  vary: z.array(z.string()),
  variant: z.string(),
  status: z.int(),
  /** Names and values in turn. */
  list: z.array(z.string()),
  isCodable: z.boolean(),
  /** Wall times in milliseconds: when the request was sent, and when the answer came. */
  requestWallMs: z.number(),
  receivedWallMs: z.number(),
  initialAgeMs: z.number(),
  lifetimeMs: z.number(),
  isAlwaysValidated: z.boolean(),
  staleWhileRevalidateMs: z.number(),
  staleIfErrorMs: z.number(),
  staleIfUnreachableMs: z.number(),
  /** Of each block of the body. */
  checksums: z.array(z.int()),
});

/** All about a stored response but its body. */
export type EntryHeader = z.infer<typeof headerSchema>;

/** Header and footer as they stand behind a body. */
export function encodeHeader(header: EntryHeader, bodyBytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const footer = Buffer.alloc(footerBytes);
  footer.writeUInt32LE(text.length, 0);
  footer.writeUInt32LE(crc32(text), 4);
  footer.writeBigUInt64LE(BigInt(bodyBytes), 8);
  footerMagic.copy(footer, 16);
  return Buffer.concat([text, footer]);
}

/** What a footer says; undefined when it is none, or cannot be true of a file of `fileBytes`. */
export function decodeFooter(
  footer: Uint8Array,
  fileBytes: number,
): { readonly headerBytes: number; readonly headerCrc: number; readonly bodyBytes: number } | undefined {
  const bytes = Buffer.from(footer.buffer, footer.byteOffset, footer.byteLength);
  if (bytes.length !== footerBytes || !bytes.subarray(16).equals(footerMagic)) return undefined;
  const headerBytes = bytes.readUInt32LE(0);
  const bodyBytes = Number(bytes.readBigUInt64LE(8));
  if (headerBytes > maxHeaderBytes) return undefined;
  if (fileMagic.length + bodyBytes + headerBytes + footerBytes > fileBytes) return undefined;
  return { headerBytes, headerCrc: bytes.readUInt32LE(4), bodyBytes };
}

/** A header whose checksum is right and whose checksums fit the body; undefined otherwise. */
export function decodeHeader(
  text: Uint8Array,
  { headerCrc, bodyBytes }: { readonly headerCrc: number; readonly bodyBytes: number },
): EntryHeader | undefined {
  if (crc32(text) !== headerCrc) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text).toString('utf8'));
  } catch {
    return undefined;
  }
  const header = headerSchema.safeParse(value);
  if (!header.success || header.data.list.length % 2 !== 0) return undefined;
  return header.data.checksums.length === Math.ceil(bodyBytes / blockBytes) ? header.data : undefined;
}

/** Where block `index` of a body stands in its file. */
export function blockOffset(index: number): number {
  return fileMagic.length + index * blockBytes;
}

/** A whole file in memory taken apart; undefined when anything about it is not as it was written. */
export function decodeFile(
  file: Buffer,
): { readonly header: EntryHeader; readonly body: Buffer } | undefined {
  if (file.length < fileMagic.length + footerBytes || !file.subarray(0, 8).equals(fileMagic))
    return undefined;
  const footer = decodeFooter(file.subarray(file.length - footerBytes), file.length);
  if (!footer) return undefined;
  const headerEnd = file.length - footerBytes;
  const header = decodeHeader(file.subarray(headerEnd - footer.headerBytes, headerEnd), footer);
  if (!header) return undefined;
  const body = file.subarray(fileMagic.length, fileMagic.length + footer.bodyBytes);
  for (const [index, sum] of header.checksums.entries()) {
    if (crc32(body.subarray(index * blockBytes, (index + 1) * blockBytes)) !== sum) return undefined;
  }
  return { header, body };
}

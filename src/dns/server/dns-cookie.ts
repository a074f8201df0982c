// Server cookies (RFC 7873, laid out as in RFC 9018): a client that shows one has received an answer at its address
// before, so it is no victim whose address somebody forged.
//
//   client cookie 8 | version 1, reserved 3 | time 4 | hash 8
import { createHmac, timingSafeEqual } from 'node:crypto';

const clientBytes = 8;
const serverBytes = 16;
/** RFC 9018 section 4.3: an hour back, five minutes ahead. */
const maxAgeSeconds = 3600;
const maxAheadSeconds = 300;

/** What a COOKIE option is: of the wrong length, from a client not met before, or shown back. */
export type CookieVerdict = 'malformed' | 'new' | 'valid';

/** Judges the COOKIE option of a query (RFC 7873 section 5.2). */
export function checkCookie(
  option: Uint8Array,
  { secret, address, nowSeconds }: CookieContext,
): CookieVerdict {
  if (option.length !== clientBytes && (option.length < 16 || option.length > 40)) return 'malformed';
  if (option.length !== clientBytes + serverBytes || option[clientBytes] !== 1) return 'new';
  const made = Buffer.from(option).readUInt32BE(clientBytes + 4);
  // Times are 32 bits and may wrap (RFC 1982).
  const age = (nowSeconds - made) | 0;
  if (age > maxAgeSeconds || age < -maxAheadSeconds) return 'new';
  const expected = makeCookie(option.subarray(0, clientBytes), { secret, address, nowSeconds: made });
  return timingSafeEqual(expected, option) ? 'valid' : 'new';
}

/** What a server cookie is bound to. */
export interface CookieContext {
  /** Of this process; a restart makes old cookies new ones. */
  readonly secret: Uint8Array;
  readonly address: string;
  readonly nowSeconds: number;
}

/** The COOKIE option for an answer: the client's own 8 bytes and ours. */
export function makeCookie(client: Uint8Array, { secret, address, nowSeconds }: CookieContext): Buffer {
  const bytes = Buffer.alloc(clientBytes + serverBytes);
  bytes.set(client.subarray(0, clientBytes));
  bytes[clientBytes] = 1;
  bytes.writeUInt32BE(nowSeconds >>> 0, clientBytes + 4);
  const hash = createHmac('sha256', secret).update(bytes.subarray(0, 16)).update(address).digest();
  hash.copy(bytes, 16, 0, 8);
  return bytes;
}

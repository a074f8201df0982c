// Short texts that are handed out and taken back: cookies of a site, the request to sign in, the way back. Each is signed
// with HMAC-SHA-256 for one purpose, and is worth nothing for another; whoever holds one can read it.
//
//   <payload, base64url>.<HMAC over purpose, NUL, payload; 43 characters of base64url>
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Signs and opens. Keys are shared by all threads and edges that take each other's texts. */
export interface TextSigner {
  sign(purpose: string, payload: string): string;
  /** The payload; undefined when it was not signed with one of the keys for this purpose. */
  open(purpose: string, text: string): string | undefined;
}

/** The HMAC as text. */
const macLength = 43;

/** A signer of secret keys (32 bytes each): the first signs, all of them open, so that one can be exchanged. */
export function createTextSigner(keys: readonly [Uint8Array, ...Uint8Array[]]): TextSigner {
  return {
    sign(purpose, payload) {
      const encoded = Buffer.from(payload, 'utf8').toString('base64url');
      return `${encoded}.${mac(keys[0], purpose, encoded).toString('base64url')}`;
    },
    open(purpose, text) {
      const dot = text.length - macLength - 1;
      if (dot < 0 || text.charCodeAt(dot) !== 0x2e) return undefined;
      const encoded = text.slice(0, dot);
      const given = Buffer.from(text.slice(dot + 1), 'base64url');
      const isGood = keys.some((key) => {
        const wanted = mac(key, purpose, encoded);
        return given.length === wanted.length && timingSafeEqual(given, wanted);
      });
      return isGood ? Buffer.from(encoded, 'base64url').toString('utf8') : undefined;
    },
  };
}

function mac(key: Uint8Array, purpose: string, encoded: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\0${encoded}`).digest();
}

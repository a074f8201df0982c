// Signs and opens short texts (base/secrets/signed-text.ts) with the keys of a ring that may be exchanged at any moment.
import { createTextSigner, type TextSigner } from '#base/secrets/signed-text.ts';
import { linkPurposes } from './access-pass.ts';
import { type AccessKeyRing, openingKeys, type PassageKey, signingKey } from './access-keys.ts';

/** A signer of whatever `ring` is at the time. */
export function createRingSigner(ring: () => AccessKeyRing, wallMs: () => number): TextSigner {
  const bytes = new WeakMap<PassageKey, Uint8Array>();
  const bytesOf = (key: PassageKey): Uint8Array => {
    const known = bytes.get(key) ?? new Uint8Array(Buffer.from(key.key, 'base64'));
    bytes.set(key, known);
    return known;
  };
  return {
    sign(purpose, payload) {
      // A ring has at least one.
      return createTextSigner([bytesOf(signingKey(ring().passage, wallMs())!)]).sign(purpose, payload);
    },
    open(purpose, text) {
      const use = linkPurposes.has(purpose) ? 'link' : 'short';
      const [first, ...rest] = openingKeys(ring().passage, use, wallMs()).map(bytesOf);
      return first && createTextSigner([first, ...rest]).open(purpose, text);
    },
  };
}

// What vaults need to keep secrets secret in a place that others can read; roles/ makes it from the key file.

export interface Sealer {
  /** `purpose` names what the bytes belong to; they open for nothing else. The result is ASCII. */
  seal(plain: Uint8Array, purpose: string): Uint8Array;
  /** @throws when the bytes were sealed with another key or for something else, or have changed since */
  open(sealed: Uint8Array, purpose: string): Uint8Array;
}

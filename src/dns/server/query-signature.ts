// The TSIG of a query (RFC 8945 section 5.2): which key signed it, if that holds, and how the answer is signed in turn.
import { rcodes } from '#wire/dns-numbers.ts';
import { appendTsig, checkTsig, signTsig, splitTsig, type Tsig, type TsigKey } from '#wire/dns-tsig.ts';

/** Keys by lower-case name. */
export type TsigKeys = ReadonlyMap<string, TsigKey>;

/** What a query's signature says. */
export interface QuerySignature {
  /** The query without its TSIG. */
  readonly unsigned: Uint8Array;
  readonly tsig: Tsig | undefined;
  /** The key it holds under; undefined for an unsigned query or a signature that does not hold. */
  readonly key: TsigKey | undefined;
  /** BADKEY, BADSIG or BADTIME; 0 when unsigned or good. */
  readonly error: number;
}

/** Reads and checks it. @throws SallyportError 'protocol-violation' for a malformed message */
export function readSignature(bytes: Uint8Array, keys: TsigKeys, wallMs: number): QuerySignature {
  const { unsigned, tsig } = splitTsig(bytes);
  if (!tsig) return { unsigned, tsig, key: undefined, error: 0 };
  const key = keys.get(tsig.keyName);
  if (!key) return { unsigned, tsig, key: undefined, error: rcodes.BADKEY };
  const fault = checkTsig(unsigned, tsig, key, { timeSeconds: Math.floor(wallMs / 1000) });
  if (fault === undefined) return { unsigned, tsig, key, error: 0 };
  const error = { 'bad-key': rcodes.BADKEY, 'bad-signature': rcodes.BADSIG, 'bad-time': rcodes.BADTIME }[
    fault
  ];
  // BADTIME is told under the key, which holds; the others have none to be told under.
  return { unsigned, tsig, key: fault === 'bad-time' ? key : undefined, error };
}

/** An answer's bytes, signed as the query was; errors of key and signature go back unsigned (section 5.3.2). */
export function signedAnswer(answer: Uint8Array, signature: QuerySignature, wallMs: number): Uint8Array {
  const { tsig, key, error } = signature;
  if (!tsig) return answer;
  const nowSeconds = Math.floor(wallMs / 1000);
  if (key && error === 0) {
    return signTsig(answer, key, { timeSeconds: nowSeconds, priorMac: tsig.mac }).bytes;
  }
  if (key) {
    const other = Buffer.alloc(6);
    other.writeUIntBE(nowSeconds, 0, 6);
    // The client's time, so that its own clock accepts the signature (section 5.2.3).
    return signTsig(answer, key, { timeSeconds: tsig.timeSeconds, priorMac: tsig.mac, error, other }).bytes;
  }
  const none = new Uint8Array(0);
  return appendTsig(answer, { ...tsig, mac: none, other: none, error });
}

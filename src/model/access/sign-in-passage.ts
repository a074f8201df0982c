// How a browser that has signed in at the dashboard's hostname comes to be known at another hostname of the edge. Three short
// signed texts (base/secrets/signed-text.ts), each for one hostname and one purpose:
//
//   app.example.com    no cookie    -> ask        { where to come back to, hash of a nonce in a cookie there }
//   the dashboard      signed in    -> hand-over  { the same, whose session it is, a number that is good once }
//   app.example.com    nonce fits   -> visit      { session, hostname, since when }, a cookie of that hostname alone
//
// The nonce ties both halves to one browser: a hand-over that somebody sends to another opens nothing there, nor does an
// ask that somebody else began bring him a session.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TextSigner } from '#base/secrets/signed-text.ts';

/** Path of everything that the edge answers itself on a protected hostname. */
export const signInBase = '/.well-known/sallyport';

/** Where the dashboard's hostname takes visitors of protected sites, below its base path. */
export const visitorPages = '/access';

/** Time to sign in, with a second factor, or at an issuer. */
export const askMs = 15 * 60_000;
/** From the dashboard's answer to the browser's next request. */
export const handOverMs = 60_000;
/** A visit is good for so long without being seen; while it is used, its cookie is exchanged. */
export const visitMs = 12 * 3_600_000;
/** A cookie older than this is exchanged with the next answer. */
export const renewVisitAfterMs = 15 * 60_000;
/** Longer paths are not come back to: the text must fit into an address. */
export const maxReturnLength = 2_000;

const purposes = { ask: 'access ask', handOver: 'access hand-over', visit: 'access visit' } as const;

const askSchema = z.strictObject({
  /** Canonical hostname. */
  host: z.string().min(1).max(253),
  /** Its https port, where another proxy serves it (model/access/forward-auth.ts); absent: the edge's own. */
  port: z.int().min(1).max(65_535).optional(),
  /** Path and query on it. */
  path: z.string().startsWith('/').max(maxReturnLength),
  /** base64url of the SHA-256 of the nonce. */
  nonceHash: z.string().length(43),
  expiresAtMs: z.number(),
});

const handOverSchema = askSchema.extend({
  sessionId: z.string().min(1).max(100),
  userId: z.string().min(1).max(100),
  /** Good once. */
  number: z.string().min(16).max(64),
});

const visitSchema = z.strictObject({
  host: z.string().min(1).max(253),
  sessionId: z.string().min(1).max(100),
  userId: z.string().min(1).max(100),
  issuedAtMs: z.number(),
});

export type SignInAsk = z.infer<typeof askSchema>;
export type HandOver = z.infer<typeof handOverSchema>;
export type AccessVisit = z.infer<typeof visitSchema>;

/** Makes and reads the three texts. What is read has been signed here, is for its purpose, and has not run out. */
export interface Passage {
  formatAsk(ask: SignInAsk): string;
  readAsk(text: string, nowMs: number): SignInAsk | undefined;
  formatHandOver(handOver: HandOver): string;
  readHandOver(text: string, nowMs: number): HandOver | undefined;
  formatVisit(visit: AccessVisit): string;
  /** Whether it has run out is for the reader to see: a kept one does later. */
  readVisit(text: string): AccessVisit | undefined;
}

/** The passage of a signer. */
export function createPassage(signer: TextSigner): Passage {
  const read = <S extends z.ZodType>(schema: S, purpose: string, text: string): z.infer<S> | undefined => {
    const payload = signer.open(purpose, text);
    if (payload === undefined) return undefined;
    const result = schema.safeParse(JSON.parse(payload));
    return result.success ? result.data : undefined;
  };
  // What runs out later than anything made now would was made by a clock that has been set back since.
  const inTime = <T extends { readonly expiresAtMs: number }>(
    value: T | undefined,
    nowMs: number,
    longestMs: number,
  ) =>
    value !== undefined && nowMs < value.expiresAtMs && value.expiresAtMs < nowMs + longestMs
      ? value
      : undefined;
  return {
    formatAsk: (ask) => signer.sign(purposes.ask, JSON.stringify(ask)),
    readAsk: (text, nowMs) => inTime(read(askSchema, purposes.ask, text), nowMs, 2 * askMs),
    formatHandOver: (handOver) => signer.sign(purposes.handOver, JSON.stringify(handOver)),
    readHandOver: (text, nowMs) =>
      inTime(read(handOverSchema, purposes.handOver, text), nowMs, 2 * handOverMs),
    formatVisit: (visit) => signer.sign(purposes.visit, JSON.stringify(visit)),
    readVisit: (text) => read(visitSchema, purposes.visit, text),
  };
}

/** What is shown of a nonce. */
export function hashOfNonce(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url');
}

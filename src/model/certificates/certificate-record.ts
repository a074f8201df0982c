// What is kept about certificates: accounts at authorities, certificates with their keys, orders that were made and orders
// under way. Plain data with the schemas beside it; model/certificates/certificate-vault.ts keeps it.
import { z } from 'zod';

/** Ways to show an authority that a hostname leads here (RFC 8555 section 8, RFC 8737), in the order of preference. */
export const challengeMethods = ['dns-01', 'tls-alpn-01', 'http-01'] as const;
export type ChallengeMethod = (typeof challengeMethods)[number];

/** Wall time in milliseconds. */
const timeMs = z.number().nonnegative();
const names = z.array(z.string().min(1)).min(1);
/** Records are kept in files of their name. */
const id = z.string().regex(/^[a-z0-9_][a-z0-9_.-]{0,199}$/);
/** '' where no challenge was needed: an imported certificate. */
const method = z.enum([...challengeMethods, '']);

/** An account at a certificate authority. */
export const accountRecordSchema = z.object({
  /** URL of the authority's directory, which is its identity. */
  authority: z.string(),
  accountUrl: z.string(),
  /** PKCS #8, PEM. */
  keyPem: z.string(),
  email: z.string(),
  createdAtMs: timeMs,
});
export type AccountRecord = z.output<typeof accountRecordSchema>;

/** When the authority would like a certificate to be renewed (RFC 9773). */
export const renewalWindowSchema = z.object({
  startMs: timeMs,
  endMs: timeMs,
  /** A page that explains, or ''. */
  explanationUrl: z.string(),
  /** When to ask again. */
  askAgainAtMs: timeMs,
});
export type RenewalWindow = z.output<typeof renewalWindowSchema>;

/** How a certificate was got: what its order was made for, and what happened. Order records are forgotten before. */
export const issuanceSchema = z.object({
  cause: z.string(),
  startedAtMs: timeMs,
  endedAtMs: timeMs,
  lines: z.array(z.string()),
});

/** A certificate with its key. A renewed one has the id of the one before and takes its place. */
export const certificateRecordSchema = z.object({
  id,
  /** Lower-case DNS names, `*.` for one label. */
  names,
  /** The certificate, then its chain. */
  certPem: z.string(),
  keyPem: z.string(),
  source: z.enum(['acme', 'imported']),
  /** Directory URL, '' for an imported certificate. */
  authority: z.string(),
  method,
  /** Why this method, in words. */
  methodReason: z.string(),
  /** '' for the authority's choice. */
  profile: z.string(),
  obtainedAtMs: timeMs,
  notBeforeMs: timeMs,
  notAfterMs: timeMs,
  /** Drawn once in [0, 1): spreads renewals of certificates that were got together. */
  jitter: z.number().min(0).lt(1),
  renewal: renewalWindowSchema.optional(),
  issuance: issuanceSchema.optional(),
});
export type CertificateRecord = z.output<typeof certificateRecordSchema>;

/** How an order failed. */
export const orderFailureSchema = z.object({
  /** Of the catalogue in base/errors.ts. */
  code: z.string(),
  message: z.string(),
  /** The authority's problem type, such as `dns` or `caa`, or ''. */
  problem: z.string(),
  /** Names at fault with the reason for each; none: all of them, or the authority itself. */
  failedNames: z.record(z.string(), z.string()),
  /** Not before this time again, where the authority said so. */
  retryAtMs: timeMs.optional(),
});
export type OrderFailure = z.output<typeof orderFailureSchema>;

/** An order that has ended, well or not. */
export const orderRecordSchema = z.object({
  id,
  certificateId: id,
  names,
  authority: z.string(),
  method,
  methodReason: z.string(),
  /** Why it was made: `first`, `renewal`, ... in words. */
  cause: z.string(),
  startedAtMs: timeMs,
  endedAtMs: timeMs,
  failure: orderFailureSchema.optional(),
  /** What happened, with times. */
  lines: z.array(z.string()),
});
export type OrderRecord = z.output<typeof orderRecordSchema>;

/** An order under way, kept before anything of it is spent: whatever happens next, its certificate can be fetched. */
export const pendingOrderSchema = z.object({
  id,
  certificateId: id,
  names,
  authority: z.string(),
  orderUrl: z.string(),
  keyPem: z.string(),
  method,
  methodReason: z.string(),
  profile: z.string(),
  cause: z.string(),
  startedAtMs: timeMs,
});
export type PendingOrder = z.output<typeof pendingOrderSchema>;

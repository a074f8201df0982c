// A certificate as people see it: for which hostnames it stands, where it came from and why that way, how long it is good,
// what comes next, and what goes wrong. Made by certs/certificate-views.ts from what is known at the moment, shown by the
// API, the commands and the dashboard. Never holds a key.
import { z } from 'zod';
import { challengeMethods, orderFailureSchema } from './certificate-record.ts';

const timeMs = z.int().min(0);

/** Where a certificate comes from; `none`: there is none for the hostname. */
export const certificateSources = ['acme', 'imported', 'file', 'internal', 'none'] as const;
/** How it is; `internal`: good, for those who trust the edge's own CA. */
export const certificateStates = ['good', 'expiring', 'bad', 'missing', 'internal'] as const;

/** An order that has ended, or runs. */
export const orderViewSchema = z
  .object({
    names: z.array(z.string()),
    authority: z.string().meta({ description: 'What people call it, or the host of its directory.' }),
    method: z.enum([...challengeMethods, '']),
    methodReason: z.string(),
    cause: z.string().meta({ description: 'Why it was made.' }),
    startedAtMs: timeMs,
    endedAtMs: timeMs,
    /** Null when it was issued. */
    failure: orderFailureSchema
      .pick({ code: true, message: true, problem: true, failedNames: true })
      .nullable(),
    lines: z.array(z.string()).meta({ description: 'What happened, each line with its time.' }),
  })
  .meta({ id: 'CertificateOrder' });

export const certificateViewSchema = z
  .object({
    id: z
      .string()
      .meta({ description: 'Of the certificate; `missing:` and a hostname where there is none.' }),
    names: z.array(z.string()).meta({ description: 'That it is good for.' }),
    hostnames: z.array(z.string()).meta({ description: 'Served hostnames that are shown it now.' }),
    source: z.enum(certificateSources),
    state: z.enum(certificateStates),
    detail: z.string().meta({ description: 'The state in one sentence.' }),
    warning: z.string().meta({
      description: 'What goes wrong, and the day on which visitors notice; empty when all is well.',
    }),
    isOrdering: z.boolean().meta({ description: 'An order for it is under way.' }),
    issuer: z.string(),
    authority: z.string().meta({ description: 'By which it was ordered; empty when by none.' }),
    method: z.enum([...challengeMethods, '']),
    methodReason: z.string(),
    profile: z.string(),
    serial: z.string(),
    fingerprint: z.string().meta({ description: 'SHA-256, hex with colons.' }),
    notBeforeMs: timeMs.nullable(),
    notAfterMs: timeMs.nullable(),
    /** Null where the edge renews nothing. */
    renewal: z
      .object({
        atMs: timeMs,
        reason: z.string(),
        /** What the authority suggests (RFC 9773). */
        window: z.object({ startMs: timeMs, endMs: timeMs, explanationUrl: z.string() }).nullable(),
      })
      .nullable(),
    /** A failed order is not tried again before. */
    nextTryAtMs: timeMs.nullable(),
    lastOrder: orderViewSchema.omit({ lines: true }).nullable(),
  })
  .meta({ id: 'Certificate' });

/** With the logs of its last orders, newest first. */
export const certificateDetailSchema = certificateViewSchema
  .extend({ orders: z.array(orderViewSchema) })
  .meta({ id: 'CertificateDetail' });

export type OrderView = z.output<typeof orderViewSchema>;
export type CertificateView = z.output<typeof certificateViewSchema>;
export type CertificateDetail = z.output<typeof certificateDetailSchema>;
export type CertificateViewState = CertificateView['state'];

/** A certificate with its key, as somebody brings it: PEM texts. */
export interface CertificatePem {
  /** The certificate first, then its chain. */
  readonly certificate: string;
  readonly key: string;
}

// When a certificate is to be renewed: a pure function of its dates, of what its authority suggests (RFC 9773) and of the
// number drawn for it. Nothing here knows how long certificates usually live: six days work like ninety.
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';

/** What is needed of a record. */
export type Renewable = Pick<CertificateRecord, 'notBeforeMs' | 'notAfterMs' | 'jitter' | 'renewal'>;

export interface RenewalTime {
  readonly atMs: number;
  /** In words, for `cert show` and logs. */
  readonly reason: string;
}

/** At this part of its life a certificate is renewed, or up to `spread` earlier. */
const renewedAt = 2 / 3;
/** Four days of ninety, six hours of six days: enough to keep a hundred renewals out of one hour. */
const spread = 0.045;
/** An authority's window must leave this much of life, or it is not followed. */
const leastLeft = 0.05;

/** When to renew; a time that has passed means now. */
export function renewalTime(certificate: Renewable): RenewalTime {
  const { notBeforeMs, notAfterMs, jitter, renewal } = certificate;
  const lifeMs = notAfterMs - notBeforeMs;
  const ownMs = Math.round(notBeforeMs + lifeMs * (renewedAt - spread * jitter));
  if (!renewal) return { atMs: ownMs, reason: 'two thirds of its life' };
  const { startMs, endMs } = renewal;
  // The end must follow the start, and a time close to expiry leaves no room for a second try.
  if (endMs <= startMs)
    return { atMs: ownMs, reason: 'two thirds of its life; the authority suggests nonsense' };
  const pickedMs = Math.round(startMs + (endMs - startMs) * jitter);
  const lastMs = notAfterMs - lifeMs * leastLeft;
  if (pickedMs > lastMs)
    return {
      atMs: ownMs,
      reason: 'two thirds of its life; the authority suggests a later time than is safe',
    };
  const why = renewal.explanationUrl === '' ? '' : `, see ${renewal.explanationUrl}`;
  return { atMs: pickedMs, reason: `the authority suggests this time${why}` };
}

/** RFC 9773 section 4.3.2: a minute at least, a day at most, six hours where the authority says nothing. */
export function askRenewalAgainMs(retryAfterMs: number | undefined): number {
  return Math.min(86_400_000, Math.max(60_000, retryAfterMs ?? 6 * 3_600_000));
}

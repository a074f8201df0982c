// How the certificate of a hostname is, in a word and a sentence: the one rule by which lists, explain and the certificate
// page judge.
import type { CertificateViewState } from '#model/certificates/certificate-view.ts';
import type { CertificateOrigin } from './certificate-store.ts';

export interface Condition {
  readonly state: CertificateViewState;
  readonly detail: string;
  readonly expiresAtMs: number | null;
}

const dayMs = 86_400_000;
/** Whoever renews a file by hand needs two weeks; no certificate that is renewed by itself comes this near its end. */
const soonMs = 14 * dayMs;
/** Of short-lived certificates, this part of their life: renewal is due at a third. */
const soonPart = 1 / 6;

/** Judges by where the certificate comes from. */
export function conditionOf(origin: CertificateOrigin, nowMs: number): Condition {
  if (origin.source === 'none') {
    return {
      state: 'missing',
      detail: 'No certificate is there for this hostname; browsers will warn.',
      expiresAtMs: null,
    };
  }
  if (origin.source === 'internal') {
    return {
      state: 'internal',
      detail: "Signed by the edge's own CA; browsers that do not trust it will warn.",
      expiresAtMs: origin.certificate?.notAfterMs ?? null,
    };
  }
  const { notAfterMs } = origin.certificate;
  const what = whatOf(origin);
  const day = dayOf(notAfterMs);
  if (notAfterMs <= nowMs)
    return { state: 'bad', detail: `${what}; it expired on ${day}.`, expiresAtMs: notAfterMs };
  const lifeMs = origin.source === 'issued' ? notAfterMs - origin.certificate.record.notBeforeMs : Infinity;
  const isSoon = notAfterMs - nowMs < Math.min(soonMs, lifeMs * soonPart);
  return {
    state: isSoon ? 'expiring' : 'good',
    detail: `${what}; good until ${day}.`,
    expiresAtMs: notAfterMs,
  };
}

function whatOf(origin: Extract<CertificateOrigin, { source: 'file' | 'issued' }>): string {
  if (origin.source !== 'issued') return 'From a file';
  return origin.certificate.record.source === 'imported' ? 'Imported' : 'Renewed by the edge';
}

/** `2027-01-14` */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

// Words and tones for certificates.
import type { CertificateView } from '#model/certificates/certificate-view.ts';
import type { Tone } from '../../kit/status.tsx';

export const certificateTone: Readonly<Record<CertificateView['state'], Tone>> = {
  ...{ good: 'good', expiring: 'warn', bad: 'bad', missing: 'bad', internal: 'off' },
};

export const certificateWords: Readonly<Record<CertificateView['state'], string>> = {
  ...{ good: 'good', expiring: 'ends soon', bad: 'expired', missing: 'missing', internal: 'internal CA' },
};

export const sourceWords: Readonly<Record<CertificateView['source'], string>> = {
  acme: 'ordered by the edge',
  imported: 'imported',
  file: 'from a file',
  internal: "the edge's own CA",
  none: 'none',
};

export const methodWords: Readonly<Record<CertificateView['method'], string>> = {
  'dns-01': 'DNS record (DNS-01)',
  'tls-alpn-01': 'TLS handshake (TLS-ALPN-01)',
  'http-01': 'HTTP file (HTTP-01)',
  '': 'none needed',
};

/** What a certificate is called: what it serves, else what it is for. */
export function titleOf({ hostnames, names, id }: CertificateView): string {
  return hostnames[0] ?? names[0] ?? id;
}

/** A moment ahead, with its day: `14 Jan 2027`. */
export function formatDay(atMs: number): string {
  return new Date(atMs).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

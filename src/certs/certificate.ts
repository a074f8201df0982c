// A certificate as the edge shows it: a TLS context with the names it is good for.
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

/** TLS 1.3's suites, and of TLS 1.2 only those with forward secrecy and authenticated encryption (RFC 9325). */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** A certificate that is ready to be shown, and when it stops being good. */
export interface Certificate {
  readonly context: SecureContext;
  /** What the context was made from. */
  readonly options: SecureContextOptions;
  /** Lower-case DNS names (`*.` for one label) and IP addresses. */
  readonly names: readonly string[];
  readonly notAfterMs: number;
}

/** Makes the context once, so that a handshake does not parse PEM. */
export function createCertificate(pem: {
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly notAfterMs: number;
}): Certificate {
  const options: SecureContextOptions = {
    cert: pem.cert,
    key: pem.key,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
  };
  return {
    context: createSecureContext(options),
    options,
    names: pem.names,
    notAfterMs: pem.notAfterMs,
  };
}

/** Whether a certificate for `names` is good for `host` (RFC 6125 section 6.4.3: `*` is exactly one left-most label). */
export function isNamedIn(names: readonly string[], host: string): boolean {
  return names.includes(host) || names.includes(wildcardOf(host));
}

/** `*.example.com` for `blog.example.com`; '' for a name of one label. */
export function wildcardOf(host: string): string {
  const dot = host.indexOf('.');
  return dot < 0 ? '' : `*${host.slice(dot)}`;
}

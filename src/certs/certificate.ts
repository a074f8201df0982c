// A certificate as the edge shows it: a TLS context with the names it is good for.
import { createSecureContext, type SecureContext } from 'node:tls';

/** A certificate that is ready to be shown, and when it stops being good. */
export interface Certificate {
  readonly context: SecureContext;
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
  return {
    context: createSecureContext({ cert: pem.cert, key: pem.key }),
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

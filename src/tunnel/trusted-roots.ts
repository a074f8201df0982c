// The roots by which an edge is trusted when no pin decides: what this process and this machine trust, and the CA file
// that the operator named. To parse some hundreds of certificates takes 20 to 40 ms, so whoever dials again and again
// (every connection of a connector after an outage) keeps one of these.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

export class TrustedRoots {
  #caText = '';
  #context: SecureContext | undefined;

  /** A TLS 1.3 context that trusts the machine's roots and those in `caText` (PEM; '' for none). */
  contextWith(caText: string): SecureContext {
    if (this.#context === undefined || caText !== this.#caText) {
      this.#caText = caText;
      this.#context = createSecureContext({ ca: rootsWith(caText), minVersion: 'TLSv1.3' });
    }
    return this.#context;
  }
}

function rootsWith(caText: string): string[] {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  if (caText !== '') roots.add(caText);
  return [...roots];
}

// The roots by which an edge is trusted when no pin decides: what this process and this machine trust, and the CA file
// that the operator named. To parse some hundreds of certificates takes 20 to 40 ms and 6 MB, so whoever dials again and
// again (every connection of a connector after an outage) keeps one of these, and who was given a CA or a pin tries
// without the machine's roots first: an edge of one's own mostly needs none of them.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

interface Kept {
  readonly caText: string;
  readonly context: SecureContext;
}

export class TrustedRoots {
  /** The edge's certificate could be verified with the machine's roots only; they are tried at once from now on. */
  areMachineRootsNeeded = false;
  #named: Kept | undefined;
  #all: Kept | undefined;

  /** A TLS 1.3 context that trusts the roots in `caText` (PEM; '' for none) and no others. */
  namedContext(caText: string): SecureContext {
    if (this.#named?.caText !== caText) this.#named = keep(caText, caText === '' ? [] : [caText]);
    return this.#named!.context;
  }

  /** A TLS 1.3 context that trusts the machine's roots and those in `caText` (PEM; '' for none). */
  wholeContext(caText: string): SecureContext {
    if (this.#all?.caText !== caText) this.#all = keep(caText, rootsWith(caText));
    return this.#all!.context;
  }
}

function keep(caText: string, ca: string[]): Kept {
  return { caText, context: createSecureContext({ ca, minVersion: 'TLSv1.3' }) };
}

function rootsWith(caText: string): string[] {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  if (caText !== '') roots.add(caText);
  return [...roots];
}

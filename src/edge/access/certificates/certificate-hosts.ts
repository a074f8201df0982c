// On which hostnames a client is asked for a certificate: those with a rule about one, and no other, since browsers that are
// asked put a question to their user. A connection of HTTP/2 may carry several hostnames; it never carries a certificate to
// one that takes other authorities' (RFC 9113 section 9.1.1: 421, and the client makes a connection of its own).
import { compilePolicy, isPublic } from '#http/access/compiled-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';

/** An immutable table; made anew for every snapshot. */
export class CertificateHosts {
  /** Authorities by hostname or by the suffix of a wildcard (`*.x`); '' where none are asked for. */
  readonly #asked = new Map<string, string>();

  constructor(routes: readonly RouteEntry[]) {
    const names = new Map<string, Set<string>>();
    for (const { hostname, access } of routes) {
      const ofHost = names.get(hostname) ?? new Set();
      names.set(hostname, ofHost);
      if (isPublic(access)) continue;
      for (const name of compilePolicy(access!).certificates) ofHost.add(name.split('/', 1)[0]!);
    }
    if (![...names.values()].some(({ size }) => size > 0)) return;
    for (const [hostname, set] of names) this.#asked.set(hostname, [...set].toSorted().join(' '));
  }

  /** Names all hostnames and authorities; another text after each change. */
  get fingerprint(): string {
    return [...this.#asked]
      .flatMap(([host, names]) => (names === '' ? [] : [`${host} ${names}`]))
      .toSorted()
      .join('\n');
  }

  /** Whether a handshake for this name asks. HOT: nothing where no route has such a rule. */
  asks(serverName: string): boolean {
    return this.#asked.size > 0 && serverName !== '' && this.#of(serverName) !== '';
  }

  /** Whether a connection made for `serverName` must not carry a request for `host`. */
  keepsApart(serverName: string, host: string): boolean {
    if (this.#asked.size === 0 || serverName === '' || serverName === host) return false;
    const wanted = this.#of(host);
    return wanted !== '' && wanted !== this.#of(serverName);
  }

  /** As the router finds a hostname: exact before wildcards, longer suffixes before shorter. */
  #of(host: string): string {
    const exact = this.#asked.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#asked.get(`*${host.slice(dot)}`);
      if (found !== undefined) return found;
    }
    return '';
  }
}

// The certificate that visitors are shown, by a real TLS handshake. Whether to trust it is judged afterwards, in words.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { errorText } from '#base/errors.ts';

/** A handshake over the internet, or with this very machine. */
const defaultWithinMs = 5_000;

export interface ShownCertificate {
  readonly certificate: X509Certificate;
  /** By the authorities that this machine trusts. */
  readonly isTrusted: boolean;
}

/** The certificate, or a sentence why there is none. */
export function shownAt({
  host,
  port,
  hostname,
  withinMs = defaultWithinMs,
}: {
  readonly host: string;
  readonly port: number;
  /** Or an address, in brackets if it is IPv6. */
  readonly hostname: string;
  readonly withinMs?: number | undefined;
}): Promise<ShownCertificate | { readonly fault: string }> {
  return new Promise((resolve) => {
    // Whoever asks for an address names no server (RFC 6066 section 3).
    const servername = addressOf(hostname) === undefined ? hostname : '';
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no handshake in ${withinMs / 1000} s`)),
      withinMs,
    );
    const finish = (found: ShownCertificate | { readonly fault: string }): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    socket.on('secureConnect', () => {
      const raw = socket.getPeerCertificate().raw as Buffer | undefined;
      finish(
        raw
          ? { certificate: new X509Certificate(raw), isTrusted: socket.authorized }
          : { fault: 'The edge showed no certificate.' },
      );
    });
    socket.on('error', (error) => finish({ fault: `The handshake failed: ${errorText(error)}.` }));
  });
}

/** Whether a certificate is for a hostname or an address. */
export function covers(certificate: X509Certificate, hostname: string): boolean {
  const address = addressOf(hostname);
  return (
    (address === undefined ? certificate.checkHost(hostname) : certificate.checkIP(address)) !== undefined
  );
}

/** A URL's host as an address, undefined for a name. */
function addressOf(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

// The first process's side of its workers' certificates (asked-certificates.ts): what it shows for a name, and what all
// workers must know beforehand.
import { X509Certificate } from 'node:crypto';
import type { Certificate } from '#certs/certificate.ts';
import type { CertificateStore } from '#certs/certificate-store.ts';
import type { CertificateBasics, ShownPem } from './worker-contract.ts';

/** What is shown for a server name; waits, as a handshake does, while it is being got. */
export async function shownFor(store: CertificateStore, serverName: string): Promise<ShownPem | undefined> {
  await store.expect(serverName);
  const certificate = store.shownFor(serverName);
  return certificate && pemOf(store, certificate);
}

/** What workers are sent at their start and after each change. */
export function basicsOf(store: CertificateStore): CertificateBasics {
  const fallback = store.shownFor('');
  return {
    ticketKeys: store.ticketKeys,
    needsStaples: store.needsStaples,
    fallback: fallback && pemOf(store, fallback),
    challenges: store.challenges,
  };
}

function pemOf(store: CertificateStore, { options, names, notAfterMs }: Certificate): ShownPem {
  const cert = String(options.cert);
  const staple = store.needsStaples ? store.stapleFor(new X509Certificate(cert).raw) : undefined;
  return { cert, key: options.key as string, names, notAfterMs, staple };
}

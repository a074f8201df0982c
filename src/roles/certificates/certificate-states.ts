// The state of each hostname's certificate in words, for the list of what is exposed.
import { conditionOf } from '#certs/certificate-condition.ts';
import type { CertificateStore } from '#certs/certificate-store.ts';
import type { CertificateState } from '#control/edge-view.ts';

/** States by hostname. */
export function certificateStatesOf(
  store: CertificateStore,
  hostnames: Iterable<string>,
  nowMs: number,
): Map<string, CertificateState> {
  return new Map([...hostnames].map((hostname) => [hostname, conditionOf(store.originFor(hostname), nowMs)]));
}

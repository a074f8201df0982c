// The state of each hostname's certificate in words, for the list of what is exposed.
import type { CertificateOrigin, CertificateStore } from '#certs/certificate-store.ts';
import type { CertificateState } from '#control/edge-view.ts';

const dayMs = 86_400_000;
/** A certificate that is renewed by itself has been renewed long before this; one from a file is its owner's business. */
const soonMs = 7 * dayMs;

/** States by hostname. */
export function certificateStatesOf(
  store: CertificateStore,
  hostnames: Iterable<string>,
  nowMs: number,
): Map<string, CertificateState> {
  return new Map([...hostnames].map((hostname) => [hostname, stateOf(store.originFor(hostname), nowMs)]));
}

function stateOf({ source, notAfterMs }: CertificateOrigin, nowMs: number): CertificateState {
  const expiresAtMs = notAfterMs === 0 ? null : notAfterMs;
  switch (source) {
    case 'none':
      return {
        state: 'missing',
        detail: 'No certificate is there for this hostname; browsers will warn.',
        expiresAtMs,
      };
    case 'internal':
      return {
        state: 'internal',
        detail: "Signed by the edge's own CA; browsers that do not trust it will warn.",
        expiresAtMs,
      };
    default:
      return datedState(source === 'file' ? 'From a file' : 'Renewed by the edge', notAfterMs, nowMs);
  }
}

function datedState(what: string, notAfterMs: number, nowMs: number): CertificateState {
  const day = new Date(notAfterMs).toISOString().slice(0, 10);
  if (notAfterMs <= nowMs) {
    return { state: 'bad', detail: `${what}; it expired on ${day}.`, expiresAtMs: notAfterMs };
  }
  const isSoon = notAfterMs - nowMs < soonMs;
  return {
    state: isSoon ? 'expiring' : 'good',
    detail: `${what}; good until ${day}.`,
    expiresAtMs: notAfterMs,
  };
}

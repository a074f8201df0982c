// What to tell the operator when an edge cannot be dialled: one sentence with the cause and the cure, by error code.
import type { X509Certificate } from 'node:crypto';
import { errorText, SallyportError } from '#base/errors.ts';

/** What was dialled, for the sentence. */
export interface DialTarget {
  /** `host:port`. */
  readonly address: string;
  readonly serverName: string;
  readonly wallMs: number;
}

/** The explanation of a certificate that was refused; `fault` is OpenSSL's or Node's code. */
export function certificateError(
  fault: string,
  chain: readonly X509Certificate[],
  target: DialTarget,
): SallyportError {
  return new SallyportError('certificate-invalid', certificateSentence(fault, chain, target), {
    cause: { code: fault },
  });
}

/** The explanation of a connection that failed before or during the TLS handshake. */
export function connectError(error: unknown, target: DialTarget): SallyportError {
  const code = codeOf(error);
  const { address } = target;
  const explain = connectSentences[code];
  const text = explain?.(target) ?? `The edge ${address} could not be reached: ${errorText(error)}.`;
  return new SallyportError('edge-unreachable', text, { cause: error });
}

/** The edge did not take part within the time given. */
export function timeoutError(target: DialTarget, timeoutMs: number): SallyportError {
  return new SallyportError(
    'edge-unreachable',
    `The edge ${target.address} did not answer within ${timeoutMs / 1000} s; check that it runs and that no firewall drops the connection.`,
  );
}

/** TLS works, but what answers does not speak our protocol. */
export function alpnError(target: DialTarget, wanted: string): SallyportError {
  return new SallyportError(
    'edge-unreachable',
    `${target.address} answers, but does not speak ${wanted}; check that the address is a Sallyport edge, and if a proxy or firewall between opens TLS, use the WebSocket transport.`,
  );
}

function certificateSentence(fault: string, chain: readonly X509Certificate[], target: DialTarget): string {
  const who = `The certificate of the edge ${target.address}`;
  switch (fault) {
    case 'CERT_NOT_YET_VALID':
    case 'CERT_HAS_EXPIRED':
      return `${who} ${validity(fault, chain, target.wallMs)}.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${who} is for ${namesOf(chain)}, not for ${target.serverName}; dial the edge by a name its certificate has, or give it one.`;
    case 'NO_CERTIFICATE':
      return `The edge ${target.address} showed no certificate; check the address.`;
    case 'INVALID_PURPOSE':
    case 'INVALID_CA':
    case 'PATH_LENGTH_EXCEEDED':
    case 'CERT_SIGNATURE_FAILURE':
      return `${who} is not properly signed (${fault}); something between may be opening TLS, or the edge's certificate files do not belong together.`;
    case 'PERMITTED_VIOLATION':
      return `${who} was issued by ${issuerOf(chain)}, which may not vouch for ${target.serverName}; dial the edge by a name that CA was made for, or make a new CA.`;
    default:
      return `${who} was issued by ${issuerOf(chain)}, which this machine does not trust (${fault}); use a token with that CA's pin, or name its file as the CA.`;
  }
}

/** The certificate at fault, its dates, and this machine's time beside them: a wrong clock is the likeliest cause. */
function validity(fault: string, chain: readonly X509Certificate[], wallMs: number): string {
  const isEarly = fault === 'CERT_NOT_YET_VALID';
  const clock = new Date(wallMs).toISOString();
  const culprit = chain.find((certificate) =>
    isEarly ? wallMs < certificate.validFromDate.getTime() : wallMs > certificate.validToDate.getTime(),
  );
  const date = isEarly ? culprit?.validFromDate : culprit?.validToDate;
  const when = date?.toISOString() ?? 'an unknown time';
  return isEarly
    ? `is valid only from ${when}, and this machine's clock says ${clock}; set the clock (is time synchronisation running?)`
    : `expired at ${when}, and this machine's clock says ${clock}; if the clock is right, renew the edge's certificate, otherwise set the clock`;
}

const connectSentences: Readonly<Record<string, (target: DialTarget) => string>> = {
  ECONNREFUSED: ({ address }) =>
    `The edge ${address} refused the connection; check that the edge runs and that the port is right.`,
  ENOTFOUND: ({ address }) =>
    `The name of the edge ${address} does not exist in DNS; check the address and this machine's resolver.`,
  EAI_AGAIN: ({ address }) =>
    `The name of the edge ${address} could not be resolved now; check this machine's DNS and network.`,
  EHOSTUNREACH: ({ address }) =>
    `There is no way to the edge ${address} (host unreachable); check the network and any firewall.`,
  ENETUNREACH: ({ address }) =>
    `There is no way to the edge ${address} (network unreachable); check that this machine is online.`,
  ETIMEDOUT: ({ address }) =>
    `The edge ${address} did not answer; check that it runs and that no firewall drops the connection.`,
  ECONNRESET: ({ address }) =>
    `The edge ${address} ended the connection during the TLS handshake; check that the port is the edge's HTTPS port and that nothing between filters it.`,
  ERR_SSL_WRONG_VERSION_NUMBER: ({ address }) => `${address} does not speak TLS; use the edge's HTTPS port.`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ({ address }) =>
    `${address} does not speak TLS; use the edge's HTTPS port.`,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ({ address }) =>
    `${address} answers, but does not offer the tunnel protocol; check that it is a Sallyport edge, and if a proxy or firewall between opens TLS, use the WebSocket transport.`,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: ({ address }) =>
    `${address} does not offer TLS 1.3, which tunnels need; check for a proxy or firewall between that opens TLS.`,
};

/** The code that says most: happy eyeballs gathers one error per address, all the same as a rule. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return String(error.code);
}

function namesOf(chain: readonly X509Certificate[]): string {
  const names = chain[0]?.subjectAltName?.replaceAll(/(DNS|IP Address):/g, '');
  return names === undefined || names === '' ? 'no name at all' : names;
}

function issuerOf(chain: readonly X509Certificate[]): string {
  const issuer = chain.at(-1)?.issuer.replaceAll('\n', ', ');
  return issuer === undefined ? 'an unknown authority' : `"${issuer}"`;
}

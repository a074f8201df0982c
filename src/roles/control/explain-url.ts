// `explain`, put together: the steps before the edge (its name in DNS, the certificate that visitors are shown) and those of
// the edge.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorText } from '#base/errors.ts';
import type { ExplainStep } from '#model/explain.ts';
import type { EdgeInstance } from '../edge-instance.ts';

/** All of it, the answer of the origin included. */
const explainWithinMs = 30_000;
/** A handshake with this very machine. */
const handshakeWithinMs = 5_000;

/** The steps, in the order of the way. @throws SallyportError 'invalid' */
export async function explainUrl(
  instance: EdgeInstance,
  request: { readonly url: string; readonly method: 'GET' | 'HEAD' },
): Promise<ExplainStep[]> {
  const url = new URL(request.url);
  const rest = await instance.edge.explain(request, AbortSignal.timeout(explainWithinMs));
  const hasRoute = rest[0]?.status === 'ok';
  const dns = await instance.names?.explain(url.hostname, AbortSignal.timeout(explainWithinMs));
  return [
    ...(dns ? [dns] : []),
    ...(url.protocol === 'https:'
      ? [await certificateStep(instance, url.hostname, hasRoute)]
      : [plainStep(url)]),
    ...rest,
  ];
}

function plainStep({ hostname }: URL): ExplainStep {
  return {
    step: 'certificate',
    status: 'warning',
    title: 'Plain http',
    detail: `Visitors of http://${hostname} are sent on to https; what follows is what https answers.`,
    cure: '',
    ms: null,
    facts: {},
  };
}

/** Asks the edge's own listener, as a visitor does, and looks at what it shows. */
async function certificateStep(
  instance: EdgeInstance,
  hostname: string,
  hasRoute: boolean,
): Promise<ExplainStep> {
  const started = performance.now();
  const [port] = instance.edge.httpsPorts;
  const state = instance.certificateStates([hostname]).get(hostname)!;
  const shown = port === undefined ? undefined : await shownCertificate(port, hostname);
  const ms = performance.now() - started;
  const base = { step: 'certificate' as const, ms };
  if (typeof shown === 'string' || shown === undefined) {
    return {
      ...base,
      status: 'failed',
      title: 'No handshake',
      detail: shown ?? 'The edge has no https listener.',
      cure: "Look at the edge's log for its certificates.",
      facts: {},
    };
  }
  const facts = {
    subject: (shown.subjectAltName ?? shown.subject).slice(0, 300),
    issuer: shown.issuer.replaceAll('\n', ', '),
    validUntil: shown.validToDate.toISOString(),
  };
  if (!covers(shown, hostname)) {
    return {
      ...base,
      status: hasRoute ? 'failed' : 'warning',
      title: `The certificate is not for ${hostname}`,
      detail: `Visitors are shown one for ${facts.subject}, and their browsers warn.`,
      cure: hasRoute ? 'Get one by ACME (acme: in edge.yml), or list files that cover the name.' : '',
      facts,
    };
  }
  return {
    ...base,
    status: state.state === 'good' ? 'ok' : state.state === 'bad' ? 'failed' : 'warning',
    title: `A certificate for ${hostname}`,
    detail: state.detail,
    cure: state.state === 'internal' ? 'Trust ca.pem on your own machines, or get a public one by ACME.' : '',
    facts,
  };
}

function covers(certificate: X509Certificate, hostname: string): boolean {
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

/** The certificate, or a sentence why there is none. Whoever asks for an address names no server (RFC 6066, section 3). */
function shownCertificate(port: number, hostname: string): Promise<X509Certificate | string> {
  return new Promise((resolve) => {
    // Whether to trust it is judged afterwards, in words.
    const socket = connectTls({
      host: 'localhost',
      port,
      servername: addressOf(hostname) === undefined ? hostname : '',
      rejectUnauthorized: false,
      timeout: handshakeWithinMs,
    });
    socket.on('secureConnect', () => {
      const raw = socket.getPeerCertificate().raw as Buffer | undefined;
      socket.destroy();
      resolve(raw ? new X509Certificate(raw) : 'The edge showed no certificate.');
    });
    socket.on('timeout', () => socket.destroy(new Error('no handshake in 5 s')));
    socket.on('error', (error) => resolve(`The handshake failed: ${errorText(error)}.`));
  });
}

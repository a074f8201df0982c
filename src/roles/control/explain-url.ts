// `explain`, put together: the steps before the edge (its name in DNS, the certificate that visitors are shown) and those of
// the edge; of a URL, or of a port by its name.
import { cidrSet } from '#base/net/ip.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { parsePortName, type Port, portName } from '#model/port.ts';
import { covers, shownAt } from '../certificates/certificate-handshake.ts';
import type { EdgeInstance } from '../edge-instance.ts';

/** Where the edge's own questions come from. */
const loopback = '127.0.0.1';
/** All of it, the answer of the origin included. */
const explainWithinMs = 30_000;

/** The steps, in the order of the way. @throws SallyportError 'invalid' */
export async function explainUrl(
  instance: EdgeInstance,
  request: { readonly url: string; readonly method: 'GET' | 'HEAD' },
): Promise<ExplainStep[]> {
  const port = parsePortName(request.url);
  if (port) return await explainPortName(instance, port);
  const url = new URL(request.url);
  const rest = await instance.edge.explain(request, AbortSignal.timeout(explainWithinMs));
  const hasRoute = rest[0]?.status === 'ok';
  const certificate =
    url.protocol !== 'https:'
      ? plainStep(url)
      : rest[0]?.step === 'port'
        ? await certificateAtHome(instance, url.hostname, rest)
        : await certificateStep(instance, url.hostname, hasRoute);
  return [...(await dnsSteps(instance, url.hostname)), certificate, ...rest];
}

/** A port, as `portName` has it; a TLS name has records and a certificate as well. */
async function explainPortName(
  instance: EdgeInstance,
  named: Pick<Port, 'protocol' | 'port' | 'hostname'>,
): Promise<ExplainStep[]> {
  const { protocol, hostname } = named;
  const request = { url: portName(named), method: 'GET' } as const;
  const steps = await instance.edge.explain(request, AbortSignal.timeout(explainWithinMs));
  if (protocol !== 'tls' || hostname.startsWith('*.')) return steps;
  const certificate = await certificateAtHome(instance, hostname, steps);
  return [...(await dnsSteps(instance, hostname)), certificate, ...steps];
}

async function dnsSteps(instance: EdgeInstance, hostname: string): Promise<ExplainStep[]> {
  // What asks DNS is loaded when somebody asks.
  const { explainDns } = await import('../dns/explain-dns.ts');
  const dns = await explainDns(instance, hostname, AbortSignal.timeout(explainWithinMs));
  return dns ? [dns] : [];
}

/** The certificate of a service at home whose TLS the edge passes on: only a handshake through the tunnel shows it. */
async function certificateAtHome(
  instance: EdgeInstance,
  hostname: string,
  steps: readonly ExplainStep[],
): Promise<ExplainStep> {
  const base = { step: 'certificate', cure: '', facts: {}, ms: null } as const;
  const skipped = (detail: string): ExplainStep => ({
    ...base,
    status: 'skipped',
    title: 'Not asked',
    detail,
  });
  const name = steps.find(({ step }) => step === 'port')?.facts['port'];
  const entry = instance.config().ports.find((each) => portName(each) === name);
  const port = entry?.port === 0 ? instance.edge.httpsPorts[0] : entry?.port;
  if (!entry || port === undefined || steps.some(({ status }) => status === 'failed'))
    return skipped('TLS would end at home, and the service cannot be asked for its certificate.');
  if (entry.from.length > 0 && !cidrSet(entry.from).has(loopback))
    return skipped('TLS ends at home, and this machine is not among those who may connect.');
  const own = entry.from.length > 0 ? loopback : 'localhost';
  const host = entry.address === '' ? own : entry.address;
  const started = performance.now();
  const found = await shownAt({ host, port, hostname });
  const ms = performance.now() - started;
  if ('fault' in found) {
    const cure = 'Does the service at home speak TLS at that port?';
    return { ...base, status: 'warning', title: 'No handshake', detail: found.fault, cure, ms };
  }
  const { certificate: shown, isTrusted } = found;
  const facts = {
    subject: (shown.subjectAltName ?? shown.subject).slice(0, 300),
    issuer: shown.issuer.replaceAll('\n', ', '),
    validUntil: shown.validToDate.toISOString(),
  };
  const isFor = covers(shown, hostname);
  return {
    ...base,
    status: isFor && isTrusted ? 'ok' : 'warning',
    title: isFor
      ? `The service shows a certificate for ${hostname}`
      : `The service shows one for ${facts.subject}`,
    detail: `TLS ends at home; the edge has no key for the name.${isTrusted ? '' : ' This machine does not trust the certificate.'}`,
    cure: isFor ? '' : 'Let the service at home get a certificate for the name; TLS-ALPN-01 passes through.',
    ms,
    facts,
  };
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
  const found =
    port === undefined
      ? { fault: 'The edge has no https listener.' }
      : await shownAt({ host: 'localhost', port, hostname });
  const ms = performance.now() - started;
  const base = { step: 'certificate' as const, ms };
  if ('fault' in found) {
    return {
      ...base,
      status: 'failed',
      title: 'No handshake',
      detail: found.fault,
      cure: "Look at the edge's log for its certificates.",
      facts: {},
    };
  }
  const shown = found.certificate;
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

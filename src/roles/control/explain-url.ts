// `explain`, put together: the steps before the edge (its name in DNS, the certificate that visitors are shown) and those of
// the edge.
import type { ExplainStep } from '#model/explain.ts';
import { covers, shownAt } from '../certificate-handshake.ts';
import type { EdgeInstance } from '../edge-instance.ts';

/** All of it, the answer of the origin included. */
const explainWithinMs = 30_000;

/** The steps, in the order of the way. @throws SallyportError 'invalid' */
export async function explainUrl(
  instance: EdgeInstance,
  request: { readonly url: string; readonly method: 'GET' | 'HEAD' },
): Promise<ExplainStep[]> {
  const url = new URL(request.url);
  const rest = await instance.edge.explain(request, AbortSignal.timeout(explainWithinMs));
  const hasRoute = rest[0]?.status === 'ok';
  // What asks DNS is loaded when somebody asks.
  const { explainDns } = await import('../explain-dns.ts');
  const dns = await explainDns(instance, url.hostname, AbortSignal.timeout(explainWithinMs));
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

// One look at one stage of the way to a hostname: the record at its zone's own servers, the record at a resolver, the
// certificate in a real handshake at the edge's public address, the answer of the origin to a real request.
import { isLocalhost } from '#base/net/hostname.ts';
import { isRightAtZone, lookAtName, lookAtZone, type ServerSighting } from '#dns/name-check.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import type { HostnameProof, ProofStage } from '#model/dns/hostname-proof.ts';
import { covers, shownAt, type ShownCertificate } from '../certificates/certificate-handshake.ts';
import { publicHttpsPort } from '../edge-composition.ts';
import type { EdgeInstance } from '../edge-instance.ts';

type Verdict = Omit<HostnameProof, 'stage'>;

/** Everything that one look waits for. */
const lookWithinMs = 20_000;
/** Addresses of an edge that are tried. */
const maxAddresses = 8;
/** A name below a wildcard stands for all. */
const belowWildcard = 'sallyport-check';

/** Looks once. @throws SallyportError for what is a fault of the request */
export async function proveStage(
  instance: EdgeInstance,
  { hostname, stage }: { readonly hostname: string; readonly stage: ProofStage },
  handshakeMs?: number,
): Promise<HostnameProof> {
  const signal = AbortSignal.timeout(lookWithinMs);
  return { stage, ...(await looks[stage](instance, hostname, signal, handshakeMs)) };
}

const looks: Readonly<
  Record<
    ProofStage,
    (
      instance: EdgeInstance,
      hostname: string,
      signal: AbortSignal,
      handshakeMs: number | undefined,
    ) => Promise<Verdict>
  >
> = {
  async record(instance, hostname, signal) {
    if (isLocalhost(hostname)) return done(localhostWords);
    const state = instance.names?.stateOf(hostname);
    if (state?.state === 'conflict') return stopped(state.detail, state.cure);
    if (instance.names && !state) return waiting('The edge has just heard of it.', '');
    const question = await instance.question(hostname, signal);
    if (!question) return stopped(...unknownEdge);
    const sighting = await lookAtZone(question, signal);
    const { zone, servers } = sighting;
    if (isRightAtZone(sighting)) {
      const count = servers.filter((server) => server.state === 'right').length;
      return done(
        `${count === 1 ? 'The server' : `All ${count} servers`} of ${zone} that ${count === 1 ? 'answers has' : 'answer have'} it: ${servers.find((server) => server.state === 'right')!.found}.`,
      );
    }
    if (state?.state === 'failed') return waiting(state.detail, state.cure);
    if (servers.every((server) => server.state === 'silent')) {
      // The resolver is all there is then.
      return done('No server of its own zone can be asked from here; the resolver will tell.');
    }
    const wrong = servers.find((server) => server.state !== 'right' && server.state !== 'silent')!;
    const seen = `${wrong.server}, a server of ${zone}, answers ${wrong.found}.`;
    return !state || state.state === 'unmanaged'
      ? stopped(seen, byHand(instance, hostname))
      : waiting(`${seen} ${state.detail}`, state.cure);
  },

  async resolver(instance, hostname, signal) {
    if (isLocalhost(hostname)) return done(localhostWords);
    const question = await instance.question(hostname, signal);
    if (!question) return stopped(...unknownEdge);
    const { resolver, zone } = await lookAtName(question, signal);
    if (resolver.state === 'right') return done(`${resolver.server} answers ${resolver.found}.`);
    const [detail, cure] = resolverWords(resolver, zone);
    const state = instance.names?.stateOf(hostname)?.state;
    const isManaged = state !== undefined && state !== 'unmanaged';
    return isManaged ? waiting(detail, cure) : stopped(detail, byHand(instance, hostname));
  },

  async certificate(instance, hostname, signal, withinMs) {
    const name = hostname.replace(/^\*/, belowWildcard);
    const state = instance.certificateStates([hostname]).get(hostname)!;
    const shown = await handshake(instance, { hostname, asked: name, withinMs }, signal);
    if ('fault' in shown) return waiting(shown.fault, "Look at the edge's log for its certificates.");
    const { certificate, isTrusted, where, unseen } = shown;
    const until = certificate.validToDate.toISOString().slice(0, 10);
    const isAwaited =
      instance.config().acme !== undefined && state.state !== 'good' && state.state !== 'expiring';
    if (!covers(certificate, name)) {
      const detail = `${where} shows a certificate for ${(certificate.subjectAltName ?? certificate.subject).slice(0, 200)}.`;
      return isAwaited
        ? waiting(`${detail} ${state.detail}`, 'One is being got; the log of the edge tells how far it is.')
        : stopped(detail, 'Get one by ACME (acme: in edge.yml), or list files that cover the name.');
    }
    if (certificate.validToDate.getTime() <= Date.now()) {
      return waiting(
        `${where} shows a certificate that ended on ${until}.`,
        'Renew it, and look at the log of the edge.',
      );
    }
    const issuer =
      /(?:^|\n)CN=(.+)/.exec(certificate.issuer)?.[1] ?? certificate.issuer.replaceAll('\n', ', ');
    if (isAwaited) {
      return waiting(
        `${where} shows one by ${issuer}, while a public one is awaited. ${state.detail}`,
        'It is being got; the log of the edge tells how far it is.',
      );
    }
    const trust = isTrusted ? '' : ' This machine does not trust that authority; visitors must.';
    return done(`${where} shows one by ${issuer}, good until ${until}.${trust}`, unseen);
  },

  async origin(instance, hostname, signal) {
    const url = `https://${hostname.replace(/^\*/, belowWildcard)}/`;
    const steps = await instance.edge.explain({ url, method: 'GET' }, signal);
    const failed = steps.find(({ status }) => status === 'failed');
    if (failed) return waiting(sentence(failed), failed.cure);
    return done(sentence(steps.at(-1)!));
  },
};

interface Shown extends ShownCertificate {
  readonly where: string;
  /** What could not be seen from here, '' for nothing. */
  readonly unseen: string;
}

/**
 * At the addresses that visitors use, all at once, so that those which swallow everything cost one wait; where none can be
 * reached from here, as behind most routers at home, at the edge's own listener.
 */
async function handshake(
  instance: EdgeInstance,
  { hostname, asked, withinMs }: { hostname: string; asked: string; withinMs: number | undefined },
  signal: AbortSignal,
): Promise<Shown | { readonly fault: string }> {
  const port = publicHttpsPort(instance.config());
  const question = isLocalhost(hostname) ? undefined : await instance.question(hostname, signal);
  const addresses = (question?.target.addresses ?? []).slice(0, maxAddresses);
  const looks = await Promise.all(
    addresses.map(async (host) => ({
      host,
      shown: await shownAt({ host, port, hostname: asked, withinMs }),
    })),
  );
  for (const { host, shown } of looks) {
    if (!('fault' in shown)) return { ...shown, where: `${host} port ${port}`, unseen: '' };
  }
  const [own] = instance.edge.httpsPorts;
  if (own === undefined) return { fault: 'The edge has no https listener.' };
  const shown = await shownAt({ host: 'localhost', port: own, hostname: asked, withinMs });
  if ('fault' in shown) return shown;
  const unseen =
    addresses.length === 0
      ? ''
      : `The edge cannot reach ${addresses.join(' and ')} port ${port} itself, which many routers allow from outside only, so whether visitors can was not seen: open https://${asked} once from another network.`;
  return { ...shown, where: `The edge's own listener, asked on its machine,`, unseen };
}

function resolverWords({ server, state, found }: ServerSighting, zone: string): [string, string] {
  const detail = `The resolver ${server} answers ${found}.`;
  if (state === 'silent') return [detail, 'Check the resolver, or name another under dns.resolvers.'];
  return [
    detail,
    `Resolvers keep what they had for its TTL; if it stays so, check that ${zone || 'its zone'} is delegated to its servers.`,
  ];
}

function byHand(instance: EdgeInstance, hostname: string): string {
  const { hostname: own, dns } = instance.config();
  const [address] = dns?.addresses ?? [];
  const record = own === undefined ? `A ${address}` : `CNAME ${own}`;
  return `Make its record by hand (${hostname} ${record}), or add its zone under dns in edge.yml.`;
}

function sentence({ title, detail }: ExplainStep): string {
  return detail === '' ? `${title}.` : `${title}. ${detail}`;
}

const localhostWords = 'Names below localhost lead to the machine that asks, without DNS.';
const unknownEdge = [
  'The edge does not know where it is itself.',
  'Set hostname in edge.yml, or dns.addresses to its public addresses.',
] as const;

function done(detail: string, unseen = ''): Verdict {
  return { state: 'done', detail, cure: unseen };
}

function waiting(detail: string, cure: string): Verdict {
  return { state: 'waiting', detail, cure };
}

function stopped(detail: string, cure: string): Verdict {
  return { state: 'stopped', detail, cure };
}

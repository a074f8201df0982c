// What the main thread answers the control plane: the running edge in plain data, and the few things that may be done to it.
import type { Log } from '#base/log.ts';
import { type EdgeLook, emptyLook } from '#control/edge-view.ts';
import type { Served } from '#control/snapshot.ts';
import type { Edge } from '#edge/edge.ts';
import type { InnerRequest } from '#edge/own-requests/inner-request.ts';
import type { AccessKeyRing } from '#model/access/access-keys.ts';
import { probeRoute } from '#edge/own-requests/probe-route.ts';
import { type AccessDirectory, emptyDirectory } from '#model/access/access-state.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { ProbeResult } from '#model/probes/probe.ts';
import { SallyportError } from '#base/errors.ts';
import type { EdgeInstance } from '../edge-instance.ts';
import type { ControlOffers, EdgeOffers } from './control-contract.ts';
import { dnsAnswers } from './dns-answers.ts';
import { lookAt } from './edge-look.ts';
import { explainUrl } from './explain-url.ts';
import { writeEntry } from './forwarded-log.ts';
import { processAnswers } from './process-answers.ts';

export interface EdgeAnswersOptions {
  readonly log: Log;
  readonly onServed: (served: Served) => void;
  readonly onAccessKeys: (ring: AccessKeyRing) => void;
  /** The last lines of the log. */
  readonly recentLog: () => string;
  readonly wallMs: () => number;
  /** Takes what somebody listens to. */
  readonly events: Pick<ControlOffers, 'event' | 'request'>;
}

/** An origin that takes longer is told as one that does not answer. */
const replayWithinMs = 30_000;

/** One answer of a look at a public route; whoever is slower is looked at another time. */
const probeWithinMs = 5_000;

/** The answers, and the way to give them an edge once it runs. */
export interface EdgeAnswers {
  readonly offers: EdgeOffers;
  attach(instance: EdgeInstance): void;
}

/** Makes them; before an edge is attached there is nothing to be seen. */
export function createEdgeAnswers({
  log,
  onServed,
  onAccessKeys,
  events,
  recentLog,
  wallMs,
}: EdgeAnswersOptions): EdgeAnswers {
  let instance: EdgeInstance | undefined;
  const running = (): EdgeInstance => {
    if (instance) return instance;
    throw new SallyportError('store-unavailable', 'The edge is starting; try again in a few seconds.');
  };
  const edge = (): Edge => running().edge;
  let directory: AccessDirectory = emptyDirectory;
  const offers: EdgeOffers = {
    log: (entry) => writeEntry(log, entry),
    served: onServed,
    access(changed) {
      directory = changed;
      instance?.access.apply(changed);
    },
    look: () => (instance ? wholeLook(instance) : emptyLook),
    health: () => Promise.resolve(running().health.read()),
    listProbes: () => Promise.resolve(running().probes.results()),
    probeNow: async (hostname) => await probeNow(running(), hostname),
    accessKeys: onAccessKeys,
    sendRequest: (request) => replay(edge(), request),
    probe: (url) =>
      probeRoute(url, (request) => edge().sendRequest(request, AbortSignal.timeout(probeWithinMs))),
    explain: async (request) => await explainUrl(running(), request),
    testAccess: (test) => Promise.resolve(edge().testAccess(test)),
    listCertificates: async () => await running().certificateDesk.list(),
    renewCertificate: async (id) => await running().certificateDesk.renew(id),
    importCertificate: async (pem) => await running().certificateDesk.import(pem),
    forgetCertificate: async (id) => await running().certificateDesk.forget(id),
    async supportFacts() {
      const { supportFactsOf } = await import('../support/support-facts.ts');
      return await supportFactsOf(running(), recentLog(), wallMs());
    },
    ...processAnswers(running, events),
    ...dnsAnswers(running),
  };
  return {
    offers,
    attach(running) {
      instance = running;
      running.access.apply(directory);
    },
  };
}

/** Sends a request again and answers with its log line. @throws SallyportError 'internal' when it left none */
async function replay(edge: Edge, request: InnerRequest): Promise<LoggedRequest> {
  const { requestId } = await edge.sendRequest(request, AbortSignal.timeout(replayWithinMs));
  const line = edge.requests.find(requestId);
  if (line) return line;
  throw new SallyportError('internal', `The request ${requestId} was sent, but its line is gone already.`);
}

/** @throws SallyportError 'not-found' for a hostname without a route, 'invalid' where probes are off */
async function probeNow({ probes, config }: EdgeInstance, hostname: string): Promise<ProbeResult[]> {
  if (config().probe === 'off')
    throw new SallyportError('invalid', 'Probes are off (probe in edge.yml); nobody looks from outside.');
  const results = await probes.now(hostname);
  if (results) return results;
  throw new SallyportError('not-found', `No route serves ${hostname}, so that there is nothing to look at.`);
}

/** With what health makes of it. */
function wholeLook(instance: EdgeInstance): EdgeLook {
  const look = lookAt(instance);
  return { ...look, ...instance.health.look(look) };
}

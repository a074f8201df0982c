// The edge as the control thread sees it: every question goes to the main thread, events come from there.
import type { ThreadLink } from '#base/thread-link.ts';
import type { EdgeFacts, EdgeView } from '#control/edge-view.ts';
import type { CertificatePem } from '#model/certificates/certificate-view.ts';
import type { LiveEvent } from '#model/live/live.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { EdgeOffers } from './control-contract.ts';

export class RemoteEdge implements EdgeView {
  facts: EdgeFacts;
  readonly #link: () => ThreadLink<EdgeOffers>;
  readonly #events = new Set<(event: LiveEvent) => void>();
  readonly #requests = new Map<number, (request: LoggedRequest) => void>();
  #nextSubscription = 1;

  constructor(facts: EdgeFacts, link: () => ThreadLink<EdgeOffers>) {
    this.facts = facts;
    this.#link = link;
  }

  look(): ReturnType<EdgeView['look']> {
    return this.#link().call('look');
  }

  traffic(...args: Parameters<EdgeView['traffic']>): ReturnType<EdgeView['traffic']> {
    return this.#link().call('traffic', ...args);
  }

  disconnect(...args: Parameters<EdgeView['disconnect']>): ReturnType<EdgeView['disconnect']> {
    return this.#link().call('disconnect', ...args);
  }

  listRequests(...args: Parameters<EdgeView['listRequests']>): ReturnType<EdgeView['listRequests']> {
    return this.#link().call('listRequests', ...args);
  }

  findRequest(...args: Parameters<EdgeView['findRequest']>): ReturnType<EdgeView['findRequest']> {
    return this.#link().call('findRequest', ...args);
  }

  sendRequest(...args: Parameters<EdgeView['sendRequest']>): ReturnType<EdgeView['sendRequest']> {
    return this.#link().call('sendRequest', ...args);
  }

  probe(...args: Parameters<EdgeView['probe']>): ReturnType<EdgeView['probe']> {
    return this.#link().call('probe', ...args);
  }

  explain(...args: Parameters<EdgeView['explain']>): ReturnType<EdgeView['explain']> {
    return this.#link().call('explain', ...args);
  }

  testAccess(...args: Parameters<EdgeView['testAccess']>): ReturnType<EdgeView['testAccess']> {
    return this.#link().call('testAccess', ...args);
  }

  listCertificates(): ReturnType<EdgeView['listCertificates']> {
    return this.#link().call('listCertificates');
  }

  renewCertificate(id: string): ReturnType<EdgeView['renewCertificate']> {
    return this.#link().call('renewCertificate', id);
  }

  importCertificate(pem: CertificatePem): ReturnType<EdgeView['importCertificate']> {
    return this.#link().call('importCertificate', pem);
  }

  forgetCertificate(id: string): ReturnType<EdgeView['forgetCertificate']> {
    return this.#link().call('forgetCertificate', id);
  }

  listBans(): ReturnType<EdgeView['listBans']> {
    return this.#link().call('listBans');
  }

  liftBans(clients: readonly string[]): ReturnType<EdgeView['liftBans']> {
    return this.#link().call('liftBans', clients);
  }

  listProbes(): ReturnType<EdgeView['listProbes']> {
    return this.#link().call('listProbes');
  }

  probeNow(hostname: string): ReturnType<EdgeView['probeNow']> {
    return this.#link().call('probeNow', hostname);
  }

  health(): ReturnType<EdgeView['health']> {
    return this.#link().call('health');
  }

  supportFacts(): ReturnType<EdgeView['supportFacts']> {
    return this.#link().call('supportFacts');
  }

  cacheStatus(): ReturnType<EdgeView['cacheStatus']> {
    return this.#link().call('cacheStatus');
  }

  listCached(...args: Parameters<EdgeView['listCached']>): ReturnType<EdgeView['listCached']> {
    return this.#link().call('listCached', ...args);
  }

  purgeCache(...args: Parameters<EdgeView['purgeCache']>): ReturnType<EdgeView['purgeCache']> {
    return this.#link().call('purgeCache', ...args);
  }

  lookAtDns(): ReturnType<EdgeView['lookAtDns']> {
    return this.#link().call('lookAtDns');
  }

  zoneRecords(zone: string): ReturnType<EdgeView['zoneRecords']> {
    return this.#link().call('zoneRecords', zone);
  }

  exportZone(zone: string): ReturnType<EdgeView['exportZone']> {
    return this.#link().call('exportZone', zone);
  }

  planDns(): ReturnType<EdgeView['planDns']> {
    return this.#link().call('planDns');
  }

  applyDns(): ReturnType<EdgeView['applyDns']> {
    return this.#link().call('applyDns');
  }

  proveHostname(...args: Parameters<EdgeView['proveHostname']>): ReturnType<EdgeView['proveHostname']> {
    return this.#link().call('proveHostname', ...args);
  }

  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.#events.add(listener);
    if (this.#events.size === 1) void this.#link().call('watchEvents', true);
    return () => {
      if (!this.#events.delete(listener) || this.#events.size > 0) return;
      void this.#link()
        .call('watchEvents', false)
        .catch(() => undefined);
    };
  }

  onRequest(
    filter: Parameters<EdgeView['onRequest']>[0],
    listener: (request: LoggedRequest) => void,
  ): () => void {
    const subscription = this.#nextSubscription++;
    this.#requests.set(subscription, listener);
    void this.#link().call('watchRequests', subscription, filter);
    return () => {
      this.#requests.delete(subscription);
      void this.#link()
        .call('unwatchRequests', subscription)
        .catch(() => undefined);
    };
  }

  // Called by the main thread.

  event(event: LiveEvent): void {
    for (const listener of this.#events) listener(event);
  }

  request(subscription: number, request: LoggedRequest): void {
    this.#requests.get(subscription)?.(request);
  }
}

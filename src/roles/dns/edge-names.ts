// An edge's names put together: providers of edge.yml, the built-in name server with its zones, the reconciler that makes
// records for the routes in force, the presenter for DNS-01, and the door for external-dns.
import { join } from 'node:path';
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import { cidrSet, formatEndpoint } from '#base/net/ip.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import type { DnsConfig } from '#config/dns-schema.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { ExternalDns } from '#dns/external/external-dns.ts';
import { type ExternalDnsServer, startExternalDnsServer } from '#dns/external/external-dns-server.ts';
import { exportZone } from '#dns/zone-export.ts';
import { LocalProvider } from '#dns/local/local-provider.ts';
import { LocalZones } from '#dns/local/local-zones.ts';
import type { StatedName } from '#dns/plan/name-states.ts';
import { DnsReconciler } from '#dns/plan/reconciler.ts';
import type { ManagedProvider } from '#dns/plan/survey.ts';
import { type DnsListenAddress, type DnsServer, startDnsServer } from '#dns/server/dns-server.ts';
import { TxtPresenter } from '#dns/txt-presenter.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import type { DnsSetUp } from '#model/dns/dns-view.ts';
import type { PortEntry, RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import {
  type DnsSettingsOptions,
  localZonesOf,
  type OpenProviders,
  openProviders,
  ownerOf,
  secondariesOf,
  secretFilesOf,
  serverKeysOf,
  targetOf,
  ttlsOf,
} from './dns-settings.ts';
import type { HandedSocket, HandedSockets, SocketAddress } from '../succession/handed-sockets.ts';
import { desiredNames, isClaimable } from './dns-desired.ts';

export interface EdgeNamesOptions extends DnsSettingsOptions {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** Listening sockets of the process before this one. */
  readonly handed?: HandedSockets;
}

/** What the names follow. */
export interface RoutesInForce {
  readonly routes: readonly RouteEntry[];
  /** Those for TLS have names, too. */
  readonly ports: readonly PortEntry[];
  readonly tunnels: readonly TunnelEntry[];
  /** Whether a tunnel has said since the start what it claims. */
  readonly hasHeardOf: (tunnelId: string) => boolean;
}

const zonesFile = 'dns-zones.json';
const lookAtSecretsEveryMs = 5_000;
/**
 * A connector with rules of the edge's says nothing at first and all of it a moment later; names that it claimed before the
 * edge was started again are not taken down in between.
 */
const settleMs = 15_000;

/** What is replaced as a whole when the configuration or a secret changes. */
interface Parts {
  readonly opened: OpenProviders;
  readonly managed: readonly ManagedProvider[];
  readonly reconciler: DnsReconciler;
  readonly presenter: TxtPresenter;
}

/** See the head of the file. */
export class EdgeNames {
  readonly #options: EdgeNamesOptions;
  readonly #stop = new AbortController();
  #config: EdgeConfig;
  #server: DnsServer | undefined;
  #zones: LocalZones | undefined;
  #external: ExternalDnsServer | undefined;
  #parts!: Parts;
  #watch: FileWatch | undefined;
  #routes: RoutesInForce | undefined;
  /** When each tunnel was first heard of. */
  readonly #heardMs = new Map<string, number>();
  #settle: Timer | undefined;
  #changed: () => void = () => {};

  private constructor(options: EdgeNamesOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Opens everything, or throws one sentence and leaves nothing open; undefined where edge.yml has no dns section. */
  static async open(options: EdgeNamesOptions): Promise<EdgeNames | undefined> {
    const { dns } = options.config;
    if (!dns) return undefined;
    const names = new EdgeNames(options);
    try {
      await names.#open(dns);
      return names;
    } catch (error) {
      await names.close();
      throw error;
    }
  }

  /** For the certificates room; stays the same when what is behind it is replaced. */
  get presenter(): ChallengePresenter {
    const current = (): TxtPresenter => this.#parts.presenter;
    return {
      get label() {
        return current().label;
      },
      covers: (hostname) => current().covers(hostname),
      presentTxt: (name, value, signal) => current().presentTxt(name, value, signal),
      removeTxt: (name, value, signal) => current().removeTxt(name, value, signal),
    };
  }

  /** For /readyz and the log. */
  listeners(): { readonly name: string; readonly isReady: boolean; readonly detail: string }[] {
    const external = this.#external;
    return [
      ...(this.#server?.listeners() ?? []),
      ...(external ? [{ name: 'external-dns', isReady: external.isReady, detail: external.detail }] : []),
    ];
  }

  /** How far each hostname's records are. */
  states(): readonly StatedName[] {
    return this.#parts.reconciler.states();
  }

  stateOf(hostname: string): StatedName | undefined {
    return this.#parts.reconciler.stateOf(hostname);
  }

  /** Whether a hostname's records are being made. */
  isComing(hostname: string): boolean {
    return this.#parts.reconciler.isComing(hostname);
  }

  /** Has `changed` told whenever the state of a name is another. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** The zone that covers a hostname, with its servers; undefined where none is managed here. */
  zoneOf(hostname: string): { readonly name: string; readonly nameServers: readonly string[] } | undefined {
    const zone = this.stateOf(hostname)?.zone ?? '';
    return zone === '' ? undefined : { name: zone, nameServers: this.reconciler.zones.serversOf(zone) };
  }

  /** Looks after the records; another one after a change of the configuration. */
  get reconciler(): DnsReconciler {
    return this.#parts.reconciler;
  }

  /** How this edge manages names, in words for its owner. */
  setUp(): DnsSetUp {
    const { addresses, alias } = targetOf(this.#config);
    return {
      owner: ownerOf(this.#config),
      addresses: [...addresses],
      alias: alias ?? '',
      providers: this.#parts.managed.map(({ provider }) => provider.name),
    };
  }

  /** A master file of a zone as it stands; undefined when it is not managed here. @throws what the provider throws */
  async exportZone(zone: string, signal: AbortSignal): Promise<string | undefined> {
    for (const { provider, zones: managed } of this.#parts.managed) {
      if (managed.length > 0 && !managed.includes(zone)) continue;
      const found = (await provider.listZones(signal)).find(({ name }) => name === zone);
      if (!found) continue;
      const records = await provider.listRecords(found, signal);
      const serial = Math.floor(this.#options.clock.wallMs() / 1000);
      return exportZone({ name: zone, records, nameServers: found.nameServers, serial });
    }
    return undefined;
  }

  /** Follows the routes in force, claims and all. */
  follow(routes: RoutesInForce): void {
    this.#routes = routes;
    this.#noteHeard(routes);
    this.#want();
  }

  /** Puts a changed section in force; throws, with nothing changed, if it cannot be. Sockets stay as they are. */
  apply(config: EdgeConfig): void {
    if (!config.dns || sameNames(config, this.#config)) return;
    const before = this.#config;
    this.#config = config;
    try {
      this.#replace(config.dns);
    } catch (error) {
      this.#config = before;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    this.#watch?.close();
    this.#settle?.cancel();
    await this.#parts?.reconciler.close();
    this.#parts?.opened.close();
    await this.#external?.close();
    await this.#server?.close();
  }

  async #open(dns: DnsConfig): Promise<void> {
    const { clock, random, log, metrics } = this.#options;
    if (dns.serve) {
      this.#zones = this.#openZones(dns.serve);
      this.#server = await startDnsServer({
        ...{
          listen: dns.serve.listen.map((at) => this.#taken(at)),
          zones: this.#zones.snapshots(),
          clock,
          random,
          log,
          metrics,
        },
        ...{ keys: serverKeysOf(dns.serve), secondaries: secondariesOf(dns.serve) },
      });
    }
    this.#parts = this.#openParts(dns);
    if (dns.externalDns) {
      const { zones, listen, allow } = dns.externalDns;
      const externalDns = new ExternalDns({ providers: () => this.#parts.managed, zones });
      const handle = this.#options.handed?.handleOf('external-dns', listen);
      this.#external = await startExternalDnsServer({
        ...listen,
        handle,
        externalDns,
        allow: cidrSet(allow),
        log,
      });
    }
    this.#watch = watchFiles({
      files: () => secretFilesOf(this.#config.dns!),
      ...{ clock, everyMs: lookAtSecretsEveryMs, waitsForMissing: true },
      onChange: () => this.#followSecrets(),
    });
    metrics.collect('sallyport_dns_names', 'Hostnames by the state of their DNS records.', 'gauge', () => {
      const byState = Map.groupBy(this.states(), ({ state }) => state);
      return [...byState].map(([state, list]) => [{ state }, list.length]);
    });
  }

  /** The listening sockets, for a successor to take over. */
  sockets(): HandedSocket[] {
    const { serve, externalDns } = this.#config.dns!;
    const found = (kind: HandedSocket['kind'], at: SocketAddress, handle: number | undefined) =>
      handle === undefined ? [] : [{ kind, host: at.host, port: at.port, handle }];
    const pairs = this.#server?.handles() ?? [];
    return [
      ...pairs.flatMap(({ tcp, udp }, i) => [
        ...found('dns-tcp', serve!.listen[i]!, tcp),
        ...found('dns-udp', serve!.listen[i]!, udp),
      ]),
      ...(externalDns ? found('external-dns', externalDns.listen, this.#external?.handle) : []),
    ];
  }

  #taken(at: SocketAddress): DnsListenAddress {
    const { handed } = this.#options;
    const tcpHandle = handed?.handleOf('dns-tcp', at);
    const udpHandle = handed?.handleOf('dns-udp', at);
    return { ...at, tcpHandle, udpHandle };
  }

  #openZones(serve: NonNullable<DnsConfig['serve']>): LocalZones {
    const { clock, log, config } = this.#options;
    return new LocalZones({
      zones: localZonesOf(serve, this.#config.hostname),
      file: join(config.dataDir, zonesFile),
      ...{ wallMs: () => clock.wallMs(), log },
      onChange: (snapshots) => this.#server?.setZones(snapshots),
    });
  }

  #openParts(dns: DnsConfig): Parts {
    const { clock, random, log } = this.#options;
    const opened = openProviders(dns, this.#options);
    const managed = [...this.#localProvider(), ...opened.providers];
    const presenter = new TxtPresenter({ providers: managed, clock, random });
    void presenter.learn(this.#stop.signal).catch(() => {});
    const reconciler = new DnsReconciler({
      ...{ providers: managed, clock, random, log },
      ...{ owner: ownerOf(this.#config), target: targetOf(this.#config), ttls: ttlsOf(dns) },
      changed: () => this.#changed(),
    });
    return { opened, managed, reconciler, presenter };
  }

  /** First, so that it wins over a provider that happens to hold the parent's copy of a zone. */
  #localProvider(): ManagedProvider[] {
    if (!this.#zones || !this.#server) return [];
    return [{ provider: new LocalProvider(this.#zones, this.#ownServers()), zones: [] }];
  }

  /** Where the built-in server can be asked from this machine. */
  #ownServers(): string[] {
    const { serve } = this.#config.dns!;
    return (this.#server?.ports ?? []).map((port, i) =>
      formatEndpoint(serve?.listen[i]?.host ?? '127.0.0.1', port),
    );
  }

  #replace(dns: DnsConfig): void {
    const zones = dns.serve && this.#server ? this.#openZones(dns.serve) : undefined;
    const before = { zones: this.#zones, parts: this.#parts };
    this.#zones = zones;
    try {
      this.#parts = this.#openParts(dns);
    } catch (error) {
      this.#zones = before.zones;
      throw error;
    }
    this.#server?.setZones(zones?.snapshots() ?? []);
    this.#want();
    void before.parts.reconciler.close().finally(() => before.parts.opened.close());
  }

  #followSecrets(): void {
    const { log } = this.#options;
    try {
      this.#replace(this.#config.dns!);
      log.info('Changed DNS credentials are in use');
    } catch (error) {
      log.error(`${errorText(error)} The last good credentials stay in use.`);
    }
  }

  #want(): void {
    const routes = this.#routes;
    if (!routes) return;
    const { clock } = this.#options;
    const heard = (tunnelId: string): boolean => {
      const sinceMs = this.#heardMs.get(tunnelId);
      return sinceMs !== undefined && clock.nowMs() - sinceMs >= settleMs;
    };
    this.#parts.reconciler.want({
      names: desiredNames(this.#config, routes.routes, routes.ports),
      isHeld: (hostname, routeId) => !heard(routeId) && isClaimable(routes.tunnels, hostname, routeId),
    });
  }

  /** A tunnel that is heard for the first time is believed after a moment, and then looked at again. */
  #noteHeard({ tunnels, hasHeardOf }: RoutesInForce): void {
    const { clock } = this.#options;
    for (const { id } of tunnels) {
      if (this.#heardMs.has(id) || !hasHeardOf(id)) continue;
      this.#heardMs.set(id, clock.nowMs());
      this.#settle?.cancel();
      this.#settle = clock.after(settleMs, () => this.#want());
    }
  }
}

/** Whether two configurations make the same names. */
function sameNames(a: EdgeConfig, b: EdgeConfig): boolean {
  return JSON.stringify([a.dns, a.hostname]) === JSON.stringify([b.dns, b.hostname]);
}

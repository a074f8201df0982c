// The prober of an edge put together: which hostnames there are, by which resolvers their addresses are found, whose
// authorities count, and who looks.
import { networkInterfaces } from 'node:os';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { getServers } from 'node:dns';
import type { Clock } from '#base/clock.ts';
import { isAddress } from '#base/net/ip.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import { lookFromOutside, type OutsideLook } from '#base/net/outside-look.ts';
import { maxMarkBytes, nonceCharacters, probePath } from '#base/net/probe-mark.ts';
import type { Random } from '#base/random.ts';
import { nameResolver } from '#base/net/resolve-name.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { formatServerAddress } from '#dns/client/server-address.ts';
import type { Edge } from '#edge/edge.ts';
import { resolversOf, targetOf } from '../dns/dns-settings.ts';
import { publicHttpsPort } from '../edge-composition.ts';
import { judgeProbe } from './judge-probe.ts';
import { Prober, type ProbeFinding } from './prober.ts';
import { collectProbes } from './probe-metrics.ts';

export interface EdgeProbesOptions {
  /** In force. */
  readonly config: () => EdgeConfig;
  readonly edge: Edge;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** Roots of the internal CA, PEM; undefined: there is none. */
  readonly rootsPem: () => string | undefined;
}

/** A name below a wildcard stands for all. */
const belowWildcard = 'sallyport-check';
/** The edge's own addresses are looked up again after this. */
const ownAddressesKeptMs = 60_000;

/** Makes it, and lets it begin. */
export function openEdgeProbes(options: EdgeProbesOptions): Prober {
  const { config, edge, clock, random, log, metrics } = options;
  const tools = new ProbeTools(options);
  const prober = new Prober({
    ...{ clock, random, log },
    hostnames: () => [
      ...new Set(
        edge
          .live()
          .routes()
          .map(({ hostname }) => hostname),
      ),
    ],
    places: () => placesOf(config()),
    everyMs: () => probeOf(config())?.every ?? 0,
    probe: (hostname, from, signal) => tools.probe(hostname, from, signal),
  });
  collectProbes(metrics, prober);
  prober.start();
  return prober;
}

function probeOf({ probe }: EdgeConfig): Exclude<EdgeConfig['probe'], 'off'> | undefined {
  return probe === 'off' ? undefined : probe;
}

/** '' is the edge itself. */
function placesOf(config: EdgeConfig): string[] {
  const probe = probeOf(config);
  return probe ? ['', ...new Set(probe.from)] : [];
}

class ProbeTools {
  readonly #options: EdgeProbesOptions;
  #own: { readonly atMs: number; readonly addresses: Promise<readonly string[]> } | undefined;
  #trust: { readonly pem: string; readonly context: SecureContext } | undefined;

  constructor(options: EdgeProbesOptions) {
    this.#options = options;
  }

  async probe(hostname: string, from: string, signal: AbortSignal): Promise<ProbeFinding> {
    const { config, edge, clock, random } = this.#options;
    const asked = hostname.startsWith('*.') ? `${belowWildcard}.${hostname.slice(2)}` : hostname;
    const nonce = random.bytes(nonceCharacters / 2).toString('hex');
    const port = publicHttpsPort(config());
    const [look, ownAddresses] = await Promise.all([
      this.#look(asked, { port, nonce, from }, signal),
      this.#ownAddresses(signal),
    ]);
    const judgement = judgeProbe(look, {
      ...{ hostname: asked, port, isFromEdge: from === '', ownAddresses },
      localAddresses: localAddresses(),
      verdict: edge.judgeMark(asked, nonce, look.body),
      nowMs: clock.wallMs(),
    });
    const { dns = null, connect = null, tls = null, answer = null } = look.ms;
    return {
      ...judgement,
      ...{ addresses: [...look.addresses], address: look.address, ms: { dns, connect, tls, answer } },
      certificateEndsMs: look.notAfterMs > 0 ? look.notAfterMs : null,
    };
  }

  #look(
    hostname: string,
    { port, nonce, from }: { readonly port: number; readonly nonce: string; readonly from: string },
    signal: AbortSignal,
  ): Promise<OutsideLook> {
    const { config, clock, edge, rootsPem } = this.#options;
    const path = probePath + nonce;
    if (from !== '') {
      const ca = rootsPem();
      return edge.probeFrom(from, { hostname, port, path, ...(ca === undefined ? {} : { ca }) }, signal);
    }
    return lookFromOutside(
      {
        ...{ hostname, port, path, maxBodyBytes: maxMarkBytes },
        secureContext: this.#trusted(),
        resolve: nameResolver(serversOf(config())),
        nowMs: () => clock.nowMs(),
      },
      signal,
    );
  }

  /** The machine's authorities and the internal CA, made once: taking a hundred certificates apart takes a while. */
  #trusted(): SecureContext | undefined {
    const pem = this.#options.rootsPem();
    if (pem === undefined) return undefined;
    if (this.#trust?.pem !== pem) {
      const context = createSecureContext({ ca: [...getCACertificates('default'), pem] });
      this.#trust = { pem, context };
    }
    return this.#trust.context;
  }

  /** What edge.yml says, or where the edge's own name leads; empty where neither is known. */
  #ownAddresses(signal: AbortSignal): Promise<readonly string[]> {
    const { config, clock } = this.#options;
    const { addresses } = targetOf(config());
    if (addresses.length > 0) return Promise.resolve(addresses);
    const { hostname } = config();
    if (hostname === undefined) return Promise.resolve([]);
    if (!this.#own || clock.nowMs() - this.#own.atMs > ownAddressesKeptMs) {
      const found = nameResolver(serversOf(config()))(hostname, signal).catch(() => []);
      this.#own = { atMs: clock.nowMs(), addresses: found };
    }
    return this.#own.addresses;
  }
}

/** As node:dns takes them: addresses only, since a resolver's name would need another resolver. */
function serversOf(config: EdgeConfig): string[] {
  const own = probeOf(config)?.resolvers ?? [];
  if (own.length > 0) return [...own];
  return resolversOf(config.dns ?? { resolvers: [] }, getServers())
    .filter(({ host }) => isAddress(host))
    .map(formatServerAddress);
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

// One edge put together from its configuration: certificates, internal CA, access log, metrics server and the edge
// itself. The edge role runs one from a file, the demo one from options.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics.ts';
import { makeFolder } from '#base/private-file.ts';
import type { Random } from '#base/random.ts';
import { CertificateFiles } from '#certs/certificate-files.ts';
import { CertificateStore } from '#certs/certificate-store.ts';
import { type InternalCa, openInternalCa } from '#certs/internal-ca.ts';
import { hostnamesOf, snapshotOf } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { type Edge, startEdge } from '#edge/edge.ts';
import { type MetricsServer, startMetricsServer } from '#edge/metrics-server.ts';

export interface EdgeInstanceOptions {
  readonly config: EdgeConfig;
  readonly accessLog: (lines: string, onLost: () => void) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A running edge with what belongs to it. */
export interface EdgeInstance {
  readonly edge: Edge;
  readonly internalCa: InternalCa | undefined;
  /** URL of the metrics server, '' without one. */
  readonly metricsUrl: string;
  /** Puts a changed configuration in force; throws, with the routes unchanged, if it cannot be. */
  apply(config: EdgeConfig): Promise<void>;
  /** Lets requests finish for at most `graceMs`, then closes everything. */
  stop(graceMs: number): Promise<void>;
}

const lookAtCertificatesEveryMs = 2_000;
/** Names under which every edge may be reached on its own machine. */
const localNames = ['localhost', '127.0.0.1', '::1'];

/** Opens everything, or throws one sentence and leaves nothing open. */
export async function startEdgeInstance(options: EdgeInstanceOptions): Promise<EdgeInstance> {
  const opened: (() => unknown)[] = [];
  try {
    return await open(options, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function open(options: EdgeInstanceOptions, opened: (() => unknown)[]): Promise<EdgeInstance> {
  const { config, clock, random, log } = options;
  makeFolder(config.dataDir);
  const files = await CertificateFiles.open({
    pairs: config.certificates,
    clock,
    log,
    lookEveryMs: lookAtCertificatesEveryMs,
  });
  opened.push(() => files.close());
  const ownNames = [...new Set([config.hostname ?? 'localhost', ...localNames])];
  const internalCa = config.internalCa ? openCa(options, ownNames) : undefined;
  const certificates = new CertificateStore({ files, internalCa, ownNames, random });
  serve(certificates, internalCa, config, log);

  const metrics = new MetricsRegistry();
  const edge = await startEdge({
    name: config.hostname ?? '',
    clock,
    random,
    log,
    metrics,
    accessLog: options.accessLog,
    snapshot: snapshotOf(config, 1),
    certificates,
    listen: {
      https: config.listen.https,
      http: config.listen.http.map((address) => ({
        ...address,
        mode: config.listen.serveHttp ? 'serve' : 'redirect',
      })),
    },
    proxyProtocolFrom: config.proxyProtocol?.from ?? [],
    redirectPort: config.publicPort,
  });
  opened.push(() => edge.close());
  let metricsServer: MetricsServer | undefined;
  if (config.listen.metrics) {
    metricsServer = await startMetricsServer({
      ...config.listen.metrics,
      metrics,
      listeners: () => edge.listeners(),
    });
  }

  let version = 1;
  return {
    edge,
    internalCa,
    metricsUrl: metricsServer?.url ?? '',
    async apply(changed) {
      await files.replace(changed.certificates);
      serve(certificates, internalCa, changed, log);
      edge.apply(snapshotOf(changed, ++version));
    },
    async stop(graceMs) {
      await edge.drain(graceMs);
      await edge.close();
      await metricsServer?.close();
      files.close();
    },
  };
}

function openCa(options: EdgeInstanceOptions, ownNames: readonly string[]): InternalCa {
  const { config, clock, random, log } = options;
  const internalCa = openInternalCa({
    folder: config.dataDir,
    ownNames,
    hostnames: hostnamesOf(config),
    clock,
    random,
  });
  log.info('The internal CA is ready', { caFile: internalCa.caFile, caPin: internalCa.pin });
  return internalCa;
}

/** Tells the store which hostnames are served, and has the internal CA permitted to sign for those that no file covers. */
function serve(
  certificates: CertificateStore,
  internalCa: InternalCa | undefined,
  config: EdgeConfig,
  log: Log,
): void {
  const hostnames = hostnamesOf(config);
  certificates.serve(hostnames);
  const added = internalCa?.extend(hostnames.filter((hostname) => !certificates.hasFileFor(hostname))) ?? [];
  if (added.length === 0) return;
  log.warn('The internal CA has a further root; clients that trust ca.pem need it again for these names', {
    names: added.join(' '),
    caFile: internalCa!.caFile,
  });
}

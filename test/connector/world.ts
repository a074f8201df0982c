// A connector for tests, against an edge side on loopback, with everything it logs.
import { systemClock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { parseConnectorConfig, requireValid } from '#config/connector-config.ts';
import { type Connector, startConnector } from '#connector/connector.ts';
import { type CredentialsSource, fixedCredentials } from '#connector/links/credentials-source.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { createCredentials, type TunnelCredentials } from '#tunnel/credentials.ts';
import type { EdgeSide } from './edge-side.ts';

export interface World {
  readonly connector: Connector;
  readonly credentials: TunnelCredentials;
  readonly metrics: MetricsRegistry;
  /** `INF message {fields}` of every line. */
  readonly logged: string[];
}

export interface WorldOptions {
  readonly connections?: number;
  readonly source?: CredentialsSource;
  readonly credentials?: TunnelCredentials;
}

/** Credentials that lead to `edge` and that it accepts. */
export function credentialsFor(edge: EdgeSide): TunnelCredentials {
  const credentials = createCredentials(systemRandom, `127.0.0.1:${edge.port}`, edge.caPin);
  edge.allow(credentials);
  return credentials;
}

/** Starts a connector with rules written as in config.yml. */
export async function startWorld(
  edge: EdgeSide,
  ingress: string,
  options: WorldOptions = {},
): Promise<World> {
  const credentials = options.credentials ?? credentialsFor(edge);
  const metrics = new MetricsRegistry();
  const logged: string[] = [];
  const connector = await startConnector({
    credentials: options.source ?? fixedCredentials(credentials),
    edgeAddress: `127.0.0.1:${edge.port}`,
    rules: rulesOf(ingress),
    clock: systemClock,
    random: systemRandom,
    log: listLog(logged),
    metrics,
    version: '0.0.0-test',
    arch: 'linux_x64',
    connections: options.connections ?? 1,
  });
  return { connector, credentials, metrics, logged };
}

/** The rules of a config.yml fragment that begins after `ingress:`. */
export function rulesOf(ingress: string): readonly IngressRule[] {
  return requireValid(parseConnectorConfig(`ingress:\n${ingress}`, 'yaml', 'test')).rules;
}

/** A log that keeps its lines. */
export function listLog(lines: string[]): Log {
  const add =
    (level: string) =>
    (message: string, fields: object = {}): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = {
    debug: add('DBG'),
    info: add('INF'),
    warn: add('WRN'),
    error: add('ERR'),
    child: () => log,
  };
  return log;
}

/** Waits until `isTrue`, at most `limitMs`. */
export async function until(isTrue: () => boolean, what: string, limitMs = 5_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

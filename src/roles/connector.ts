// The connector role: from a request of the command line to a running connector, with its metrics server, its watched
// files, and a drain when it is told to stop.
import { X509Certificate } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { systemClock } from '#base/clock.ts';
import { countTimers } from '#base/counted-clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { LossReport } from '#base/loss-report.ts';
import { createLog, type Log, type LogLevel } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { architecture, version } from '#base/version.ts';
import type { ConnectorRequest, CredentialsOrigin } from '#cli/runners.ts';
import type { FlagValue } from '#cli/command.ts';
import { logLevelOf } from '#cli/log-level.ts';
import { parseConnectorConfig, readConnectorConfig, requireValid } from '#config/connector-config.ts';
import {
  type CredentialsSource,
  fileCredentials,
  fixedCredentials,
} from '#connector/links/credentials-source.ts';
import { type Connector, startConnector } from '#connector/connector.ts';
import { parseTunnelProtocol } from '#connector/links/edge-dialer.ts';
import { startMetricsServer } from '#connector/metrics-server.ts';
import { reloadOnChange } from '#connector/rules/reload.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { parseCredentialsFile, parseToken } from '#tunnel/credentials.ts';
import { returnOwnMemory } from './own-memory.ts';
import { watchOwnProcess } from './own-watch.ts';
import { aborted } from './signals.ts';
import { thisMachine } from './this-machine.ts';

export interface ConnectorRoleOptions {
  readonly request: ConnectorRequest;
  readonly stop: AbortSignal;
  readonly writeLog: (line: string) => void;
}

const defaultGraceMs = 30_000;
const maxConnections = 64;

/** Runs until `stop` fires, then drains. @throws SallyportError when it cannot start */
export async function runConnector({ request, stop, writeLog }: ConnectorRoleOptions): Promise<void> {
  const flags = new FlagReader(request.flags);
  const log = connectorLog(request.flags, flags, writeLog);
  const credentials = credentialsSource(request.credentials, log);
  const metrics = new MetricsRegistry();
  const clock = countTimers(systemClock);
  const connector = await startConnector({
    credentials,
    edgeAddress: flags.text('edge'),
    rules: request.config.rules,
    hasOwnRules: request.hasOwnRules,
    readPushedRules: flags.isSet('no-remote-config') ? undefined : readPushedRules,
    clock,
    random: systemRandom,
    log,
    metrics,
    version,
    arch: architecture,
    machine: thisMachine(),
    protocol: parseTunnelProtocol(flags.text('protocol')),
    connections: flags.count('ha-connections', 1, maxConnections),
    caText: flags.text('cacert') === '' ? undefined : readCa(flags.text('cacert')),
    ipVersion: ipVersionOf(flags.text('edge-ip-version')),
    bindAddress: flags.text('edge-bind-address') || undefined,
  });
  const stopReturning = returnOwnMemory(systemClock);
  const stopWatching = watchOwnProcess({ clock, log, metrics });
  try {
    const server = await startMetricsServer({
      listen: flags.text('metrics'),
      metrics,
      state: () => connector.state(),
      rules: () => connector.rules,
    });
    log.info(`Starting metrics server on ${server.address}/metrics`);
    reportUnused(request.flags, log);
    const pidFile = flags.text('pidfile');
    void connector.connected().then(
      () => writePidFile(pidFile, log),
      () => {},
    );
    const unwatch = request.isWatched ? followRules(request.config.source, connector, log) : () => {};
    await aborted(stop);
    unwatch();
    await connector.drain(flags.number('grace-period') ?? defaultGraceMs);
    await server.close();
    if (pidFile !== '') rmSync(pidFile, { force: true });
  } finally {
    stopReturning();
    stopWatching();
    await connector.close();
    credentials.close();
  }
}

/** Flags by name, in the type that is wanted. */
class FlagReader {
  readonly #flags: ReadonlyMap<string, FlagValue>;

  constructor(flags: ReadonlyMap<string, FlagValue>) {
    this.#flags = flags;
  }

  /** The text, the first of several, or ''. */
  text(name: string): string {
    const value = this.#flags.get(name);
    return String((typeof value === 'object' ? value[0] : value) ?? '');
  }

  number(name: string): number | undefined {
    const value = this.#flags.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  isSet(name: string): boolean {
    return this.#flags.get(name) === true;
  }

  /** A number within bounds. @throws SallyportError 'usage' */
  count(name: string, least: number, most: number): number | undefined {
    const value = this.number(name);
    if (value === undefined || (value >= least && value <= most)) return value;
    throw new SallyportError('usage', `--${name} is a number from ${least} to ${most}, not ${value}.`);
  }
}

function credentialsSource(origin: CredentialsOrigin, log: Log): CredentialsSource {
  switch (origin.kind) {
    case 'token':
      return fixedCredentials(parseToken(origin.text));
    case 'token-file':
      return fileCredentials({ file: origin.file, form: 'token', clock: systemClock, log });
    case 'json':
      return fixedCredentials(parseCredentialsFile(origin.text, 'given by --credentials-contents'));
    case 'json-file':
      return fileCredentials({ file: origin.file, form: 'json', clock: systemClock, log });
  }
}

function followRules(file: string, connector: Connector, log: Log): () => void {
  const reloader = reloadOnChange({
    file,
    connector,
    clock: systemClock,
    log,
    readRules: (path) => requireValid(readConnectorConfig(path)).rules,
  });
  const onHangup = (): void => reloader.reload();
  process.on('SIGHUP', onHangup);
  return () => {
    process.off('SIGHUP', onHangup);
    reloader.close();
  };
}

/** Rules that the edge sent, read by the very code that reads config.yml. */
function readPushedRules(text: string): readonly IngressRule[] {
  return requireValid(parseConnectorConfig(text, 'yaml', 'that the edge sent')).rules;
}

function connectorLog(
  values: ReadonlyMap<string, FlagValue>,
  flags: FlagReader,
  writeLog: (line: string) => void,
): Log {
  const file = flags.text('logfile');
  const isJson = flags.text('log-format-output') === 'json' || flags.text('output') === 'json';
  const form = {
    level: logLevelOf({ flags: values }, 'info') satisfies LogLevel,
    format: isJson ? ('json' as const) : ('console' as const),
  };
  const log = createLog({ ...form, write: writeLog });
  if (file === '') return log;
  const append = appender(
    file,
    new LossReport({ clock: systemClock, log, subject: `Lines of the log file ${file}` }),
  );
  return createLog({
    ...form,
    write(line) {
      writeLog(line);
      append(line);
    },
  });
}

/** A full disk must not stop traffic; the same line went to stderr. */
function appender(file: string, losses: LossReport): (line: string) => void {
  return (line) => {
    try {
      appendFileSync(file, line);
      losses.written();
    } catch (error) {
      losses.lost(error);
    }
  };
}

function readCa(file: string): string {
  const text = readCaText(file);
  try {
    // Without a certificate in it the file would be passed over, and every edge be refused as signed by a stranger.
    void new X509Certificate(text);
  } catch (error) {
    throw new SallyportError(
      'certificate-invalid',
      `The CA file ${file} does not begin with a certificate in PEM form (${errorText(error)}); name the edge's ca.pem with --cacert.`,
      { cause: error },
    );
  }
  return text;
}

function readCaText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The CA file ${file} could not be read (${errorText(error)}); check the path given by --cacert.`,
      { cause: error },
    );
  }
}

function ipVersionOf(text: string): 0 | 4 | 6 {
  if (text === '' || text === 'auto') return 0;
  if (text === '4') return 4;
  if (text === '6') return 6;
  throw new SallyportError('usage', `--edge-ip-version is auto, 4 or 6, not "${text}".`);
}

function writePidFile(file: string, log: Log): void {
  if (file === '') return;
  try {
    writeFileSync(file, `${process.pid}\n`);
  } catch (error) {
    log.error('The pid file could not be written', { pidfile: file, error: errorText(error) });
  }
}

/** Flags that do something here; all others of cloudflared are accepted and named once. */
const usedFlags = new Set(
  `token token-file config credentials-file credentials-contents edge cacert metrics grace-period ha-connections protocol
  url unix-socket hello-world bastion socks5 loglevel logfile log-format-output output pidfile edge-ip-version
  edge-bind-address http-host-header origin-server-name origin-ca-pool no-tls-verify no-chunked-encoding http2-origin
  proxy-connect-timeout proxy-tls-timeout proxy-tcp-keepalive proxy-no-happy-eyeballs proxy-keepalive-connections
  proxy-keepalive-timeout proxy-address proxy-port no-remote-config`.split(/\s+/),
);

function reportUnused(flags: ReadonlyMap<string, FlagValue>, log: Log): void {
  const unused = [...flags.keys()].filter((name) => !usedFlags.has(name));
  if (unused.length > 0)
    log.debug('These flags are accepted and have no effect here', { flags: unused.join(' ') });
}

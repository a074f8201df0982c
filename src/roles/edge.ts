// The edge role: runs an edge from edge.yml until it is told to stop, and follows the file while it runs.
import { systemClock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { watchFiles } from '#base/file-watch.ts';
import { createLog, type Log } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { RecentLines } from '#base/support/recent-lines.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { WorkersSetting } from '#model/workers-setting.ts';
import { openAccessLog } from './access-log-file.ts';
import { dnsNeedsRestart } from './dns/dns-restart.ts';
import { type EdgeNode, startEdgeNode } from './edge-node.ts';
import { handOver, notePid, tellSystemd } from './succession/edge-succession.ts';
import { findPredecessor } from './succession/handover.ts';
import { aborted } from './signals.ts';
import { isWorker } from './workers/is-worker.ts';

export interface EdgeRoleOptions {
  /** Path of edge.yml. */
  readonly configFile: string;
  /** Counts instead of what the file says. */
  readonly workers: WorkersSetting | undefined;
  readonly stop: AbortSignal;
  readonly writeLog: (line: string) => void;
}

const lookAtConfigEveryMs = 2_000;
/** Requests under way may take this long when the edge is stopped. */
const stopGraceMs = 10_000;

/** Runs until `stop` fires. @throws SallyportError when it cannot start */
export async function runEdge(options: EdgeRoleOptions): Promise<void> {
  if (isWorker()) {
    const { runWorker } = await import('./workers/worker-role.ts');
    return await runWorker({ clock: systemClock, random: systemRandom });
  }
  const predecessor = findPredecessor();
  const { configFile, workers } = options;
  const read = (): EdgeConfig => ({
    ...readEdgeConfig(configFile),
    ...(workers !== undefined && { workers }),
  });
  const args = [
    'edge',
    'run',
    '--config',
    configFile,
    ...(workers === undefined ? [] : [`--workers=${workers}`]),
  ];
  const config = read();
  const recent = new RecentLines();
  const log = createLog({
    ...{ level: config.logLevel, format: config.logFormat },
    write(line) {
      recent.add(line);
      options.writeLog(line);
    },
  });
  const accessLog = openAccessLog(config.accessLog, log);
  let reopenOthers = (): void => {};
  const reopen = (): void => {
    reopenOthers();
    try {
      accessLog.reopen();
    } catch (error) {
      log.error(`${errorText(error)} The file opened before stays in use.`);
    }
  };
  // A signal without a listener ends the process: while there is nothing to hand over yet, and while it stops, it means nothing.
  let replace = (): void => {};
  const onUpgrade = (): void => replace();
  process.on('SIGHUP', reopen).on('SIGUSR2', onUpgrade);
  try {
    const offer = await predecessor?.prepared();
    const node = await startEdgeNode({
      config,
      offer,
      accessLog: (lines, onLost) => accessLog.write(lines, onLost),
      clock: systemClock,
      random: systemRandom,
      log,
      recentLog: () => recent.text(),
      workerArgs: args,
    });
    reopenOthers = () => node.reopenLogs();
    const watch = watchFiles({
      files: () => [configFile],
      clock: systemClock,
      everyMs: lookAtConfigEveryMs,
      onChange: () => follow({ file: configFile, read, node, first: config, log }),
    });
    const { instance, dashboardUrl } = node;
    for (const { name, detail } of instance.listeners()) log.info('Listening', { listener: name, detail });
    if (instance.metricsUrl !== '') log.info('Metrics server is up', { url: instance.metricsUrl });
    if (dashboardUrl !== '') log.info('The dashboard is served', { url: dashboardUrl });
    const forgetPid = notePid(config.dataDir);
    log.info('The edge is ready', { tunnels: config.tunnels.length, routes: config.routes.length });
    predecessor?.ready();
    tellSystemd(log);
    const succession = { node, args, clock: systemClock, log, stop: options.stop };
    const isSucceeded = await untilSucceeded(
      options.stop,
      () => handOver({ ...succession, finishPredecessor: () => predecessor?.finish() }),
      (run) => (replace = run),
    );
    watch.close();
    log.info('Stopping; requests under way may finish', { graceMs: isSucceeded ? 0 : stopGraceMs });
    await node.stop(isSucceeded ? 0 : stopGraceMs);
    forgetPid();
  } finally {
    process.off('SIGHUP', reopen).off('SIGUSR2', onUpgrade);
    accessLog.close();
  }
}

/**
 * Until the stop (false), or until a successor has taken everything over (true). `onUpgrade` is given what starts one, and at the end
 * what does nothing.
 */
async function untilSucceeded(
  stop: AbortSignal,
  handOverOnce: () => Promise<boolean>,
  onUpgrade: (run: () => void) => void,
): Promise<boolean> {
  let handing: Promise<boolean> | undefined;
  let succeeded = (): void => {};
  const over = new Promise<void>((resolve) => (succeeded = resolve));
  onUpgrade(() => {
    handing ??= handOverOnce().then((isOver) => {
      if (isOver) succeeded();
      handing = undefined;
      return isOver;
    });
  });
  let isSucceeded = false;
  await Promise.race([aborted(stop), over.then(() => (isSucceeded = true))]);
  onUpgrade(() => {});
  return isSucceeded || ((await handing) ?? false);
}

/** A file that is followed, and by whom. */
interface Followed {
  readonly file: string;
  readonly read: () => EdgeConfig;
  readonly node: EdgeNode;
  /** What the edge was started with. */
  readonly first: EdgeConfig;
  readonly log: Log;
}

/** Applies a changed file; a broken one is reported and the last good stays in force. */
async function follow({ file, read, node, first, log }: Followed): Promise<void> {
  try {
    const changed = read();
    await node.apply(changed);
    log.info('The edge configuration was applied', {
      tunnels: changed.tunnels.length,
      routes: changed.routes.length,
    });
    for (const key of needsRestart(first, changed)) {
      log.warn(`${key} in ${file} has changed; that takes effect when the edge is started again.`);
    }
  } catch (error) {
    log.error(`${errorText(error)} The last good configuration stays in force.`);
  }
}

/** Keys that are read once, at start. */
function needsRestart(before: EdgeConfig, after: EdgeConfig): string[] {
  const keys = [
    'hostname',
    'listen',
    'publicPort',
    'workers',
    'proxyProtocol',
    'dataDir',
    'internalCa',
    'store',
    'storeUrlFile',
    'dashboard',
    'accessLog',
    'cache',
  ] as const;
  const changed = [...keys, 'logLevel' as const, 'logFormat' as const].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return [...changed, ...dnsNeedsRestart(before, after)];
}

// Where the program starts: checks its Node, introduces the roles to the command line, and gives the process its
// endings: exit codes, signals, and faults that nobody caught.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { errorText, SallyportError } from '#base/errors.ts';
import { httpGet } from '#base/net/node-http.ts';
import { runCommandLine } from '#cli/cli.ts';
import type { CommandContext } from '#cli/command.ts';
import type { ReadyAnswer, Runners } from '#cli/runners.ts';
import { sendToEdge } from '#roles/commands/send-to-edge.ts';
import { aborted, stopOnSignals } from '#roles/signals.ts';
import { askOnTerminal } from '#roles/commands/terminal.ts';
import { createTunnel, keepCredentials, pinOf, tokenOf } from '#roles/commands/tunnel-files.ts';

/** Node before this drops header fields past a thousand without a word (node:http2), and strips no types. */
const oldestNode = 24;
const readyTimeoutMs = 5_000;

/** What may wait for a reader of standard error that has stopped reading; what comes then is dropped. */
const maxWaitingBytes = 8 * 1024 * 1024;

const writeError = (text: string): void => {
  if (process.stderr.writableLength < maxWaitingBytes) process.stderr.write(text);
};

/** Each role is loaded only when it runs: an edge has no use for what a connector keeps in memory. */
const runners: Runners = {
  async demo(asked, onReady, onStopping) {
    await untilSignal(async (stop) => {
      const { startDemo } = await import('#roles/demo/demo.ts');
      const demo = await startDemo({ ...asked, writeLog: writeError, stop });
      if (!stop.aborted) onReady(demo.ready);
      await aborted(stop);
      onStopping();
      await demo.stop();
    });
  },
  async edge(configFile, workers) {
    const { runEdge } = await import('#roles/edge.ts');
    await untilSignal((stop) => runEdge({ configFile, workers, stop, writeLog: writeError }));
  },
  async upgradeEdge(configFile) {
    const { upgradeEdge } = await import('#roles/succession/upgrade-edge.ts');
    return upgradeEdge(configFile, (ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  },
  async connector(asked) {
    const { runConnector } = await import('#roles/connector.ts');
    await untilSignal((stop) => runConnector({ request: asked, stop, writeLog: writeError }));
  },
  dns: {
    plan: async (file) => (await import('#roles/dns/dns-commands.ts')).planDns(file),
    apply: async (file, onStep) => (await import('#roles/dns/dns-commands.ts')).applyDns(file, onStep),
    export: async (file, zone) => (await import('#roles/dns/dns-commands.ts')).exportDns(file, zone),
    check: async (file, hostname, withinMs) =>
      (await import('#roles/dns/dns-commands.ts')).checkDns(file, hostname, withinMs),
  },
  createTunnel,
  keepCredentials,
  tokenOf,
  pinOf,
  send: sendToEdge,
  hasFile: existsSync,
  async setUpEdge(asked) {
    const { setUpEdge } = await import('#roles/commands/set-up-edge.ts');
    return await setUpEdge(asked);
  },
  async restore(file, configFile) {
    const { restoreEdge } = await import('#roles/commands/restore-edge.ts');
    return await restoreEdge(file, configFile);
  },
  async rootsFrom(origin) {
    const { rootsFrom } = await import('#roles/commands/trust.ts');
    return rootsFrom(origin);
  },
  async changeTrust(change) {
    const { changeTrust } = await import('#roles/commands/trust.ts');
    return changeTrust(change);
  },
  async connectorBundle(asked) {
    const { connectorBundle } = await import('#roles/support/connector-bundle.ts');
    return connectorBundle(asked);
  },
  ready: askReady,
};

/** Roles that run: traffic depends on them, so they outlive a full disk and whoever read their output. */
const running = new Set<AbortSignal>();

/** Runs a role until a signal asks it to stop; a second signal ends the process at once. */
async function untilSignal(run: (stop: AbortSignal) => Promise<void>): Promise<void> {
  const signals = stopOnSignals(() => process.exit(130));
  running.add(signals.signal);
  try {
    await run(signals.signal);
  } finally {
    running.delete(signals.signal);
    signals.release();
  }
}

function askReady(address: string): Promise<ReadyAnswer> {
  const failed = (cause: unknown): SallyportError =>
    new SallyportError(
      'edge-unreachable',
      `No connector answered at ${address} (${errorText(cause)}); is it running with --metrics ${address}?`,
      { cause },
    );
  return new Promise((resolve, reject) => {
    let url: URL;
    try {
      url = new URL(
        '/ready',
        `http://${address.replace(/^:/, '127.0.0.1:').replace(/^0\.0\.0\.0:/, '127.0.0.1:')}`,
      );
    } catch {
      return reject(new SallyportError('usage', `--metrics is HOST:PORT, not "${address}".`));
    }
    const asking = httpGet(url, { timeout: readyTimeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => reject(failed(error)));
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer in time')));
    asking.on('error', (error) => reject(failed(error)));
  });
}

function refuseOldNode(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= oldestNode) return;
  writeError(
    `sallyport: Node ${process.versions.node} is too old (it drops headers silently past a thousand); use Node ${oldestNode} or newer, or start bin/sallyport, which brings its own.\n`,
  );
  process.exit(1);
}

/** A fault of ours: say so once, and let the supervisor start a fresh process rather than go on half-broken. */
function dieOnFaults(): void {
  const die = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeError(`sallyport: a fault of the program itself; it stops here.\n${text}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  // A reader that went away (`sallyport help | head`) is no fault, and neither is a disk without room for logs.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && running.size === 0) process.exit(0);
  });
  process.stderr.on('error', () => {});
}

async function runProgram(): Promise<void> {
  refuseOldNode();
  dieOnFaults();
  const context: CommandContext = {
    out: (text) => void process.stdout.write(text),
    err: writeError,
    env: process.env,
    homeFolder: homedir(),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    hasColours: process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
    ask: askOnTerminal,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    runners,
  };
  // Timers of ours do not keep a process alive (base/clock.ts); this does, so that a stop or a failed start that waits
  // for one is not cut short with Node's own exit code 13.
  setInterval(() => {}, 3_600_000);
  process.exitCode = await runCommandLine(process.argv.slice(2), context);
  // Nothing of ours may be left; a stray handle must not keep a stopped program alive.
  process.exit();
}

await runProgram();

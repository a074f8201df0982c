// Starts our side for end-to-end tests the way a person does: `sallyport demo`, or its roles one by one, as separate
// processes from the checkout's own bin/sallyport.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { type RunningProcess, repositoryRoot, startProcess } from './process.ts';

/** What `sallyport demo --output json` prints when everything is up. */
export interface DemoReady {
  readonly ready: true;
  /** `https://localhost:PORT` */
  readonly https: string;
  /** `http://localhost:PORT` */
  readonly http: string;
  /** Hostname to URL, the sample site's and those asked for. */
  readonly hostnames: Readonly<Record<string, string>>;
  readonly caFile: string;
  readonly metrics: { readonly edge: string; readonly connector: string };
  readonly tunnelToken: string;
  readonly edgeAddress: string;
  readonly dashboard: { readonly url: string; readonly signInLink: string | null };
  /** For `sallyport ... --socket`. */
  readonly adminSocket: string;
}

export interface Demo extends DemoReady {
  readonly httpsPort: number;
  readonly httpPort: number;
  /** PEM of the internal CA. */
  readonly ca: string;
  readonly dataDir: string;
  readonly process: RunningProcess;
  /** Stops it cleanly and deletes its data. @throws when it did not exit 0 */
  close(): Promise<void>;
}

export interface DemoOptions {
  /** Hostname to service URL. */
  readonly services?: Readonly<Record<string, string>>;
  /** More flags of `sallyport demo`. */
  readonly extraArgs?: readonly string[];
}

/** The command a user runs from a checkout. */
export const sallyportCommand = join(repositoryRoot, 'bin/sallyport');

/** Starts the demo and waits until it says that it is ready. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sallyport-demo-'));
  const args = ['demo', '--output', 'json', '--https-port', '0', '--http-port', '0', '--data', dataDir];
  for (const [hostname, service] of Object.entries(options.services ?? {})) {
    args.push('--hostname', hostname, '--service', service);
  }
  const running = startSallyport([...args, ...(options.extraArgs ?? [])]);
  const ready = await readyLine(running);
  const ca = await readFile(ready.caFile, 'utf8');
  return {
    ...ready,
    httpsPort: Number(new URL(ready.https).port),
    httpPort: Number(new URL(ready.http).port),
    ca,
    dataDir,
    process: running,
    async close() {
      const wasRunning = running.exitCode() === null;
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
      if (wasRunning && running.exitCode() !== 0) {
        throw new Error(`the demo exited ${running.exitCode()} when stopped\n${running.stderr()}`);
      }
    },
  };
}

/** Starts any command of ours; the caller stops it. */
export function startSallyport(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  return startProcess(sallyportCommand, args, { env });
}

/** Starts an edge by its config file; the caller waits for what it needs. */
export function startEdgeProcess(configFile: string): RunningProcess {
  return startSallyport(['edge', 'run', '--config', configFile]);
}

async function readyLine(running: RunningProcess): Promise<DemoReady> {
  try {
    const line = await eventually(
      'the demo is ready',
      () => /^\{.*"ready".*$/m.exec(running.stdout())?.[0] ?? (running.exitCode() !== null && 'ended'),
      90_000,
    );
    if (line === 'ended') throw new Error(`the demo exited ${running.exitCode()} before it was ready`);
    return JSON.parse(line) as DemoReady;
  } catch (error) {
    await running.kill();
    throw new Error(`${(error as Error).message}\n${running.stdout()}\n${running.stderr()}`, {
      cause: error,
    });
  }
}

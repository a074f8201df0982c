// Child processes of end-to-end tests: started with their output kept, waited for, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/** A program that runs beside the test. */
export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The exit code, or null while it runs; signals count as 128 + n like in a shell. */
  exitCode(): number | null;
  /** Resolves when it has ended. */
  readonly ended: Promise<number>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it has ended. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL at once. */
  kill(): Promise<void>;
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bytes for its standard input. */
  readonly input?: string | Buffer;
  /** Its standard input stays open, for the test to write to. */
  readonly keepsInput?: boolean;
}

/** Kept per stream; the end matters more than the beginning. */
const maxOutputChars = 4_000_000;

/** Starts a program; its output is kept for messages. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryRoot,
    env: { ...process.env, ...options.env },
    stdio: [options.input === undefined && !options.keepsInput ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  if (options.input !== undefined) child.stdin!.end(options.input);
  let stdout = '';
  let stderr = '';
  child
    .stdout!.setEncoding('utf8')
    .on('data', (text: string) => (stdout = (stdout + text).slice(-maxOutputChars)));
  child
    .stderr!.setEncoding('utf8')
    .on('data', (text: string) => (stderr = (stderr + text).slice(-maxOutputChars)));
  let code: number | null = null;
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      stderr += `${command}: ${error.message}\n`;
      resolve((code = 127));
    });
    child.once('close', (exit, signal) => resolve((code = exit ?? 128 + signalNumber(signal))));
  });
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  void ended.then(() => process.removeListener('exit', killOnExit));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exitCode: () => code,
    ended,
    kill,
    async stop(graceMs = 10_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Runs a program to its end. @throws with its output when it does not exit 0 */
export async function run(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<string> {
  const running = startProcess(command, args, options);
  const code = await running.ended;
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} exited ${code}\n${running.stdout()}\n${running.stderr()}`);
  }
  return running.stdout();
}

/** Whether a program is on the path. */
export async function isInstalled(command: string): Promise<boolean> {
  const running = startProcess('sh', ['-c', `command -v ${command}`]);
  return (await running.ended) === 0;
}

/** Below the ports that systems give away by themselves (Linux: from 32768), which any client may be given meanwhile. */
const [lowestPort, highestPort] = [12_000, 28_000];

/** A port that nobody listens on at this moment, and that nobody gets by chance before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highestPort);
    const server = createServer();
    const isFree = new Promise<boolean>((resolve) => {
      server.on('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!(await isFree)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  if (signal === 'SIGKILL') return 9;
  if (signal === 'SIGINT') return 2;
  return 15;
}

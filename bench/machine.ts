// What the bench needs of the machine: programs pinned to a core, their CPU time and memory from /proc, and an end for
// everything that was started.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** Proxies run on this core, load generators and origins on the other, so that CPU per request can be compared. */
export const proxyCore = 0;
export const loadCore = 1;

/** Linux counts process times in hundredths of a second (USER_HZ) on every architecture Node runs on. */
const tickUs = 10_000;

/** Raises the limit on open files of the program after it as far as this machine lets us. */
const raiseFiles = ['sh', '-c', 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh'];

/** How many files a program may have open here. */
export function openFilesLimit(): number {
  const [first, ...rest] = [...raiseFiles, 'sh', '-c', 'ulimit -n'];
  return Number(execFileSync(first!, rest, { encoding: 'utf8' }));
}

/** A program the bench started. */
export interface Program {
  readonly pid: number;
  /** What it has written so far, both streams. */
  output(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

/** Starts a program on one core, or wherever the kernel has it. */
export function startPinned(
  core: number | 'any',
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const pin = core === 'any' ? [] : ['taskset', '-c', String(core)];
  const [first, ...rest] = [...raiseFiles, ...pin, command, ...args];
  const child: ChildProcess = spawn(first!, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-4_000_000);
  };
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code, signal) => resolve(code ?? (signal === null ? 0 : 143)));
  });
  // With its children: nginx's worker would live on and hold the port.
  const killOnExit = (): void => {
    for (const one of processTree(child.pid!).reverse()) killQuietly(one);
  };
  process.once('exit', killOnExit);
  void ended.then(() => process.removeListener('exit', killOnExit));
  return {
    pid: child.pid!,
    output: () => output,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Runs a program on one core to its end. @throws with its output unless it exits 0 */
export async function runPinned(core: number, command: string, args: readonly string[]): Promise<string> {
  const program = startPinned(core, command, args);
  const code = await program.ended;
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} exited ${code}: ${program.output().slice(-2000)}`);
  return program.output();
}

/** Moves a running process, with its children and threads, to another core. */
export function movePinned(pid: number, core: number): void {
  for (const one of processTree(pid)) execFileSync('taskset', ['-acp', String(core), String(one)]);
}

/** CPU time that a process and its children have used so far, in microseconds. */
export function cpuUs(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + ownCpuUs(one), 0);
}

/** Resident memory of a process and its children, in bytes. */
export function residentBytes(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + ownResidentBytes(one), 0);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something accepts TCP connections on a loopback port. */
export async function waitForPort(port: number, what: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await isListening(port)) return;
    await pause(50);
  }
  throw new Error(`${what} did not listen on port ${port} within 15 s`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A process with all that it has started, itself first. */
export function processTree(pid: number): number[] {
  const out = [pid];
  for (let i = 0; i < out.length; i++) {
    try {
      for (const task of readdirSync(`/proc/${out[i]}/task`)) {
        const children = readFileSync(`/proc/${out[i]}/task/${task}/children`, 'latin1');
        out.push(
          ...children
            .split(' ')
            .filter((text) => text !== '')
            .map(Number),
        );
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return out;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** The same without its children. */
export function ownCpuUs(pid: number): number {
  const stat = readProcessFile(pid, 'stat');
  if (stat === '') return 0;
  // The program's name stands in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}

function ownResidentBytes(pid: number): number {
  const status = readProcessFile(pid, 'status');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Memory of a process alone in bytes: its own, and its part of what it shares with others (Pss). */
export function ownProportionalBytes(pid: number): number {
  const rollup = readProcessFile(pid, 'smaps_rollup');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Empty for a process that has ended meanwhile. */
function readProcessFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

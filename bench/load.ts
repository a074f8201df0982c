// The load generators: wrk for HTTP/1.1 and h2load for HTTP/2 and for fixed rates, and the reading of what they print.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCore, type Program, runPinned, startPinned } from './machine.ts';
import type { TurnsTaken } from './turns.ts';

/** A run at full speed. */
export interface LoadRun {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers other than 2xx, and connections that broke. */
  readonly failed: number;
}

/** A run at a fixed rate. */
export interface LatencyRun {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failed: number;
}

/** HTTP/1.1 as fast as it goes. */
export async function runWrk(
  url: string,
  connections: number,
  seconds: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<LoadRun> {
  return readWrk(await runPinned(loadCore, 'wrk', wrkFlags(url, connections, seconds, headers)));
}

function wrkFlags(
  url: string,
  connections: number,
  seconds: number,
  headers: Readonly<Record<string, string>> = {},
): string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', ...fields, url];
}

/** The same for turns.ts. */
export function startWrk(url: string, connections: number, seconds: number): Program {
  return startPinned(loadCore, 'wrk', wrkFlags(url, connections, seconds));
}

/** What came of it, in the time that was its own. */
export function wrkInTurns({ output, activeSeconds }: TurnsTaken): LoadRun {
  const run = readWrk(output);
  return { ...run, perSecond: run.requests / activeSeconds };
}

function readWrk(text: string): LoadRun {
  const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  const badStatus = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const errors = /connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const socketErrors = errors === null ? 0 : errors.slice(1).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    failed: badStatus + socketErrors,
  };
}

/** HTTP/2 as fast as it goes: 10 connections with 10 streams each. */
export async function runH2load(target: LoadTarget, seconds: number): Promise<LoadRun> {
  return readH2load(await runPinned(loadCore, 'h2load', h2loadFlags(target, seconds)));
}

function h2loadFlags(target: LoadTarget, seconds: number): string[] {
  return ['-t1', '-c10', '-m10', '-D', String(seconds), ...connectTo(target), target.url];
}

/** The same for turns.ts. */
export function startH2load(target: LoadTarget, seconds: number): Program {
  return startPinned(loadCore, 'h2load', h2loadFlags(target, seconds));
}

/** What came of it, in the time that was its own. */
export function h2loadInTurns({ output, activeSeconds }: TurnsTaken): LoadRun {
  const run = readH2load(output);
  return { ...run, perSecond: run.requests / activeSeconds };
}

function readH2load(text: string): LoadRun {
  return {
    requests: Number(/requests: \d+ total, \d+ started, (\d+) done/.exec(text)?.[1] ?? 0),
    perSecond: Number(/finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(text)?.[1] ?? 0),
    failed: failedRequests(text),
  };
}

/** Where to send load. */
export interface LoadTarget {
  readonly url: string;
  /** Port on 127.0.0.1 behind the URL's hostname. */
  readonly port: number;
}

/** Latency at a fixed rate, over `connections` connections, HTTP/1.1 or HTTP/2. */
export async function runFixedRate(
  target: LoadTarget,
  options: { readonly perSecond: number; readonly seconds: number; readonly isHttp2: boolean },
): Promise<LatencyRun> {
  const connections = options.isHttp2 ? 10 : 32;
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  const logFile = join(folder, 'requests.tsv');
  const perClient = Math.max(1, Math.round(options.perSecond / connections));
  const args = ['-t1', `-c${connections}`, '-m10', '-D', String(options.seconds), `--rps=${perClient}`];
  args.push(`--log-file=${logFile}`, ...connectTo(target), ...(options.isHttp2 ? [] : ['--h1']), target.url);
  const text = await runPinned(loadCore, 'h2load', args);
  const latencies = (await readFile(logFile, 'utf8'))
    .split('\n')
    .map((line) => Number(line.split('\t')[2]))
    .filter((us) => us > 0)
    .sort((a, b) => a - b);
  await rm(folder, { recursive: true });
  return {
    perSecond: latencies.length / options.seconds,
    p50Us: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99Us: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    failed: failedRequests(text),
  };
}

function connectTo(target: LoadTarget): string[] {
  return [`--connect-to=127.0.0.1:${target.port}`];
}

function failedRequests(text: string): number {
  const counts = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(text);
  const redirectedOrWorse = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(text);
  const statuses = redirectedOrWorse === null ? 0 : sum(redirectedOrWorse.slice(1));
  return (counts === null ? 0 : Number(counts[1])) + statuses;
}

function sum(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + Number(text), 0);
}

// Requests per second, CPU per request and latency at a fixed rate: small answers over plain HTTP/1.1, HTTP/1.1 with
// TLS and HTTP/2 with TLS.
import {
  h2loadInTurns,
  type LoadRun,
  runFixedRate,
  runH2load,
  runWrk,
  startH2load,
  startWrk,
  wrkInTurns,
} from './load.ts';
import type { Program } from './machine.ts';
import type { Peer } from './peers.ts';
import { benchHostname } from './sallyport.ts';
import { takeTurns, type TurnsTaken } from './turns.ts';

/** The ways a request comes in. */
export const requestModes = ['h1 plain', 'h1 tls', 'h2 tls'] as const;
export type RequestMode = (typeof requestModes)[number];

/** One peer under one kind of load. */
export interface RequestsResult {
  readonly peer: string;
  readonly mode: RequestMode;
  /** Peers take turns within it, and ratios are made within it. */
  readonly round: number;
  readonly perSecond: number;
  /** CPU per request of each process, in microseconds, and of all together. */
  readonly cpuUs: Readonly<Record<string, number>>;
  readonly cpuTotalUs: number;
  readonly fixedRate: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface RequestsOptions {
  readonly seconds: number;
  readonly round: number;
  /** The same for all peers, below what the slowest manages. */
  readonly fixedRate: number;
}

const wrkConnections = 64;

/** Seconds of one run of a warm-up, and of all of them at most. */
const warmUpStepSeconds = 3;
const longestWarmUpSeconds = 90;

/** What a peer had served before it was measured. */
export interface WarmUpResult {
  readonly peer: string;
  readonly mode: RequestMode;
  readonly requests: number;
}

/**
 * Load before anything is measured, counted in requests so that a busy machine warms up no less than a quiet one: a proxy runs
 * for weeks, and the compiler of ours has settled after 80,000 requests (docs/adr/0005-memory.md).
 */
export async function warmUp(peer: Peer, mode: RequestMode, least: number): Promise<WarmUpResult> {
  let requests = 0;
  for (let seconds = 0; requests < least && seconds < longestWarmUpSeconds; seconds += warmUpStepSeconds)
    requests += (await runFullSpeed(peer, mode, warmUpStepSeconds)).requests;
  return { peer: peer.name, mode, requests };
}

/** Measures all peers: runs at full speed in which they take turns, then one at a fixed rate for each. */
export async function measureRequests(
  peers: readonly Peer[],
  mode: RequestMode,
  options: RequestsOptions,
): Promise<RequestsResult[]> {
  const takers = peers.map((peer) => ({
    start: (seconds: number) => startFullSpeed(peer, mode, seconds),
    processes: peer.processes,
    accessLog: peer.accessLog,
  }));
  const taken = await takeTurns(takers, options.seconds);
  const results: RequestsResult[] = [];
  for (const [i, peer] of peers.entries()) {
    const full = mode === 'h2 tls' ? h2loadInTurns(taken[i]!) : wrkInTurns(taken[i]!);
    const cpu = costPerRequest(taken[i]!, full.requests);
    results.push(await withLatency(peer, mode, options, full, cpu));
  }
  return results;
}

function costPerRequest({ cpuUs }: TurnsTaken, requests: number): Record<string, number> {
  return Object.fromEntries(Object.entries(cpuUs).map(([name, us]) => [name, us / Math.max(1, requests)]));
}

async function withLatency(
  peer: Peer,
  mode: RequestMode,
  options: RequestsOptions,
  full: LoadRun,
  cpu: Readonly<Record<string, number>>,
): Promise<RequestsResult> {
  const latency = await runFixedRate(targetOf(peer, mode), {
    perSecond: options.fixedRate,
    seconds: options.seconds,
    isHttp2: mode === 'h2 tls',
  });
  const failed = full.failed + latency.failed;
  if (failed > 0 || full.requests === 0) {
    throw new Error(
      `${peer.name}, ${mode}: ${failed} of ${full.requests} requests failed; nothing to compare`,
    );
  }
  return {
    peer: peer.name,
    mode,
    round: options.round,
    perSecond: full.perSecond,
    cpuUs: cpu,
    cpuTotalUs: Object.values(cpu).reduce((sum, us) => sum + us, 0),
    fixedRate: latency.perSecond,
    p50Us: latency.p50Us,
    p99Us: latency.p99Us,
  };
}

function startFullSpeed(peer: Peer, mode: RequestMode, seconds: number): Program {
  const target = targetOf(peer, mode);
  return mode === 'h2 tls' ? startH2load(target, seconds) : startWrk(target.url, wrkConnections, seconds);
}

function runFullSpeed(peer: Peer, mode: RequestMode, seconds: number): Promise<LoadRun> {
  const target = targetOf(peer, mode);
  return mode === 'h2 tls' ? runH2load(target, seconds) : runWrk(target.url, wrkConnections, seconds);
}

function targetOf(peer: Peer, mode: RequestMode): { url: string; port: number } {
  const port = mode === 'h1 plain' ? peer.plainPort : peer.tlsPort;
  const scheme = mode === 'h1 plain' ? 'http' : 'https';
  return { url: `${scheme}://${benchHostname}:${port}${peer.path ?? '/'}`, port };
}

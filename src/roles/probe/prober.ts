// Looks at every public hostname from outside, again and again: spread over the time between two looks, a few at once, sooner
// again where something is wrong. Remembers the last result of each hostname from each place.
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { PartNow, PartState } from '#model/live/health.ts';
import type { ProbeOutcome, ProbeResult } from '#model/probes/probe.ts';

/** What one probe found, before it is known how often in a row. */
export type ProbeFinding = Omit<ProbeResult, 'failures' | 'hostname' | 'from' | 'atMs'>;

export interface ProberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Hostnames and wildcards with a route. */
  readonly hostnames: () => readonly string[];
  /** From where: '' the edge, else the name of a tunnel. */
  readonly places: () => readonly string[];
  /** Between two looks at one hostname. */
  readonly everyMs: () => number;
  readonly probe: (hostname: string, from: string, signal: AbortSignal) => Promise<ProbeFinding>;
}

/** A route that was just made has its record and certificate by then, or never. */
const firstAfterMs = 30_000;
/** After a first failure, before anybody is told. */
const againAfterMs = 30_000;
/** While it fails, so that its end is soon seen. */
const whileFailingMs = 60_000;
const jitter = 0.1;
const tickMs = 1_000;
/** Routes change seldom, and there may be many. */
const followEveryMs = 5_000;
/** At the same moment, and so many begun in a second: a round over ten thousand hostnames takes 40 minutes. */
const maxAtOnce = 8;
const maxPerTick = 4;
/** Everything of one probe. */
const probeWithinMs = 25_000;
/** Pairs of hostname and place that are looked at; more are not. */
const maxWatched = 20_000;

interface Watched {
  readonly hostname: string;
  readonly from: string;
  nextMs: number;
  running: Promise<ProbeResult> | undefined;
  result: ProbeResult | undefined;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #counts = new Map<ProbeOutcome, number>();
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #running = 0;
  #followedMs = -Infinity;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Begins to look. */
  start(): void {
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#tick();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stop.abort(new Error('the edge is stopping'));
  }

  /** The last result of each hostname from each place, in the order of the routes. */
  results(): ProbeResult[] {
    return [...this.#watched.values()].flatMap(({ result }) => (result ? [result] : []));
  }

  /** Probes by outcome since the start. */
  get counts(): ReadonlyMap<ProbeOutcome, number> {
    return this.#counts;
  }

  /** Looks at one hostname now, from everywhere; undefined where it is none of ours. */
  async now(hostname: string): Promise<ProbeResult[] | undefined> {
    this.#follow();
    const mine = [...this.#watched.values()].filter((watched) => watched.hostname === hostname);
    return mine.length === 0 ? undefined : await Promise.all(mine.map((watched) => this.#look(watched)));
  }

  /** What was found, as parts of the edge's health. */
  parts(): PartNow[] {
    return [...this.#watched.values()].map(({ hostname, from, result }): PartNow => {
      const name = from === '' ? hostname : `${hostname} from ${from}`;
      const part = { kind: 'probe', name, isVital: false } as const;
      if (!result) return { ...part, state: 'unknown', sentence: 'Nobody has looked yet.', cure: '' };
      return { ...part, state: stateOf(result), sentence: result.sentence, cure: result.cure };
    });
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#followedMs >= followEveryMs) this.#follow();
    const due = [...this.#watched.values()].filter(({ nextMs, running }) => !running && nextMs <= nowMs);
    due.sort((a, b) => a.nextMs - b.nextMs);
    const room = Math.min(maxPerTick, maxAtOnce - this.#running);
    for (const watched of due.slice(0, Math.max(0, room))) void this.#look(watched);
  }

  /** Watches what is served now, and nothing else. */
  #follow(): void {
    const { clock, random } = this.#options;
    this.#followedMs = clock.nowMs();
    const wanted = new Set<string>();
    for (const from of this.#options.places()) {
      for (const hostname of this.#options.hostnames()) {
        const key = `${hostname} ${from}`;
        wanted.add(key);
        if (this.#watched.has(key) || this.#watched.size >= maxWatched) continue;
        const nextMs = clock.nowMs() + firstAfterMs * (1 + random.fraction());
        this.#watched.set(key, { hostname, from, nextMs, running: undefined, result: undefined });
      }
    }
    for (const key of this.#watched.keys()) if (!wanted.has(key)) this.#watched.delete(key);
  }

  #look(watched: Watched): Promise<ProbeResult> {
    watched.running ??= this.#run(watched).finally(() => (watched.running = undefined));
    return watched.running;
  }

  async #run(watched: Watched): Promise<ProbeResult> {
    const { clock, random, log, probe, everyMs } = this.#options;
    const { hostname, from } = watched;
    this.#running += 1;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(probeWithinMs)]);
    const finding = await probe(hostname, from, signal).catch((error: unknown) => notSeen(errorText(error)));
    this.#running -= 1;
    const before = watched.result;
    const failures = isFailure(finding.outcome) ? (before?.failures ?? 0) + 1 : 0;
    const result = { ...finding, hostname, from, atMs: Math.round(clock.wallMs()), failures };
    watched.result = result;
    this.#counts.set(result.outcome, (this.#counts.get(result.outcome) ?? 0) + 1);
    const waitMs =
      failures === 0 ? everyMs() : failures === 1 ? againAfterMs : Math.min(whileFailingMs, everyMs());
    watched.nextMs = clock.nowMs() + waitMs * (1 + jitter * (2 * random.fraction() - 1));
    if (before?.outcome !== result.outcome && failures > 0)
      log.warn('A hostname is not well seen from outside', {
        ...{ hostname, from, outcome: result.outcome, detail: result.sentence },
      });
    return result;
  }
}

function stateOf({ outcome, failures }: ProbeResult): PartState {
  if (outcome === 'ok') return 'ok';
  if (outcome === 'unseen') return 'unknown';
  // One failure may be the moment's.
  return outcome === 'expiring' || failures < 2 ? 'degraded' : 'down';
}

/** Whether visitors are turned away, as far as it is seen. */
export function isFailure(outcome: ProbeOutcome): boolean {
  return outcome !== 'ok' && outcome !== 'unseen' && outcome !== 'expiring';
}

function notSeen(why: string): ProbeFinding {
  return {
    ...{ outcome: 'unseen', sentence: `It could not be looked at: ${why}`, cure: '' },
    ...{ addresses: [], address: '', certificateEndsMs: null },
    ms: { dns: null, connect: null, tls: null, answer: null },
  };
}

// One case of the chaos runs: steady load, something bad, the time until it was noticed, the time until nothing failed
// any more, and what all of it cost.
import { pause } from '../support/eventually.ts';
import { type Footprint, footprintOf, type Lab, type Part } from './lab.ts';
import type { LoadSettings } from './load-main.ts';
import { type LoadReport, summaryOf } from './tally.ts';

/** What a case does and what must come of it. */
export interface ChaosCase {
  /** As the table and the command line call it: `edge-killed`. */
  readonly name: string;
  /** What happens, in words. */
  readonly what: string;
  /** Too long for a run of all cases: it runs where it is named. */
  readonly isByHand?: true;
  /** Most failures that are no fault; absent: any number, as long as they end. */
  readonly mayFail?: number;
  /** How much more memory the edge may hold afterwards. */
  readonly mayGrowMiB?: number;
  /** Longest time to notice that is no fault, where it is a promise. */
  readonly noticedWithinS?: number;
  readonly load?: Partial<Pick<LoadSettings, 'pace' | 'kinds' | 'timeoutMs'>>;
  /** Before the load: what the case needs and honest clients shall not see. */
  prepare?(lab: Lab): Promise<void>;
  /** After the load, whatever happened: leaves the lab as it was. */
  restore?(lab: Lab): Promise<void>;
  /** Hurts, and heals; resolves when all is in place again, or what is broken is not to be mended by hand. */
  hurt(lab: Lab, watch: Watch): Promise<void>;
}

/** What a case tells while it runs. */
export interface Watch {
  /** The bad thing happens now; seconds count from here. */
  begun(): void;
  /** Somebody has said so: a log, a metric, `/ready`; now, or when their log says. The first call counts. */
  noticed(atMs?: number): void;
  /** How often, how much: shown beside the result. */
  note(text: string): void;
  /** Something that did not hold. */
  fault(text: string): void;
  readonly load: { report(): Promise<LoadReport> };
}

/** A row of the table. */
export interface CaseResult {
  readonly name: string;
  readonly what: string;
  readonly requests: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly lostBytes: number;
  readonly wrongBytes: number;
  readonly noticedS: number | undefined;
  /** When the last failure was; 0 without any. */
  readonly recoveredS: number;
  /** All of it, with what had to be prepared and put back. */
  readonly tookS: number;
  readonly before: Readonly<Record<string, Footprint>>;
  readonly after: Readonly<Record<string, Footprint>>;
  readonly notes: readonly string[];
  /** What did not hold; none is good. */
  readonly faults: readonly string[];
}

/** Load before the trouble, so that connections are warm. */
const warmRequests = 150;
/** Nothing fails for so long, and every kind works: it is over. */
const quietMs = 3_000;
const recoverLimitMs = 120_000;

/** Runs one case on a lab in which all is well. @throws what the case itself could not do */
export async function runCase(lab: Lab, chaosCase: ChaosCase): Promise<CaseResult> {
  const beganMs = Date.now();
  await chaosCase.prepare?.(lab);
  let result;
  try {
    result = await measured(lab, chaosCase);
  } finally {
    await chaosCase.restore?.(lab);
  }
  return { ...result, tookS: Math.round((Date.now() - beganMs) / 1000) };
}

async function measured(lab: Lab, chaosCase: ChaosCase): Promise<Omit<CaseResult, 'tookS'>> {
  const before = footprints(lab);
  const load = lab.startLoad(chaosCase.load);
  const notes: string[] = [];
  const faults: string[] = [];
  let begunMs = 0;
  let noticedMs = 0;
  try {
    await until(load, 'load runs', (report) => countOf(report) >= warmRequests);
    begunMs = Date.now();
    await chaosCase.hurt(lab, {
      load,
      begun: () => void (begunMs = Date.now()),
      noticed: (atMs = Date.now()) => void (noticedMs ||= atMs),
      note: (text) => void notes.push(text),
      fault: (text) => void faults.push(text),
    });
    await quiet(load);
  } catch (error) {
    await load.stop().catch(() => undefined);
    throw error;
  }
  const after = footprints(lab);
  const report = await load.stop();
  const lastMs = report.failures.at(-1)?.atMs ?? begunMs;
  const result = {
    ...{ name: chaosCase.name, what: chaosCase.what, notes, before, after },
    requests: countOf(report),
    failed: report.failures.length,
    failures: summaryOf(report.failures),
    ...{ lostBytes: report.lostBytes, wrongBytes: report.wrongBytes },
    noticedS: noticedMs === 0 ? undefined : (noticedMs - begunMs) / 1000,
    recoveredS: Math.max(0, lastMs - begunMs) / 1000,
  };
  return { ...result, faults: [...faults, ...faultsOf(chaosCase, result)] };
}

function faultsOf(
  { mayFail, noticedWithinS, mayGrowMiB }: ChaosCase,
  { failed, wrongBytes, noticedS, before, after }: Omit<CaseResult, 'faults' | 'tookS'>,
): string[] {
  const faults: string[] = [];
  if (wrongBytes > 0) faults.push(`${wrongBytes} bytes were not what they should have been`);
  if (mayFail !== undefined && failed > mayFail) faults.push(`${failed} failed, ${mayFail} may`);
  const grownMiB = (after['edge']?.memoryMiB ?? 0) - (before['edge']?.memoryMiB ?? 0);
  if (mayGrowMiB !== undefined && grownMiB > mayGrowMiB)
    faults.push(`the edge holds ${grownMiB} MiB more, ${mayGrowMiB} are allowed`);
  if (noticedWithinS !== undefined) {
    if (noticedS === undefined) faults.push('nobody noticed');
    else if (noticedS > noticedWithinS)
      faults.push(`noticed after ${noticedS} s, promised are ${noticedWithinS} s`);
  }
  return faults;
}

/** Until nothing has failed for a while and every kind of load goes on. */
async function quiet(load: { report(): Promise<LoadReport> }): Promise<void> {
  const first = await load.report();
  let sinceMs = Date.now();
  let failed = first.failures.length;
  let then = first.sent;
  await until(load, 'nothing fails any more', ({ failures, sent }) => {
    if (failures.length !== failed) {
      failed = failures.length;
      sinceMs = Date.now();
      then = sent;
      return false;
    }
    const isMoving = Object.keys(first.sent).every((kind) => (sent[kind] ?? 0) > (then[kind] ?? 0));
    return Date.now() - sinceMs >= quietMs && isMoving;
  });
}

async function until(
  load: { report(): Promise<LoadReport> },
  what: string,
  isTrue: (report: LoadReport) => boolean,
): Promise<void> {
  const deadline = Date.now() + recoverLimitMs;
  for (;;) {
    const report = await load.report();
    if (isTrue(report)) return;
    if (Date.now() > deadline)
      throw new Error(
        `not within ${recoverLimitMs} ms: ${what}; ${JSON.stringify(report.sent)} ${JSON.stringify(summaryOf(report.failures))}`,
      );
    await pause(200);
  }
}

function countOf({ sent }: LoadReport): number {
  return Object.values(sent).reduce((sum, count) => sum + count, 0);
}

function footprints(lab: Lab): Record<string, Footprint> {
  const found: Record<string, Footprint> = {};
  const parts: readonly Part[] = [lab.edge, ...lab.connectors];
  for (const part of parts) if (part.running.exitCode() === null) found[part.name] = footprintOf(part);
  return found;
}

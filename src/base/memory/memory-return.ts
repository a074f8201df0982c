// Memory that a start or many clients needed goes back to the system when they are over. V8 comes for what was left behind only
// when more is needed, malloc keeps what is freed, and the program's own text stays where it was touched once; a process that is
// at leisure asks all three (docs/adr/0005-memory.md).
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../clock.ts';
import type { Resident } from './resident.ts';

export interface MemoryReturnOptions {
  readonly clock: Clock;
  readonly resident: () => Resident;
  /** Processor time that the process has used so far. */
  readonly cpuMs: () => number;
  /** Frees what nobody uses any more. */
  readonly collect: () => void;
  /** Gives back what is free; undefined where nobody can. */
  readonly trim: (() => void) | undefined;
  /** Lets go of the program's text; undefined where nobody can. */
  readonly releaseText: (() => void) | undefined;
}

/** A trim of a process that has nothing to give back takes a millisecond: a ten-thousandth of the time. */
const lookEveryMs = 10_000;
/** So much above the least that it ever came down to is worth a trim; an edge's own ups and downs are smaller. */
const worthTrimBytes = 16 * 1024 * 1024;
/** And so much a collection, which goes further: it holds everything up for some 50 ms, so only at leisure and not too often. */
const worthCollectionBytes = 8 * 1024 * 1024;
const leisurePart = 0.25;
/** The next one may follow soon after one that freed something, or when much else was freed; after another the wait doubles. */
const leastCollectionWaitMs = 20_000;
const mostCollectionWaitMs = 320_000;
/** A process at leisure touches less of its program than this. */
const worthTextBytes = 24 * 1024 * 1024;

/** Starts giving back; the returned function ends it. */
export function returnMemory(options: MemoryReturnOptions): () => void {
  const { clock, resident, cpuMs, collect, trim, releaseText } = options;
  // A crowd may be there before the first look.
  let leastBytes = resident().ownBytes;
  let lookedMs = clock.nowMs();
  let usedMs = cpuMs();
  let collectedMs = -Infinity;
  let waitMs = leastCollectionWaitMs;
  const seen = (): Resident => {
    const now = resident();
    leastBytes = Math.min(leastBytes, now.ownBytes);
    return now;
  };
  const giveBackAtLeisure = ({ ownBytes, fileBytes }: Resident): void => {
    if (fileBytes >= worthTextBytes) releaseText?.();
    if (clock.nowMs() - collectedMs < waitMs || ownBytes < leastBytes + worthCollectionBytes) return;
    collect();
    trim?.();
    collectedMs = clock.nowMs();
    const isUseful = seen().ownBytes < ownBytes - worthCollectionBytes / 2;
    waitMs = isUseful ? leastCollectionWaitMs : Math.min(waitMs * 2, mostCollectionWaitMs);
  };
  let lookedBytes = 0;
  /** A crowd has left: what it leaves to the collector is not to wait as long as it did while it stayed. */
  const noteFall = ({ ownBytes }: Resident): void => {
    if (ownBytes <= lookedBytes - worthTrimBytes) waitMs = leastCollectionWaitMs;
    lookedBytes = ownBytes;
  };
  const giveBack = (isAtLeisure: boolean): void => {
    let now = seen();
    if (trim && now.ownBytes >= leastBytes + worthTrimBytes) {
      trim();
      now = seen();
    }
    noteFall(now);
    if (isAtLeisure) giveBackAtLeisure(now);
  };
  const look = (): void => {
    const nowMs = clock.nowMs();
    const nowUsedMs = cpuMs();
    const isAtLeisure = nowUsedMs - usedMs < (nowMs - lookedMs) * leisurePart;
    lookedMs = nowMs;
    usedMs = nowUsedMs;
    try {
      giveBack(isAtLeisure);
    } catch {
      // Asking takes a descriptor, and there may be none; the next look is as good.
    }
    timer = clock.after(lookEveryMs, look);
  };
  let timer = clock.after(lookEveryMs, look);
  return () => timer.cancel();
}

/** V8's collector, which a program must ask for by name; found when it is first called. */
export function garbageCollection(): () => void {
  let collect: (() => void) | undefined;
  return () => {
    if (!collect) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as () => void;
      setFlagsFromString('--no-expose-gc');
    }
    collect();
  };
}

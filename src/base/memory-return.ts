// Memory that many clients needed goes back to the system when they have left. V8 comes for what they left behind only when
// more is needed, and malloc keeps what is freed; a process that is at leisure asks both (docs/adr/0005-memory.md).
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';

export interface MemoryReturnOptions {
  readonly clock: Clock;
  /** Bytes that the process holds now. */
  readonly residentBytes: () => number;
  /** Processor time that the process has used so far. */
  readonly cpuMs: () => number;
  /** Frees what nobody uses any more. */
  readonly collect: () => void;
  /** Gives back what is free; undefined where nobody can. */
  readonly trim: (() => void) | undefined;
}

/** A trim of a process that has nothing to give back takes a millisecond: a ten-thousandth of the time. */
const lookEveryMs = 10_000;
/** So much above the least that it ever came down to is worth a look; an edge's own ups and downs are smaller. */
const worthBytes = 16 * 1024 * 1024;
/** A collection holds everything up for some 50 ms: only where so little goes on, and not again for a while. */
const leisurePart = 0.25;
const collectEveryMs = 120_000;

/** Starts giving back; the returned function ends it. */
export function returnMemory(options: MemoryReturnOptions): () => void {
  const { clock, residentBytes, cpuMs, collect, trim } = options;
  // A crowd may be there before the first look.
  let leastBytes = residentBytes();
  let lookedMs = clock.nowMs();
  let usedMs = cpuMs();
  let collectedMs = -Infinity;
  const isWorth = (): boolean => {
    const bytes = residentBytes();
    leastBytes = Math.min(leastBytes, bytes);
    return bytes >= leastBytes + worthBytes;
  };
  const giveBack = (isAtLeisure: boolean): void => {
    if (!isWorth()) return;
    trim?.();
    if (!isAtLeisure || clock.nowMs() - collectedMs < collectEveryMs || !isWorth()) return;
    collectedMs = clock.nowMs();
    collect();
    trim?.();
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

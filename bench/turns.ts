// Load on several peers at once, which take turns of a fifth of a second: all generators run from start to end, and all but one
// are stopped (SIGSTOP) at any time. A machine that others use changes its speed within seconds, by a factor of two at worst;
// of peers that are measured one after the other each gets another machine, of these all get the same.
//
// What a peer does while it is another's turn (timers, polls of a store, collections) counts for none of its requests.
//
// Access logs are emptied first, as a rotation does. A virtual machine's host gives it memory when it is first touched, so a log that
// grows into such memory costs its writer ten times what it costs where files have been before, and that by the byte.
import { truncate } from 'node:fs/promises';
import { cpuUs, pause, type Program } from './machine.ts';

const turnMs = 200;
/** Time in which a generator opens its connections, alone. */
const firstTurnMs = 400;

/** In which what was asked for last is answered after its generator was stopped: part of its turn. */
const lastAnswersMs = 5;

/** One peer under load. */
export interface TurnTaker {
  /** Starts its generator, which is told to run so many seconds: its clock does not stop with it. */
  readonly start: (seconds: number) => Program;
  /** The peer's processes by name. */
  readonly processes: Readonly<Record<string, number>>;
  /** Its access log, which it appends to. */
  readonly accessLog: string | undefined;
}

/** What a generator did, how long it was its turn, and the CPU time of each of its peer's processes in its turns. */
export interface TurnsTaken {
  readonly output: string;
  readonly activeSeconds: number;
  readonly cpuUs: Readonly<Record<string, number>>;
}

/**
 * Runs the generators of all takers, each for about so many seconds of its own.
 * @throws with its output when one does not exit with 0
 */
export async function takeTurns(takers: readonly TurnTaker[], seconds: number): Promise<TurnsTaken[]> {
  for (const { accessLog } of takers) if (accessLog !== undefined) await truncate(accessLog);
  const allSeconds = Math.ceil(seconds * takers.length + (firstTurnMs / 1000) * takers.length);
  // Before the first one's clock runs out; each has what is left of its own alone.
  const endMs = performance.now() + allSeconds * 1000 - 2 * turnMs;
  const turns = takers.map((taker) => new Turns(taker));
  for (const one of turns) await one.begin(allSeconds);
  for (let turn = 0; performance.now() < endMs; turn++) await turns[turn % turns.length]!.take();
  const taken: TurnsTaken[] = [];
  for (const one of turns) taken.push(await one.finish());
  return taken;
}

/** The turns of one taker. */
class Turns {
  readonly #taker: TurnTaker;
  readonly #cpuUs: Record<string, number> = {};
  #program: Program | undefined;
  #activeMs = 0;

  constructor(taker: TurnTaker) {
    this.#taker = taker;
  }

  /** The first turn, in which it opens its connections. */
  begin(allSeconds: number): Promise<void> {
    return this.#counted(async () => {
      this.#program = this.#taker.start(allSeconds);
      await this.#pauseAfter(firstTurnMs);
    });
  }

  take(): Promise<void> {
    return this.#counted(async () => {
      process.kill(this.#program!.pid, 'SIGCONT');
      await this.#pauseAfter(turnMs);
    });
  }

  /** The last turn, as long as its clock still runs. */
  async finish(): Promise<TurnsTaken> {
    const program = this.#program!;
    let code = 0;
    await this.#counted(async () => {
      process.kill(program.pid, 'SIGCONT');
      code = await program.ended;
    });
    if (code !== 0) throw new Error(`a load generator exited ${code}: ${program.output().slice(-2000)}`);
    return { output: program.output(), activeSeconds: this.#activeMs / 1000, cpuUs: this.#cpuUs };
  }

  async #pauseAfter(ms: number): Promise<void> {
    await pause(ms);
    process.kill(this.#program!.pid, 'SIGSTOP');
  }

  async #counted(turn: () => Promise<void>): Promise<void> {
    const { processes } = this.#taker;
    const before = Object.entries(processes).map(([name, pid]) => [name, cpuUs(pid)] as const);
    const began = performance.now();
    await turn();
    this.#activeMs += performance.now() - began;
    await pause(lastAnswersMs);
    for (const [name, us] of before)
      this.#cpuUs[name] = (this.#cpuUs[name] ?? 0) + cpuUs(processes[name]!) - us;
  }
}

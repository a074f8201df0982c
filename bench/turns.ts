// Load on several peers at once, which take turns of a fifth of a second: all generators run from start to end, and all but one
// are stopped (SIGSTOP) at any time. A machine that others use changes its speed within seconds, by a factor of two at worst;
// of peers that are measured one after the other each gets another machine, of these all get the same.
import { pause, type Program } from './machine.ts';

const turnMs = 200;
/** Time in which a generator opens its connections, alone. */
const firstTurnMs = 400;

/** What a generator did, and how long it was its turn. */
export interface TurnsTaken {
  readonly output: string;
  readonly activeSeconds: number;
}

/**
 * Runs generators, each for about so many seconds of its own. `start` is told how long a generator must be told to run, since its
 * clock does not stop with it. @throws with its output when one does not exit with 0
 */
export async function takeTurns(
  starts: readonly ((seconds: number) => Program)[],
  seconds: number,
): Promise<TurnsTaken[]> {
  const allSeconds = Math.ceil(seconds * starts.length + (firstTurnMs / 1000) * starts.length);
  const programs: Program[] = [];
  const activeMs = starts.map(() => 0);
  const giveTurn = async (at: number, ms: number): Promise<void> => {
    const began = performance.now();
    await pause(ms);
    process.kill(programs[at]!.pid, 'SIGSTOP');
    activeMs[at]! += performance.now() - began;
  };
  // Before the first one's clock runs out; each has what is left of its own alone.
  const endMs = performance.now() + allSeconds * 1000 - 2 * turnMs;
  for (const [at, start] of starts.entries()) {
    programs.push(start(allSeconds));
    await giveTurn(at, firstTurnMs);
  }
  for (let turn = 0; performance.now() < endMs; turn++) {
    const at = turn % programs.length;
    process.kill(programs[at]!.pid, 'SIGCONT');
    await giveTurn(at, turnMs);
  }
  const taken: TurnsTaken[] = [];
  for (const [at, program] of programs.entries()) {
    const began = performance.now();
    process.kill(program.pid, 'SIGCONT');
    const code = await program.ended;
    if (code !== 0) throw new Error(`a load generator exited ${code}: ${program.output().slice(-2000)}`);
    const activeSeconds = (activeMs[at]! + performance.now() - began) / 1000;
    taken.push({ output: program.output(), activeSeconds });
  }
  return taken;
}

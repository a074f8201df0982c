// One turn of the event loop in stages: first everything that is readable is read, then all of it is handled, then all
// answers leave. By itself the loop does everything for one socket before it looks at the next: system call, decryption,
// parsing, composing, encryption, system call. Together that is more code than a processor keeps at hand, so it is fetched
// again for every request; in stages it is fetched once for all requests of a turn. A small answer from the cache over TLS
// costs two thirds of what it did (docs/adr/0021-stages-of-a-turn.md has the figures).
//
// HOT: bench/bench.ts shows it.

import { atOneMoment } from '../clock.ts';

type Task = () => void;

export class Turn {
  #handling: Task[] = [];
  #ending: Task[] = [];
  #isPlanned = false;

  /** Runs `task` once all that is readable in this turn has been read. */
  afterReads(task: Task): void {
    this.#handling.push(task);
    this.#plan();
  }

  /** Runs `task` after all tasks of `afterReads`; one that is added by those still comes in the same turn. */
  readonly atEnd = (task: Task): void => {
    this.#ending.push(task);
    this.#plan();
  };

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    try {
      atOneMoment(this.#stages);
    } finally {
      this.#isPlanned = false;
      // What was added meanwhile, or comes after one that threw.
      if (this.#handling.length > 0 || this.#ending.length > 0) this.#plan();
    }
  };

  readonly #stages = (): void => {
    this.#runAll(this.#takeHandling());
    this.#runAll(this.#takeEnding());
  };

  #takeHandling(): Task[] {
    const tasks = this.#handling;
    this.#handling = [];
    return tasks;
  }

  #takeEnding(): Task[] {
    const tasks = this.#ending;
    this.#ending = [];
    return tasks;
  }

  #runAll(tasks: readonly Task[]): void {
    let done = 0;
    try {
      while (done < tasks.length) tasks[done++]!();
    } finally {
      // One that throws takes nobody else's turn.
      this.#ending.push(...tasks.slice(done));
    }
  }
}

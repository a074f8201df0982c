// Background work under a name, owned by someone who waits for it. A task that fails takes its group down,
// so no loop dies in silence.

/** A set of named tasks that share one abort signal and are all awaited on close. */
export class TaskGroup {
  readonly #abort = new AbortController();
  readonly #running = new Map<Promise<void>, string>();
  #failure: { name: string; error: unknown } | undefined;

  /** Fires when the group closes or one of its tasks fails. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Starts `work`; its rejection (unless the group is already closing) aborts the whole group. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    const task = work(this.signal).catch((error: unknown) => {
      if (this.signal.aborted) return;
      this.#failure ??= { name, error };
      this.#abort.abort(new Error(`task ${name} failed`, { cause: error }));
    });
    const tracked = task.finally(() => this.#running.delete(tracked));
    this.#running.set(tracked, name);
  }

  /** Names of the tasks that still run, for a shutdown that takes too long. */
  get running(): string[] {
    return [...this.#running.values()];
  }

  /** Asks every task to stop and waits until all have; throws what the first failing task threw. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('closing'));
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
    if (this.#failure) {
      throw new Error(`task ${this.#failure.name} failed`, { cause: this.#failure.error });
    }
  }
}

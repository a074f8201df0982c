// The one writer of the configuration. Commands come in one at a time; each is decided on the present state, kept by the
// store, and only then becomes the next state, which subscribers (the edge's snapshot, certificates, names) get at once.
//
//   API, lab file -> run(command) -> Draft -> Store.commit -> new ControlState -> subscribers
//
// Where several edges share a store, another may commit first: then the state is loaded again and the command decided anew.
import type { Clock } from '#base/clock.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { Store } from '#store/store.ts';
import type { Caller, Command, CommandContext, ControlTools, Declared } from './command.ts';
import { ControlState } from './control-state.ts';
import { type AuditDraft, Draft } from './draft.ts';

export interface ControlOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tools: ControlTools;
  readonly declared: Declared;
}

/** How often a command is decided anew when other edges keep committing. */
const maxAttempts = 8;
/** Commands that may wait for the one under way. */
const maxWaiting = 1_000;

/** Collection and key of the document that is kept for a moment to see whether the store takes writes again. */
const writeTrial = ['control', 'write-trial'] as const;
/** As much as a change of many objects: where only crumbs are left of a disk, the next change would fail again. */
const writeTrialBytes = 65_536;

export class Control {
  readonly store: Store;
  readonly #options: ControlOptions;
  readonly #listeners = new Set<(state: ControlState) => void>();
  readonly #unwatch: () => void;
  #state: ControlState;
  #declared: Declared;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Why the store could not be read at the last try, '' where it could. */
  #readTrouble = '';
  /** Why a change could not be kept: a full disk goes on being read, so it stands until something has been written. */
  #writeTrouble = '';

  private constructor(options: ControlOptions, state: ControlState) {
    this.#options = options;
    this.store = options.store;
    this.#state = state;
    this.#declared = options.declared;
    this.#unwatch = options.store.watch(() => void this.#follow());
  }

  /** Loads the state. @throws SallyportError of the store */
  static async open(options: ControlOptions): Promise<Control> {
    return new Control(options, ControlState.from(await options.store.load()));
  }

  get state(): ControlState {
    return this.#state;
  }

  get declared(): Declared {
    return this.#declared;
  }

  /** Why the store cannot be used at the moment, '' while it can. */
  get storeTrouble(): string {
    return this.#readTrouble || this.#writeTrouble;
  }

  /** Whether it cannot even be read. */
  get isStoreAway(): boolean {
    return this.#readTrouble !== '';
  }

  nowMs(): number {
    return this.#options.clock.wallMs();
  }

  /** Puts other declarations of edge.yml beside the store's. */
  declare(declared: Declared): void {
    this.#declared = declared;
    this.#publish();
  }

  /** Calls back with the present state, and with every one that follows. */
  subscribe(listener: (state: ControlState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Runs a command: kept and in force when it resolves.
   * @throws what the command throws; SallyportError 'store-unavailable' when it could not be kept
   */
  async run<R>(command: Command<R>, caller: Caller): Promise<R> {
    if (this.#waiting >= maxWaiting) {
      throw new SallyportError(
        'too-many-requests',
        'Too many changes are waiting; try again in a few seconds.',
        {
          facts: { retryAfterS: 2 },
        },
      );
    }
    this.#waiting += 1;
    const decided = this.#queue.then(() => this.#decide(command, caller));
    this.#queue = decided.catch(() => undefined);
    try {
      return await decided;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** What a command would do: its result, and the draft with changes that are not made. */
  preview<R>(command: Command<R>, caller: Caller): { readonly result: R; readonly draft: Draft } {
    const draft = new Draft(this.#state);
    return { result: command(draft, this.#contextFor(caller)), draft };
  }

  /** Writes an audit event that goes with no change of the configuration. */
  async note(event: AuditDraft, caller: Caller): Promise<void> {
    await this.store.appendAudit([this.#eventOf(event, caller)]);
  }

  /** Finishes the change under way, then closes the store. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.#queue;
    await this.store.close();
  }

  async #decide<R>(command: Command<R>, caller: Caller): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      const draft = new Draft(this.#state);
      const result = command(draft, this.#contextFor(caller));
      if (!draft.hasChanges) return result;
      try {
        await this.#commit(draft, caller);
        return result;
      } catch (error) {
        if (isSallyportError(error, 'store-unavailable')) this.#writeTrouble = errorText(error);
        if (!isSallyportError(error, 'conflict') || attempt === maxAttempts) throw error;
        await this.#reload();
      }
    }
  }

  async #commit(draft: Draft, caller: Caller): Promise<void> {
    const revision = await this.store.commit({
      baseRevision: draft.base.revision,
      puts: draft.puts,
      deletes: draft.deletes,
      audit: draft.audit.map((event) => this.#eventOf(event, caller)),
      endSessionsOf: draft.endSessionsOf,
    });
    this.#storeIsGood({ isWritten: true });
    this.#replace(draft.next(revision));
  }

  /**
   * The store was asked something, and has answered or has not: where that is not what is believed of it, it is looked at again.
   * When a database goes, one connection may end before another, so that the first look still finds all well.
   */
  noteStore(answers: boolean): void {
    const isBelieved = answers ? this.storeTrouble === '' : this.isStoreAway;
    if (isBelieved || this.#isLookingAgain) return;
    this.#isLookingAgain = true;
    const isWriteMissing = answers && !this.isStoreAway;
    const looked = isWriteMissing ? this.#tryToWrite() : this.#follow();
    void looked.finally(() => (this.#isLookingAgain = false));
  }
  #isLookingAgain = false;

  /** Nobody may have a change to make for days; that the store takes one again is not to be known only then. */
  async #tryToWrite(): Promise<void> {
    const tried = this.#queue.then(async () => {
      await this.store.putDocument(...writeTrial, new Uint8Array(writeTrialBytes));
      await this.store.deleteDocument(...writeTrial);
      this.#storeIsGood({ isWritten: true });
    });
    this.#queue = tried.catch(() => undefined);
    // Where it fails, what was said of the change still holds.
    await this.#queue;
    // What others changed meanwhile.
    if (this.#writeTrouble === '') await this.#follow();
  }

  /** Another edge has committed, or the store has gone or is back. */
  async #follow(): Promise<void> {
    const followed = this.#queue.then(() => this.#reload());
    this.#queue = followed.catch(() => undefined);
    try {
      await followed;
    } catch (error) {
      this.#options.log.error('The store could not be read; the state loaded last stays in force', {
        error: errorText(error),
      });
    }
  }

  async #reload(): Promise<void> {
    try {
      const stored = await this.store.load();
      this.#storeIsGood({ isWritten: false });
      if (stored.revision !== this.#state.revision) this.#replace(ControlState.from(stored));
    } catch (error) {
      this.#readTrouble = errorText(error);
      throw error;
    }
  }

  #storeIsGood({ isWritten }: { readonly isWritten: boolean }): void {
    const before = this.storeTrouble;
    this.#readTrouble = '';
    if (isWritten) this.#writeTrouble = '';
    if (before !== '' && this.storeTrouble === '') this.#options.log.info('The store can be used again');
  }

  #replace(state: ControlState): void {
    this.#state = state;
    this.#publish();
  }

  #publish(): void {
    for (const listener of this.#listeners) {
      try {
        listener(this.#state);
      } catch (error) {
        this.#options.log.error('A change could not be put in force', { error: errorText(error) });
      }
    }
  }

  #contextFor(caller: Caller): CommandContext {
    const { clock, random, tools } = this.#options;
    return {
      ...caller,
      nowMs: clock.wallMs(),
      newId: () => createUuid(random),
      declared: this.#declared,
      tools,
    };
  }

  #eventOf(draft: AuditDraft, { actor, address, requestId }: Caller): AuditEvent {
    const { clock, random } = this.#options;
    return {
      ...draft,
      id: createUuid(random),
      atMs: clock.wallMs(),
      actor,
      address,
      requestId,
      before: draft.before as AuditEvent['before'],
      after: draft.after as AuditEvent['after'],
    };
  }
}

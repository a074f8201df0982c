// Hears of other processes' changes: a connection of its own that LISTENs, proves now and then that it is alive, and is
// made again whenever it is lost. What was announced meanwhile cannot be known, so a return counts as a change.
import pg from 'pg';
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { TaskGroup } from '#base/tasks.ts';

/** The channel of pg_notify; its payload is `ORIGIN REVISION`. */
export const changeChannel = 'sallyport_changes';

/** Between two proofs of life, and how long an answer may take. */
const pingEveryMs = 15_000;
const answerMs = 5_000;
/** Between two tries to connect, at most. */
const reconnectCapMs = 5_000;

export interface ListenerOptions {
  readonly config: pg.ClientConfig;
  readonly place: string;
  /** The payload's first word in announcements of our own, which are not news. */
  readonly origin: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Another process has announced a change, or may have; also when the connection is lost, so that someone looks. */
  readonly onChange: () => void;
  /** The connection is up for the first time, and the database is at this revision. */
  readonly onFirst: (revision: number) => void;
}

export class PostgresListener {
  readonly #options: ListenerOptions;
  readonly #tasks = new TaskGroup();
  #wasUp = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#tasks.start('listen for changes', (signal) => this.#run(signal));
  }

  close(): Promise<void> {
    return this.#tasks.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, place } = this.#options;
    const backoff = new Backoff({ baseMs: 100, capMs: reconnectCapMs, random });
    while (!signal.aborted) {
      try {
        await this.#listen(signal, backoff);
      } catch (error) {
        if (signal.aborted) return;
        // Once for each time it was up; the tries in between say nothing new.
        if (backoff.failures === 0) {
          log.warn('Changes of other edges are not heard until PostgreSQL is back', {
            place,
            error: errorText(error),
          });
          if (this.#wasUp) this.#options.onChange();
        }
      }
      await sleep(clock, 50 + backoff.nextMs(), signal).catch(() => {});
    }
  }

  /** One connection, until it is lost. @throws what ended it */
  async #listen(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const { config, origin, clock, log, place, onChange, onFirst } = this.#options;
    const client = new pg.Client(config);
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    const onAbort = (): void => lost.reject(signal.reason);
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new Error('the connection ended')));
    client.on('notification', ({ payload }) => {
      if (payload?.split(' ')[0] !== origin) onChange();
    });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([client.connect(), lost.promise]);
      await this.#ask(client, `listen ${changeChannel}`, lost.promise);
      const { rows } = await this.#ask(client, 'select revision from state', lost.promise);
      if (this.#wasUp) {
        log.info('Changes of other edges are heard again', { place });
        onChange();
      } else {
        this.#wasUp = true;
        onFirst((rows[0] as { revision: number } | undefined)?.revision ?? 0);
      }
      backoff.reset();
      for (;;) {
        const wait = new AbortController();
        await Promise.race([sleep(clock, pingEveryMs, wait.signal), lost.promise]).finally(() =>
          wait.abort(),
        );
        await this.#ask(client, 'select 1', lost.promise);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      await endClient(client, clock);
    }
  }

  /** A statement whose answer must come soon. */
  async #ask(client: pg.Client, text: string, lost: Promise<never>): Promise<pg.QueryResult> {
    const late = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(answerMs, () => late.reject(new Error('no answer')));
    const asked = client.query(text);
    asked.catch(() => {});
    try {
      return await Promise.race([asked, lost, late.promise]);
    } finally {
      timer.cancel();
    }
  }
}

/** Ends the connection; one whose peer is gone is not waited for. */
async function endClient(client: pg.Client, clock: Clock): Promise<void> {
  client.on('error', () => {});
  const late = Promise.withResolvers<void>();
  const timer = clock.after(answerMs, () => late.resolve());
  await Promise.race([client.end().catch(() => {}), late.promise]);
  timer.cancel();
}

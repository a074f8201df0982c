// Connections to PostgreSQL, each call on them with a limit of time: a server that is gone without a word (a cable, a
// firewall) would otherwise be waited for until TCP gives up, a quarter of an hour. A connection that failed is not kept.
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Clock } from '#base/clock.ts';

/** The connection failed, or could not be made; not an answer of the server. */
export class ConnectionFault extends Error {
  /** It failed while a transaction was being committed: it may be kept, or not. */
  readonly isOutcomeUnknown: boolean;

  constructor(cause: unknown, isOutcomeUnknown: boolean) {
    super('the connection failed', { cause });
    this.isOutcomeUnknown = isOutcomeUnknown;
  }
}

export interface PoolOptions {
  readonly config: pg.ClientConfig;
  /** Connections at most. */
  readonly size: number;
  /** For one statement, the server's answer included. */
  readonly statementMs: number;
  readonly clock: Clock;
}

/** To make a connection, or to wait for one of the pool to be free. */
export const connectMs = 5_000;
/** A connection without work is closed after this, by the driver's own timer. */
const idleMs = 30_000;
/** The server itself ends a statement at its limit; we wait a little longer for word of that. */
const graceMs = 2_000;

/** 64-bit integers as numbers: times, revisions and sequences are far below 2^53. */
const int8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** What every connection of ours is made with. */
export function clientConfig(url: string, statementMs: number): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'sallyport',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    statement_timeout: statementMs,
    // A transaction of ours that makes no progress must not keep its locks.
    idle_in_transaction_session_timeout: statementMs,
    types,
  };
}

/** A pool in the shape that Kysely asks for. */
export class BoundedPool implements PostgresPool {
  readonly options: object;
  readonly #pool: pg.Pool;
  readonly #clock: Clock;
  readonly #limitMs: number;

  constructor({ config, size, statementMs, clock }: PoolOptions) {
    this.options = { max: size };
    this.#clock = clock;
    this.#limitMs = statementMs + graceMs;
    this.#pool = new pg.Pool({ ...config, max: size, idleTimeoutMillis: idleMs });
    // An idle connection that ends (the server restarts) is dropped by the pool; there is nothing else to do.
    this.#pool.on('error', ignore);
  }

  async connect(): Promise<PostgresPoolClient> {
    try {
      const client = new BoundedClient(await this.#pool.connect(), this.#clock, this.#limitMs);
      // All that Kysely calls when nobody streams or aborts.
      return client as unknown as PostgresPoolClient;
    } catch (error) {
      throw faultOf(error, false);
    }
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}

class BoundedClient {
  readonly #client: pg.PoolClient;
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** What broke the connection. Later calls tell the same: a rollback that fails for it must not hide it. */
  #fault: ConnectionFault | undefined;

  constructor(client: pg.PoolClient, clock: Clock, limitMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#limitMs = limitMs;
    // A loss between two statements is told by the next one; without a listener it would end the process.
    client.on('error', ignore);
  }

  async query(text: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> {
    if (this.#fault) throw this.#fault;
    // Ends the connection, and with it the statement.
    const timer = this.#clock.after(this.#limitMs, () => void this.#client.end());
    try {
      return await this.#client.query({ text, values: [...parameters] });
    } catch (error) {
      const fault = faultOf(error, text === 'commit');
      if (fault instanceof ConnectionFault) this.#fault = fault;
      throw fault;
    } finally {
      timer.cancel();
    }
  }

  release(destroy = false): void {
    this.#client.off('error', ignore);
    this.#client.release(destroy || this.#fault !== undefined);
  }
}

/** Everything but an answer of the server is a fault of the connection. */
function faultOf(error: unknown, isOutcomeUnknown: boolean): unknown {
  return error instanceof pg.DatabaseError && !endsConnection(error)
    ? error
    : new ConnectionFault(error, isOutcomeUnknown);
}

/** 57P01 to 57P05: the server is stopping, crashed, starting, or has dropped this session. 08: connection exceptions. */
function endsConnection(error: pg.DatabaseError): boolean {
  return /^(57P|08)/.test(error.code ?? '');
}

function ignore(): void {}

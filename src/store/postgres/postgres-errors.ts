// PostgreSQL's error codes in our words: what happened, and what the owner can do. Behaviour goes by the SQLSTATE.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
import pg from 'pg';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import { ConnectionFault } from './postgres-pool.ts';

/** By SQLSTATE, or its class of two characters: how the sentence "PostgreSQL at PLACE ..." goes on. */
const unavailable: Readonly<Record<string, string>> = {
  '28': 'refused the user or the password; correct them in the URL of the store',
  '3D000': 'has no such database; create it, or correct the URL of the store',
  '42501': 'does not let this user do it; make the user the owner of the database',
  '53100': 'has no room left on its disk; free space there, nothing that was kept is lost',
  '53300': 'has no connection free; raise its max_connections, or end other programs',
  '53': 'is out of a resource; see its log',
  '57014': 'took too long; see its log for what it is busy with',
  '55P03': 'is kept busy by another session that holds a lock; end that one',
  '25P03': 'ended a transaction that made no progress; try again',
  '25006': 'takes no changes, it is a standby; name the primary in the URL of the store',
  '40': 'ended the transaction in favour of another; try again',
  '58': 'has trouble with its disk; see its log',
};

/** The error to hand on for whatever `attempt` ended with; ours pass as they are. `place` has no secrets. */
export function translatePostgresError(error: unknown, attempt: string, place: string): unknown {
  if (isSallyportError(error)) return error;
  if (error instanceof ConnectionFault) return connectionError(error, attempt, place);
  if (!(error instanceof pg.DatabaseError)) return error;
  const code = error.code ?? '';
  const why = unavailable[code] ?? unavailable[code.slice(0, 2)];
  if (why !== undefined) {
    return new SallyportError('store-unavailable', `Could not ${attempt}: PostgreSQL at ${place} ${why}.`, {
      cause: error,
    });
  }
  if (code.startsWith('23')) {
    return new SallyportError(
      'conflict',
      `Could not ${attempt}: a name or an id is taken already; choose another.`,
      { cause: error },
    );
  }
  const isDamage = code.startsWith('XX');
  const cure = isDamage ? '; see its log, and restore the store from a backup' : '';
  return new SallyportError(
    isDamage ? 'store-corrupt' : 'internal',
    `Could not ${attempt}: PostgreSQL at ${place} answered "${error.message}" (${code})${cure}.`,
    { cause: error },
  );
}

function connectionError(fault: ConnectionFault, attempt: string, place: string): SallyportError {
  const { cause, isOutcomeUnknown } = fault;
  const text = isOutcomeUnknown
    ? `The connection to PostgreSQL at ${place} was lost while trying to ${attempt}, so that it may have been done or ` +
      'not; look at what is there before trying again.'
    : `Could not ${attempt}: PostgreSQL at ${place} cannot be reached (${reasonOf(cause)}); check that it runs and ` +
      'that this machine may connect to it.';
  return new SallyportError('store-unavailable', text, { cause });
}

/** One line on why; Node tries several addresses and reports them all. */
function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  return errorText(first);
}

// SQLite's result codes in our words: what happened to the file, and what its owner can do. Behaviour goes by the code.
// https://www.sqlite.org/rescode.html
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';

/** Primary result codes, the low byte of an extended one. */
const resultCodes = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** Whether another process holds the lock that was needed, so that a later try may succeed. */
export function isLocked(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === resultCodes.busy || code === resultCodes.locked;
}

/** The error to hand on for whatever `attempt` on `file` ended with; ours pass as they are. */
export function translateSqliteError(error: unknown, attempt: string, file: string): unknown {
  if (isSallyportError(error)) return error;
  const code = resultCodeOf(error);
  if (code === undefined) return error;
  const at = `Could not ${attempt}: the database ${file}`;
  const unavailable = (rest: string): SallyportError =>
    new SallyportError('store-unavailable', `${at} ${rest}.`, { cause: error });
  switch (code) {
    case resultCodes.busy:
    case resultCodes.locked:
      return unavailable('is locked by another process; end whatever else has it open, and try again');
    case resultCodes.full:
      return unavailable('has no room left; free space on its disk, nothing that was kept is lost');
    case resultCodes.readOnly:
      return unavailable('cannot be written; give this user the right to write it and its folder');
    case resultCodes.permission:
    case resultCodes.cannotOpen:
      return unavailable('cannot be opened; check that its folder exists and that this user may write there');
    case resultCodes.ioError:
      return unavailable('cannot be read or written; check its disk and the free space on it');
    case resultCodes.corrupt:
      return new SallyportError('store-corrupt', `${at} is damaged; restore it from a backup.`, {
        cause: error,
      });
    case resultCodes.notADatabase:
      return new SallyportError(
        'store-corrupt',
        `${at} is not an SQLite database; name another file, or restore it from a backup.`,
        { cause: error },
      );
    case resultCodes.constraint:
      return new SallyportError(
        'conflict',
        `Could not ${attempt}: a name or an id is taken already; choose another.`,
        { cause: error },
      );
    default:
      return new SallyportError('internal', `${at} answered "${errorText(error)}".`, { cause: error });
  }
}

/** The primary code of an error of node:sqlite. */
function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR')
    return undefined;
  const { errcode } = error as Error & { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}

// A log whose lines are written by another thread: it hands over level, words and fields, and the other thread's log, which
// knows the format and where it goes, writes them.
import type { Log, LogFields } from '#base/log.ts';

/** One line. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that hands its lines to `send`. */
export function forwardedLog(send: (entry: LogEntry) => void, fields: LogFields = {}): Log {
  const at = (level: LogEntry['level']) => (message: string, own?: LogFields) =>
    send({ level, message, fields: { ...fields, ...own } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => forwardedLog(send, { ...fields, ...more }),
  };
}

/** Writes a line that was handed over. */
export function writeEntry(log: Log, { level, message, fields }: LogEntry): void {
  log[level](message, fields);
}

// Where access log lines go: a file, standard output, or nowhere. A line that cannot be written is dropped (the edge
// counts those); a full disk must not stop traffic.
import { closeSync, openSync, writeSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';

/** Takes whole lines; `reopen` after the file was moved away by a log rotation. */
export interface AccessLogFile {
  write(lines: string): void;
  reopen(): void;
  close(): void;
}

/** Bytes that may wait for a slow reader of standard output before lines are dropped. */
const maxWaitingBytes = 8 * 1024 * 1024;

/** Opens `-` (standard output), `off`, or a file to append to (made with mode 0640). */
export function openAccessLog(target: string): AccessLogFile {
  if (target === 'off') return { write() {}, reopen() {}, close() {} };
  if (target === '-') return { write: writeToOutput, reopen() {}, close() {} };
  let descriptor = openFile(target);
  return {
    write(lines) {
      writeSync(descriptor, lines);
    },
    reopen() {
      const fresh = openFile(target);
      closeSync(descriptor);
      descriptor = fresh;
    },
    close: () => closeSync(descriptor),
  };
}

function writeToOutput(lines: string): void {
  if (process.stdout.writableLength > maxWaitingBytes) {
    throw new SallyportError('limit-exceeded', 'Standard output is not read fast enough for the access log.');
  }
  process.stdout.write(lines);
}

function openFile(file: string): number {
  try {
    return openSync(file, 'a', 0o640);
  } catch (error) {
    throw new SallyportError(
      'file-unwritable',
      `The access log ${file} could not be opened (${errorText(error)}); check the path, or set accessLog to "-".`,
      { cause: error },
    );
  }
}

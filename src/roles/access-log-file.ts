// Where access log lines go: a file, standard output, or nowhere. Lines that cannot be written are dropped whole (the
// edge counts those); a full disk must not stop traffic, nor leave half a line behind.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { systemClock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { LossReport } from '#base/loss-report.ts';

/** Takes whole lines; `reopen` after the file was moved away by a log rotation. */
export interface AccessLogFile {
  /** Takes the lines during the call; throws when they were not written, or calls `onLost` when that shows later. */
  write(lines: Buffer, onLost: (error: Error) => void): void;
  /** @throws SallyportError, and goes on with the file open before, when the path cannot be opened */
  reopen(): void;
  close(): void;
}

/** Bytes that may wait for a slow reader of standard output before lines are dropped. */
const maxWaitingBytes = 8 * 1024 * 1024;

/** Opens `-` (standard output), `off`, or a file to append to (made with mode 0640). `log` hears of lines that are lost. */
export function openAccessLog(target: string, log: Log): AccessLogFile {
  if (target === 'off') return { write() {}, reopen() {}, close() {} };
  const file = target === '-' ? { write: writeToOutput, reopen() {}, close() {} } : openNamed(target);
  const place = target === '-' ? 'on standard output' : target;
  const losses = new LossReport({ clock: systemClock, log, subject: `Lines of the access log ${place}` });
  return {
    ...file,
    write(lines, onLost) {
      try {
        file.write(lines, (error) => {
          losses.lost(error);
          onLost(error);
        });
      } catch (error) {
        losses.lost(error);
        throw error;
      }
      losses.written();
    },
  };
}

function openNamed(target: string): AccessLogFile {
  let descriptor = openFile(target);
  return {
    write: (lines) => appendWhole(descriptor, lines),
    reopen() {
      const fresh = openFile(target);
      closeSync(descriptor);
      descriptor = fresh;
    },
    close: () => closeSync(descriptor),
  };
}

function writeToOutput(lines: Buffer, onLost: (error: Error) => void): void {
  if (process.stdout.writableLength > maxWaitingBytes) {
    throw new SallyportError('limit-exceeded', 'Standard output is not read fast enough for the access log.');
  }
  process.stdout.write(Buffer.from(lines), (error) => {
    if (error) onLost(error);
  });
}

/** All of it or none: what fitted on a full disk is taken back, so that every line in the file is whole. */
function appendWhole(descriptor: number, bytes: Buffer): void {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    if (written > 0) takeBack(descriptor, bytes.subarray(0, written));
    throw error;
  }
}

/** Unless somebody has written behind it: other processes of the edge append to the same file. */
function takeBack(descriptor: number, bytes: Buffer): void {
  const file = fstatSync(descriptor);
  if (!file.isFile()) return;
  const start = file.size - bytes.length;
  if (isLastOf(descriptor, bytes, start)) ftruncateSync(descriptor, start);
}

/** Whether the file still ends with these bytes; where that cannot be read nobody else is supposed to write. */
function isLastOf(descriptor: number, bytes: Buffer, start: number): boolean {
  let reader: number;
  try {
    reader = openSync(`/dev/fd/${descriptor}`, 'r');
  } catch {
    return true;
  }
  try {
    const last = Buffer.alloc(bytes.length);
    readSync(reader, last, 0, bytes.length, start);
    return last.equals(bytes);
  } catch {
    return true;
  } finally {
    closeSync(reader);
  }
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

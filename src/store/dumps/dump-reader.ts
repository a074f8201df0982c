// Reads a dump from a file, row by row, and knows at its end whether it was whole and unaltered.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import { type DumpHeader, type DumpLine, parseHeader, parseLine } from './dump-format.ts';
import type { Row } from '../tables/table-rows.ts';

/** A row and the table that it is of. */
export interface DumpedRow {
  readonly table: string;
  readonly row: Row;
}

/** A dump that is being read. */
export interface Dump {
  readonly header: DumpHeader;
  /** To be read once, to its end. @throws SallyportError 'store-corrupt' at the first fault */
  readonly rows: AsyncGenerator<DumpedRow>;
}

/** A line holds one row; the largest is a rule set's text of 2 MB, escaped. */
const maxLineBytes = 64 * 1024 * 1024;
const newline = 0x0a;

/** Reads the first line. @throws SallyportError 'store-corrupt', or an error of the file system */
export async function openDump(file: string): Promise<Dump> {
  const lines = linesOf(file);
  const first = await lines.next();
  const line = first.done ? Buffer.alloc(0) : first.value;
  const header = understood(1, () => parseHeader(line.toString()));
  return { header, rows: rowsOf(line, lines) };
}

async function* rowsOf(first: Buffer, lines: AsyncGenerator<Buffer>): AsyncGenerator<DumpedRow> {
  const hash = createHash('sha256').update(first);
  let rows = 0;
  for await (const bytes of lines) {
    const line = understood(rows + 2, () => parseLine(bytes.toString()));
    if (line.kind === 'end') {
      await checkEnd(line, rows, hash.digest('hex'), lines);
      return;
    }
    hash.update(bytes);
    rows += 1;
    yield line;
  }
  throw damage('its end is missing');
}

async function checkEnd(
  end: Extract<DumpLine, { kind: 'end' }>,
  rows: number,
  sha256: string,
  lines: AsyncGenerator<Buffer>,
): Promise<void> {
  if (end.rows !== rows || end.sha256 !== sha256) throw damage('its last line does not fit those before it');
  if (!(await lines.next()).done) throw damage('there is more after its last line');
}

/** Lines with their newlines; the last may lack it. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end + 1));
      yield parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > maxLineBytes) throw damage('a line is too long');
  }
  if (length > 0) yield Buffer.concat(parts);
}

function understood<T>(lineNumber: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw damage(`line ${lineNumber} is not what it should be`, error);
  }
}

function damage(what: string, cause?: unknown): SallyportError {
  const detail = cause instanceof SyntaxError ? ` (${errorText(cause)})` : '';
  return new SallyportError('store-corrupt', `it is damaged: ${what}${detail}`, { cause });
}

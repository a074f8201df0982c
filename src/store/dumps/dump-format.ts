// The lines of a dump, which carries a store from either database to either. docs/store.md describes them for people.
//
//     {"format":"sallyport-dump","formatVersion":1,"version":3,"from":"postgres","atMs":1767268800000}
//     {"table":"objects","row":{"kind":"tunnel","id":"...","document":"{...}", ...}}
//     {"end":true,"rows":1,"sha256":"..."}
//
// UTF-8, one JSON value a line, each line ended by a newline. Bytes are {"base64":"..."}. The last line counts the rows
// and has the hex SHA-256 of every byte before it, so that a dump cut short or altered is known.
import { z } from 'zod';
import type { Row, Value } from '../tables/table-rows.ts';

const formatName = 'sallyport-dump';
const formatVersion = 1;

/** How every dump begins; tells it from other files. */
export const dumpStart = `{"format":"${formatName}"`;

const headerSchema = z.object({
  format: z.literal(formatName),
  formatVersion: z.literal(formatVersion),
  /** Of the tables: how many migrations they have seen. */
  version: z.int().min(1),
  from: z.enum(['sqlite', 'postgres']),
  atMs: z.int(),
});

const valueSchema = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ base64: z.base64() }).transform(({ base64 }) => Buffer.from(base64, 'base64')),
]);
const rowSchema = z.strictObject({ table: z.string(), row: z.record(z.string(), valueSchema) });
const endSchema = z.strictObject({
  end: z.literal(true),
  rows: z.int().min(0),
  sha256: z.string().length(64),
});

export type DumpHeader = Pick<z.infer<typeof headerSchema>, 'version' | 'from' | 'atMs'>;
export type DumpLine =
  | { readonly kind: 'row'; readonly table: string; readonly row: Row }
  | { readonly kind: 'end'; readonly rows: number; readonly sha256: string };

/** The first line, with its newline. */
export function formatHeader({ version, from, atMs }: DumpHeader): string {
  return `${JSON.stringify({ format: formatName, formatVersion, version, from, atMs })}\n`;
}

/** A row's line, with its newline. */
export function formatRow(table: string, row: Row): string {
  const entries = Object.entries(row).map(([column, value]) => [column, formatValue(value)]);
  return `${JSON.stringify({ table, row: Object.fromEntries(entries) })}\n`;
}

/** The last line, with its newline. */
export function formatEnd(rows: number, sha256: string): string {
  return `${JSON.stringify({ end: true, rows, sha256 })}\n`;
}

/** Reads the first line. @throws a ZodError or SyntaxError that says what is wrong */
export function parseHeader(line: string): DumpHeader {
  return headerSchema.parse(JSON.parse(line));
}

/** Reads any other line. @throws a ZodError or SyntaxError */
export function parseLine(line: string): DumpLine {
  const value: unknown = JSON.parse(line);
  if (typeof value === 'object' && value !== null && 'end' in value) {
    const { rows, sha256 } = endSchema.parse(value);
    return { kind: 'end', rows, sha256 };
  }
  return { kind: 'row', ...rowSchema.parse(value) };
}

function formatValue(value: Value): string | number | null | { base64: string } {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}

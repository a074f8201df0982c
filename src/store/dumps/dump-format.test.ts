import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dumpStart, formatEnd, formatHeader, formatRow, parseHeader, parseLine } from './dump-format.ts';
import type { Value } from '../tables/table-rows.ts';

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 50 }),
);

/** As columns are named; a column "__proto__" would be left out. */
const column = fc.stringMatching(/^[a-z][a-z_]{0,20}$/);

/** Bytes come back as a Buffer from PostgreSQL and from a dump, and as a Uint8Array from SQLite. */
const plain = (of: Value): Value => (of instanceof Uint8Array ? new Uint8Array(of) : of);

test('any row is one line, and comes back as it was', () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(column, value), (table, row) => {
      const line = formatRow(table, row);
      assert.equal(line.indexOf('\n'), line.length - 1);
      const parsed = parseLine(line);
      assert.ok(parsed.kind === 'row');
      assert.equal(parsed.table, table);
      const entries = (of: Readonly<Record<string, Value>>): unknown[] =>
        Object.entries(of).map(([name, found]) => [name, plain(found)]);
      assert.deepEqual(entries(parsed.row), entries(row));
    }),
  );
});

test('the first and the last line come back, and a dump is known by how it begins', () => {
  const header = { version: 3, from: 'postgres', atMs: 1_767_268_800_000 } as const;
  assert.ok(formatHeader(header).startsWith(dumpStart));
  assert.deepEqual(
    { ...parseHeader(formatHeader(header)) },
    { ...header, format: 'sallyport-dump', formatVersion: 1 },
  );
  assert.deepEqual(parseLine(formatEnd(7, 'a'.repeat(64))), { kind: 'end', rows: 7, sha256: 'a'.repeat(64) });
});

test('what is no line of a dump is refused', () => {
  for (const line of [
    '',
    '7',
    'null',
    '{}',
    '{"table":"a"}',
    '{"table":"a","row":{"b":true}}',
    '{"end":true,"rows":-1}',
  ])
    assert.throws(() => parseLine(line), line);
  assert.throws(() => parseLine('{"table":"a","row":{"b":{"base64":"*"}}}'));
});

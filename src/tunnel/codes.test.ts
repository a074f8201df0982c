// The numbers in the code against the tables of the page, both ways.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { frameTypes } from '#wire/tunnel-frame.ts';
import { closeCodes, reasonOfCloseCode } from './close-code.ts';
import { disconnectReasons } from './connection.ts';
import { reasonOfResetCode } from './reset-code.ts';
import { resetCodes } from './stream.ts';

const page = readFileSync(new URL('../../docs/protocol/tunnel.md', import.meta.url), 'utf8');

test('the page lists every frame type with its number', () => {
  assert.deepEqual(table('Frame types'), frameTypes);
});

test('the page lists every close code, and every reason has one', () => {
  assert.deepEqual(table('Close codes'), closeCodes);
  assert.deepEqual(Object.keys(closeCodes), [...disconnectReasons]);
  for (const reason of disconnectReasons) assert.equal(reasonOfCloseCode(closeCodes[reason]), reason);
  assert.equal(reasonOfCloseCode(999), 'peer-closed');
});

test('the page lists every reset code that may be on the wire', () => {
  const { 'connection-lost': local, ...onWire } = resetCodes;
  assert.deepEqual(table('Reset codes'), onWire);
  for (const [reason, code] of Object.entries(onWire)) assert.equal(reasonOfResetCode(code), reason);
  assert.equal(reasonOfResetCode(local), 'internal-error');
  assert.equal(reasonOfResetCode(999), 'internal-error');
});

/** Rows `| number | name | ...` below a heading, as an object. */
function table(heading: string): Record<string, number> {
  const section = page.slice(page.search(new RegExp(`^#+ ${heading}$`, 'm')) + 5).split(/^#/m)[0]!;
  const rows = section.matchAll(/^\| (0x[0-9a-f]+|[0-9]+) \| ([A-Za-z_-]+) \|/gm);
  return Object.fromEntries(Array.from(rows, ([, code, name]) => [name!, Number(code)]));
}

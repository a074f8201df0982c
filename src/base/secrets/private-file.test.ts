import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';
import { createFileOnce, makeFolder } from './private-file.ts';

/** Makes files 0 to 199 of a folder, unless they are there, and says which it made and how many it then found unfinished. */
const maker = `
const { createFileOnce } = await import(process.argv[1]);
const { readFileSync } = await import('node:fs');
const text = 'x'.repeat(5000) + process.pid;
const made = [];
let unfinished = 0;
for (let i = 0; i < 200; i++) {
  const file = process.argv[2] + '/' + i;
  if (createFileOnce(file, text, 0o600)) made.push(i);
  if (readFileSync(file, 'utf8').length <= 5000) unfinished++;
}
console.log(JSON.stringify({ made, unfinished }));`;

test('of processes that make up the same file at once one does, and the others find it whole', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-once-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const args = ['--input-type=module', '-e', maker, import.meta.resolve('./private-file.ts'), folder];
  const run = promisify(execFile);
  const outputs = await Promise.all([1, 2, 3].map(() => run(process.execPath, args, { timeout: 60_000 })));
  const said = outputs.map(({ stdout }) => JSON.parse(stdout) as { made: number[]; unfinished: number });
  const made = said.flatMap((one) => one.made);
  assert.deepEqual(
    made.toSorted((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i),
    'each was made once',
  );
  assert.deepEqual(
    said.map(({ unfinished }) => unfinished),
    [0, 0, 0],
  );
  assert.equal(readdirSync(folder).length, 200, 'no drafts are left');
});

test('a file that is there stays as it is', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-once-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, 'first');
  assert.equal(createFileOnce(file, 'second', 0o600), false);
  assert.equal(readFileSync(file, 'utf8'), 'first');
  assert.deepEqual(readdirSync(folder), ['key']);
});

test('folders are made on the way, and one that cannot be made is refused', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-folders-'));
  context.after(() => rmSync(folder, { recursive: true }));
  makeFolder(join(folder, 'a', 'b'));
  makeFolder(join(folder, 'a', 'b'));
  assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700);
  writeFileSync(join(folder, 'file'), '');
  // In /proc a new folder has "no such file" for an answer, which Node's own way takes for a missing one above it.
  for (const refused of [join(folder, 'file', 'below'), join(folder, 'file'), '/proc/sallyport/below'])
    assert.throws(() => makeFolder(refused), { code: 'file-unwritable' }, refused);
});

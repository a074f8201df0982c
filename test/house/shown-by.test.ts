// The tables of the documents that say which test shows what: every file that they name is there, and every case that they quote
// stands in one of the files of its row.
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../support/process.ts';

const docs = join(repositoryRoot, 'docs');
const heading = /^## (What is proven, and by which test|Each sentence and its test)$/m;

/** Rows of the table below the heading: the cell that names files and cases. */
function rowsOf(text: string): string[] {
  const [, , table = ''] = text.split(heading);
  return table
    .split(/^## /m)[0]!
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split(' | ').slice(1).join(' | '));
}

for (const name of readdirSync(docs).filter((each) => each.endsWith('.md'))) {
  const text = readFileSync(join(docs, name), 'utf8');
  if (!heading.test(text)) continue;
  test(`${name}: what is named is there`, () => {
    const rows = rowsOf(text);
    assert.ok(rows.length >= 3, 'it has rows');
    for (const row of rows) {
      const patterns = [...row.matchAll(/`([^`]*\/[^`]*\.[a-z*]+)`/g)].map(([, pattern]) => pattern!);
      const files = patterns.flatMap((pattern) => {
        const found = globSync(pattern, { cwd: repositoryRoot });
        assert.ok(found.length > 0, `${pattern} is named and not there`);
        return found;
      });
      assert.ok(files.length > 0 || /docs\/[a-z-]+\.md/.test(row), `a row names no file: ${row}`);
      const texts = files.map((file) =>
        readFileSync(join(repositoryRoot, file), 'utf8').replace(/\\(['"])/g, '$1'),
      );
      for (const [, quoted] of row.matchAll(/"([^"]+)"/g)) {
        // Tables abbreviate by three dots.
        const part = quoted!.replace(/ ?\.\.\.$/, '');
        assert.ok(
          texts.some((each) => each.includes(part)),
          `no file of the row has "${quoted}": ${row}`,
        );
      }
    }
  });
}

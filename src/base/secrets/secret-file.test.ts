import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSecretFile } from './secret-file.ts';

test('a secret is read without the end of its line; one that is away or empty is named with the cure', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await assert.rejects(
    readSecretFile(file, 'the secret'),
    /with the secret could not be read .* check its path/,
  );
  writeFileSync(file, '\n');
  await assert.rejects(readSecretFile(file, 'the secret'), /is empty; put the secret into it/);
  writeFileSync(file, 'abc def\r\n');
  assert.equal(await readSecretFile(file, 'the secret'), 'abc def');
});

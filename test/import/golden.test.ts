// Each file of golden/ is imported and compared with what stands beside it: `NAME.lab.yml`, and `NAME.unmapped` for what did not
// map. A new case is a new file; run with UPDATE_GOLDEN=1 to write what it gives, and read it before you keep it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { importFile } from '#config/import/import-file.ts';
import { labSchema } from '#model/lab.ts';

const folder = new URL('golden/', import.meta.url);
const cases = readdirSync(folder).filter((name) => !/\.(lab\.yml|unmapped)$/.test(name));

for (const name of cases) {
  test(`${name} is imported as the file beside it says`, () => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const imported = importFile(text, name, { form: undefined, tunnel: 'home', domain: 'frp.example.com' });
    const unmapped = imported.unmapped.map(({ line, what, why }) => `${line}: ${what} -- ${why}\n`).join('');
    compare(`${name}.lab.yml`, imported.text);
    compare(`${name}.unmapped`, unmapped);
    assert.deepEqual(labSchema.parse(parse(imported.text)), imported.lab, 'the text is a lab file');
    for (const { line } of imported.unmapped)
      assert.ok(line <= text.split('\n').length, 'lines are those of the source');
  });
}

test('there is a case for each form', () => {
  assert.ok(cases.length >= 5);
});

function compare(name: string, found: string): void {
  const file = new URL(name, folder);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, found);
  assert.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', found);
}

// docs/reliability.md names the proof of each sentence; the proofs are there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allCases } from '../chaos/cases.ts';
import { repositoryRoot } from '../support/process.ts';

const page = readFileSync(join(repositoryRoot, 'docs/reliability.md'), 'utf8');

test('every test and every case that the page names exists, and it names every case', () => {
  const rows = [...page.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)].map(([, proof]) => proof!);
  const proofs = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  const names = new Set(allCases.map(({ name }) => name));
  assert.ok(proofs.length > 50);
  for (const proof of proofs) {
    const isThere = proof.includes('/') ? existsSync(join(repositoryRoot, proof)) : names.has(proof);
    assert.ok(isThere, `${proof} is not there`);
  }
  for (const name of names) assert.ok(proofs.includes(name), `${name} is not on the page`);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeLeftDrafts } from './left-drafts.ts';

test('drafts that a killed process has left go; those at work, and all else, stay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-drafts-'));
  try {
    const nowMs = Date.now();
    const write = (name: string, ageMs: number): void => {
      writeFileSync(join(folder, name), 'half');
      utimesSync(join(folder, name), new Date(nowMs - ageMs), new Date(nowMs - ageMs));
    };
    mkdirSync(join(folder, 'below'));
    write('seal.key', 3_600_000);
    write('seal.key.4711.new', 3_600_000);
    write('last-good.json.1-0aff12bc.new', 3_600_000);
    write('access.key.12.new', 1_000);
    write('something.new', 3_600_000);
    write('below/answer.json.12.new', 3_600_000);
    removeLeftDrafts(folder, nowMs);
    const rest = ['access.key.12.new', 'below', 'seal.key', 'something.new'];
    assert.deepEqual(readdirSync(folder).toSorted(), rest);
    assert.deepEqual(readdirSync(join(folder, 'below')), ['answer.json.12.new']);
    removeLeftDrafts(folder, nowMs, true);
    assert.deepEqual(readdirSync(join(folder, 'below')), []);
    removeLeftDrafts(join(folder, 'nowhere'), nowMs);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

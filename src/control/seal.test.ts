import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createSeal, openSeal } from './seal.ts';

const random = seededRandom(7);

function folder(t: { after: (run: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), 'seal-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('what was sealed opens for its purpose only, and differs each time', () => {
  const seal = createSeal([random.bytes(32)], random);
  const sealed = seal.seal('a secret with zażółć', 'totp 1');
  assert.match(sealed, /^s1\.[\w-]{8}\.[\w-]{16}\.[\w-]+$/);
  assert.equal(seal.open(sealed, 'totp 1'), 'a secret with zażółć');
  assert.notEqual(seal.seal('a secret with zażółć', 'totp 1'), sealed);
  assert.throws(
    () => seal.open(sealed, 'totp 2'),
    (error) => isSallyportError(error, 'store-corrupt'),
  );
});

test('every changed character, and every shorter text, is refused', () => {
  const seal = createSeal([random.bytes(32)], random);
  const sealed = seal.seal('secret', 'x');
  for (let at = 0; at < sealed.length; at++) {
    // The last characters of base64url may differ in bits that count for nothing; those decode to the same bytes.
    const other = sealed[at] === 'A' ? 'Q' : 'A';
    const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
    if (
      Buffer.from(changed.split('.').at(-1)!, 'base64url').equals(
        Buffer.from(sealed.split('.').at(-1)!, 'base64url'),
      ) &&
      at > sealed.lastIndexOf('.')
    )
      continue;
    assert.throws(() => seal.open(changed, 'x'), `changed at ${at}`);
    assert.throws(() => seal.open(sealed.slice(0, at), 'x'), `cut at ${at}`);
  }
});

test('a key file is made once, for its owner alone; a further first line seals, old ones still open', (t) => {
  const file = join(folder(t), 'data', 'seal.key');
  const sealed = openSeal(file, random).seal('secret', 'x');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(openSeal(file, random).open(sealed, 'x'), 'secret');
  writeFileSync(file, `${random.bytes(32).toString('base64')}\n${readFileSync(file, 'utf8')}`);
  const rotated = openSeal(file, random);
  assert.equal(rotated.open(sealed, 'x'), 'secret');
  assert.notEqual(rotated.seal('secret', 'x').split('.')[1], sealed.split('.')[1]);
});

test('a key file that others can read, or that is none, or another one, is one sentence with the cure', (t) => {
  const file = join(folder(t), 'seal.key');
  const sealed = openSeal(file, random).seal('secret', 'x');
  chmodSync(file, 0o644);
  assert.throws(() => openSeal(file, random), /can be read by others; run "chmod 600/);
  chmodSync(file, 0o600);
  for (const text of ['', '\n', 'short', `${random.bytes(31).toString('base64')}\n`]) {
    writeFileSync(file, text);
    assert.throws(() => openSeal(file, random), /is no key file/, JSON.stringify(text));
  }
  writeFileSync(file, random.bytes(32).toString('base64'));
  assert.throws(() => openSeal(file, random).open(sealed, 'x'), /put the old key file back/);
});

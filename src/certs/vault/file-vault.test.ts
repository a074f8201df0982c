import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { type Log, silentLog } from '#base/log.ts';
import {
  accountRecord,
  certificateRecord,
  orderRecord,
  testCertificateVault,
} from '#testkit/certificate-vault-suite.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { openFileVault } from './file-vault.ts';

interface Scene {
  readonly folder: string;
  readonly warnings: string[];
  readonly open: () => CertificateVault;
}

function scene(context: TestContext, clock = new FakeClock()): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-vault-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  let count = 0;
  const open = (): CertificateVault =>
    openFileVault({ folder, clock, log, unique: String(count++), isShared: true });
  return { folder, warnings, open };
}

testCertificateVault('files', (context, clock) => {
  const { open } = scene(context, clock);
  return { open: () => Promise.resolve(open()) };
});

test('files: everything is readable by its owner only', async (context) => {
  const { folder, open } = scene(context);
  const vault = open();
  await vault.keepAccount(accountRecord());
  await vault.keepCertificate(certificateRecord());
  await vault.noteOrder(orderRecord());
  await vault.lease('orders', 'a', 1000);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
    assert.equal(file.endsWith('.new'), false, file);
  }
});

test('files: a certificate that cannot be read is reported and the others are there', async (context) => {
  const { folder, warnings, open } = scene(context);
  const vault = open();
  await vault.keepCertificate(certificateRecord());
  writeFileSync(join(folder, 'certificates/broken.json'), '{"id":');
  assert.equal((await vault.certificates()).length, 1);
  assert.match(warnings.join(), /broken\.json cannot be read and is left out/);
});

test('files: an account that cannot be read is an error, not a reason to make another', async (context) => {
  const { folder, open } = scene(context);
  const vault = open();
  await vault.keepAccount(accountRecord());
  const [file] = readdirSync(join(folder, 'accounts'));
  writeFileSync(join(folder, 'accounts', file!), 'nonsense');
  await assert.rejects(
    vault.account(accountRecord().authority),
    (error) => isSallyportError(error, 'credentials-invalid') && error.message.includes('backup'),
  );
});

test('files: an order whose line was cut short costs no other', async (context) => {
  const { folder, open } = scene(context);
  const vault = open();
  await vault.noteOrder(orderRecord({ id: 'one' }));
  appendFileSync(join(folder, 'orders/2026-01-01.ndjson'), '\n{"id":"cut');
  await vault.noteOrder(orderRecord({ id: 'two' }));
  assert.deepEqual(
    (await vault.orders(0)).map(({ id }) => id),
    ['one', 'two'],
  );
});

test('files: what an unfinished write has left of an answer is no answer, and goes when its time is over', async (context) => {
  const clock = new FakeClock();
  const { folder, open } = scene(context, clock);
  const vault = open();
  const left = { text: 'left', untilMs: clock.wallMs() + 1000 };
  writeFileSync(join(folder, 'answers/aaaaaaaaaaaaaaaaaaaa.json.7.new'), JSON.stringify(left));
  assert.equal((await vault.answers()).size, 0);
  clock.advance(1000);
  await vault.keepAnswer('bbbbbbbbbbbbbbbbbbbb', 'text', clock.wallMs() + 1000);
  assert.deepEqual(readdirSync(join(folder, 'answers')), ['bbbbbbbbbbbbbbbbbbbb.json']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { type Log, silentLog } from '#base/log.ts';
import { openStore } from '#store/open-store.ts';
import { accountRecord, certificateRecord, testCertificateVault } from '#testkit/certificate-vault-suite.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { MemoryDocuments } from '#testkit/memory-documents.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { type DocumentVaultOptions, openDocumentVault } from './document-vault.ts';
import type { Sealer } from './sealer.ts';

/** Turns every byte over and marks who did it; what was sealed by another key does not open. */
function turning(key: number): Sealer {
  return {
    seal: (plain) => Uint8Array.from([key, ...plain.map((byte) => byte ^ 0xff)]),
    open(sealed) {
      if (sealed[0] !== key) throw new Error('sealed with another key');
      return sealed.slice(1).map((byte) => byte ^ 0xff);
    },
  };
}

function options(store: MemoryDocuments, change: Partial<DocumentVaultOptions> = {}): DocumentVaultOptions {
  return {
    ...{ store, sealer: turning(1), clock: new FakeClock(), random: seededRandom(1), log: silentLog },
    isShared: true,
    ...change,
  };
}

testCertificateVault('documents', (_context, clock) => {
  const store = new MemoryDocuments();
  const random = seededRandom(1);
  return { open: async () => openDocumentVault(options(store, { clock, random })) };
});

testCertificateVault('the real store', async (context, clock) => {
  const random = seededRandom(1);
  const store = await openStore({ url: ':memory:', clock, log: silentLog, random });
  context.after(() => store.close());
  return {
    open: async () => openDocumentVault({ ...options(new MemoryDocuments(), { clock, random }), store }),
  };
});

test('documents: no key stands in the store as it is', async () => {
  const store = new MemoryDocuments();
  const vault = openDocumentVault(options(store));
  await vault.keepCertificate(certificateRecord({ keyPem: 'PRIVATE-KEY' }));
  const [document] = await store.listDocuments('certificates');
  assert.equal(Buffer.from(document!.bytes).includes('PRIVATE-KEY'), false);
});

test('documents: what was sealed with another key is reported, and is never taken for nothing', async () => {
  const store = new MemoryDocuments();
  const before = openDocumentVault(options(store));
  await before.keepCertificate(certificateRecord());
  await before.keepAccount(accountRecord());
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  const shared = openDocumentVault(options(store, { sealer: turning(2), log }));
  await assert.rejects(shared.certificates(), /sealed with another key than this edge has; copy seal\.key/);
  await assert.rejects(shared.account(accountRecord().authority), (error) =>
    isSallyportError(error, 'credentials-invalid'),
  );
  // An edge by itself has lost its key file, and begins anew.
  const alone = openDocumentVault(options(store, { sealer: turning(2), log, isShared: false }));
  assert.deepEqual(await alone.certificates(), []);
  assert.match(warnings.join(), /certificates\/first in the store cannot be read/);
  assert.equal(await alone.account(accountRecord().authority), undefined);
});

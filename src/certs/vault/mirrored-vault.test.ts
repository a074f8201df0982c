import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { accountRecord, certificateRecord, testCertificateVault } from '#testkit/certificate-vault-suite.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { MemoryDocuments } from '#testkit/memory-documents.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { type DocumentStore, openDocumentVault } from './document-vault.ts';
import { openFileVault } from './file-vault.ts';
import { openMirroredVault } from './mirrored-vault.ts';
import type { Sealer } from './sealer.ts';

const plain: Sealer = { seal: (bytes) => bytes, open: (bytes) => bytes };

/** A store that goes away, and edges with a folder each. */
class Scene {
  readonly documents = new MemoryDocuments();
  readonly clock: FakeClock;
  readonly random = seededRandom(3);
  isAway = false;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-mirror-'));
  readonly #known = new Map<string, ReadonlySet<string>>();
  #count = 0;

  constructor(context: TestContext, clock = new FakeClock()) {
    this.clock = clock;
    context.after(() => rmSync(this.#folder, { recursive: true }));
  }

  edge(name: string, { isShared = true, sealer = plain } = {}): CertificateVault {
    const { clock, random } = this;
    const copy = this.copy(name, isShared);
    const store = openDocumentVault({
      ...{ store: this.#store(), sealer, clock, random, log: silentLog, isShared },
    });
    const known = {
      read: () => this.#known.get(name) ?? new Set<string>(),
      write: (ids: ReadonlySet<string>) => void this.#known.set(name, ids),
    };
    return openMirroredVault({ store, copy, known, log: silentLog });
  }

  copy(name: string, isShared = true): CertificateVault {
    return openFileVault({
      folder: join(this.#folder, name),
      ...{ clock: this.clock, log: silentLog, unique: String(this.#count++), isShared },
    });
  }

  #store(): DocumentStore {
    const guarded =
      (work: (...args: never[]) => Promise<unknown>) =>
      async (...args: never[]): Promise<unknown> => {
        if (this.isAway) throw new SallyportError('store-unavailable', 'The database is away.');
        return await work.apply(this.documents, args);
      };
    const { documents } = this;
    return {
      getDocument: guarded(documents.getDocument as never),
      putDocument: guarded(documents.putDocument as never),
      deleteDocument: guarded(documents.deleteDocument as never),
      listDocuments: guarded(documents.listDocuments as never),
      takeLease: guarded(documents.takeLease as never),
      releaseLease: guarded(documents.releaseLease as never),
    } as DocumentStore;
  }
}

testCertificateVault('mirrored', (context, clock) => {
  const scene = new Scene(context, clock);
  let count = 0;
  return { open: () => Promise.resolve(scene.edge(`edge${count++}`)) };
});

test('mirrored: S0-24 with the store away certificates come from the copy, and one of several edges orders nothing', async (context) => {
  const scene = new Scene(context);
  const vault = scene.edge('a');
  await vault.keepCertificate(certificateRecord());
  await vault.certificates();
  scene.isAway = true;
  const after = scene.edge('a');
  assert.deepEqual(await after.certificates(), [certificateRecord()]);
  await assert.rejects(after.lease('orders', 'a', 1_000), /database is away/);
  await assert.rejects(after.pendingOrders(), /database is away/);
  // What was being issued just then is not lost, and handed over later.
  await after.keepCertificate(certificateRecord({ id: 'second' }));
  assert.equal((await after.certificates()).length, 2);
  const seen = await after.revision();
  scene.isAway = false;
  assert.notEqual(await after.revision(), seen);
  assert.equal((await scene.edge('b').certificates()).length, 2);
});

test('mirrored: an edge with a store of its own goes on by the copy, and hands over what it got meanwhile', async (context) => {
  const scene = new Scene(context);
  const vault = scene.edge('a', { isShared: false });
  await vault.keepAccount(accountRecord());
  await vault.keepCertificate(certificateRecord());
  await vault.certificates();
  scene.isAway = true;
  assert.equal((await vault.account(accountRecord().authority))?.authority, accountRecord().authority);
  const lease = await vault.lease('orders', 'a', 1_000);
  assert.ok(lease);
  await vault.keepCertificate(certificateRecord({ obtainedAtMs: certificateRecord().obtainedAtMs + 1 }));
  await lease.release();
  scene.isAway = false;
  const [kept, ...rest] = await vault.certificates();
  assert.equal(kept!.obtainedAtMs, certificateRecord().obtainedAtMs + 1);
  assert.deepEqual(rest, []);
});

test('mirrored: what was on disk before there was a store is taken over; what was removed from the store is not', async (context) => {
  const scene = new Scene(context);
  await scene.copy('a').keepCertificate(certificateRecord());
  await scene.copy('a').keepAccount(accountRecord());
  const vault = scene.edge('a');
  assert.equal((await vault.certificates()).length, 1);
  await vault.account(accountRecord().authority);
  const other = scene.edge('b');
  assert.equal((await other.certificates()).length, 1);
  assert.ok(await other.account(accountRecord().authority));
  await other.forgetCertificate(certificateRecord().id);
  assert.deepEqual(await scene.edge('a').certificates(), []);
  assert.deepEqual(await scene.copy('a').certificates(), []);
});

test('mirrored: an edge with another key shows its copy and orders nothing, instead of ordering again', async (context) => {
  const scene = new Scene(context);
  await scene.edge('a').keepCertificate(certificateRecord());
  const foreign: Sealer = {
    seal: (bytes) => bytes,
    open() {
      throw new Error('another key');
    },
  };
  const other = scene.edge('b', { sealer: foreign });
  assert.deepEqual(await other.certificates(), []);
  await assert.rejects(other.lease('orders', 'b', 1_000), /copy seal\.key from the data directory/);
  await assert.rejects(other.pendingOrders(), /copy seal\.key/);
});

// What every certificate vault must do; each implementation runs this suite in a test of its own.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type {
  AccountRecord,
  CertificateRecord,
  OrderRecord,
  PendingOrder,
} from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { FakeClock } from './fake-clock.ts';

export interface VaultScene {
  /** Opens the vault as a further process would: what was kept is there, nothing is remembered. */
  readonly open: () => Promise<CertificateVault>;
}

const dayMs = 86_400_000;

/** Registers the tests; `arrange` makes an empty place for each. */
export function testCertificateVault(
  kind: string,
  arrange: (context: TestContext, clock: FakeClock) => VaultScene | Promise<VaultScene>,
): void {
  const vaultTest = (
    name: string,
    body: (scene: VaultScene & { readonly clock: FakeClock }) => Promise<void>,
  ): void => {
    test(`${kind}: ${name}`, async (context) => {
      const clock = new FakeClock();
      await body({ ...(await arrange(context, clock)), clock });
    });
  };

  vaultTest(
    'an account is found by its authority after a restart, and replaced as a whole',
    async ({ open }) => {
      const vault = await open();
      assert.equal(await vault.account(accountRecord().authority), undefined);
      await vault.keepAccount(accountRecord());
      await vault.keepAccount(
        accountRecord({ authority: 'https://other.example/dir', email: 'o@example.com' }),
      );
      await vault.keepAccount(accountRecord({ accountUrl: 'https://ca.example/account/1' }));
      const again = await open();
      assert.deepEqual(
        await again.account(accountRecord().authority),
        accountRecord({ accountUrl: 'https://ca.example/account/1' }),
      );
      assert.equal((await again.account('https://other.example/dir'))?.email, 'o@example.com');
    },
  );

  vaultTest(
    'certificates are kept by id, and every change shows in the revision',
    async ({ open, clock }) => {
      const [vault, other] = [await open(), await open()];
      const seen = new Set([await other.revision()]);
      const changed = async (): Promise<void> => {
        const revision = await other.revision();
        assert.equal(seen.has(revision), false, 'the revision is a new one');
        assert.equal(await vault.revision(), revision);
        seen.add(revision);
        clock.advance(1000);
      };
      await vault.keepCertificate(certificateRecord());
      await changed();
      await vault.keepCertificate(certificateRecord({ id: 'second', names: ['b.example'] }));
      await changed();
      await other.keepCertificate(certificateRecord({ certPem: 'renewed' }));
      await changed();
      assert.deepEqual((await vault.certificates()).map(({ id, certPem }) => `${id} ${certPem}`).toSorted(), [
        'first renewed',
        'second cert',
      ]);
      await vault.forgetCertificate('second');
      await changed();
      await vault.forgetCertificate('second');
      assert.deepEqual(
        (await other.certificates()).map(({ id }) => id),
        ['first'],
      );
    },
  );

  vaultTest('a certificate comes back with all that was known of it', async ({ open }) => {
    const record = certificateRecord({
      renewal: { startMs: 1, endMs: 2, explanationUrl: 'https://ca.example/why', askAgainAtMs: 3 },
    });
    await (await open()).keepCertificate(record);
    assert.deepEqual(await (await open()).certificates(), [record]);
  });

  vaultTest('orders are told oldest first, from a time on, and forgotten by day', async ({ open, clock }) => {
    const vault = await open();
    const startMs = clock.wallMs();
    for (const [id, day] of [
      ['late', 9],
      ['early', 0],
      ['middle', 5],
    ] as const)
      await vault.noteOrder(orderRecord({ id, endedAtMs: startMs + day * dayMs }));
    const ids = async (since: number): Promise<string[]> =>
      (await (await open()).orders(startMs + since * dayMs)).map(({ id }) => id);
    assert.deepEqual(await ids(0), ['early', 'middle', 'late']);
    assert.deepEqual(await ids(5), ['middle', 'late']);
    await vault.forgetOrders(startMs + 5 * dayMs);
    assert.deepEqual(await ids(0), ['middle', 'late']);
    await vault.noteOrder(orderRecord({ id: 'beside', endedAtMs: startMs + 5 * dayMs }));
    await vault.forgetOrder({ id: 'middle', endedAtMs: startMs + 5 * dayMs });
    await vault.forgetOrder({ id: 'middle', endedAtMs: startMs + 9 * dayMs });
    assert.deepEqual(await ids(0), ['beside', 'late']);
    await vault.forgetOrder({ id: 'late', endedAtMs: startMs + 9 * dayMs });
    assert.deepEqual(await ids(0), ['beside']);
  });

  vaultTest('an order keeps its failure and its log', async ({ open }) => {
    const order = orderRecord({
      failure: {
        ...{ code: 'validation-failed', message: 'no', problem: 'dns', retryAtMs: 5 },
        failedNames: { 'a.example': 'no address' },
      },
      lines: ['one', 'two'],
    });
    await (await open()).noteOrder(order);
    assert.deepEqual(await (await open()).orders(0), [order]);
  });

  vaultTest('an order under way outlives whoever began it', async ({ open }) => {
    const vault = await open();
    await vault.keepPendingOrder(pendingOrder());
    await vault.keepPendingOrder(pendingOrder({ orderUrl: 'https://ca.example/order/1' }));
    assert.deepEqual(await (await open()).pendingOrders(), [
      pendingOrder({ orderUrl: 'https://ca.example/order/1' }),
    ]);
    await vault.forgetPendingOrder(pendingOrder().id);
    await vault.forgetPendingOrder(pendingOrder().id);
    assert.deepEqual(await (await open()).pendingOrders(), []);
  });

  vaultTest(
    'any edge can serve an answer until its time is over; nothing but a token is looked up',
    async (scene) => {
      const [vault, other] = [await scene.open(), await scene.open()];
      const token = 'LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0';
      assert.equal(await other.answer(token), undefined);
      await vault.keepAnswer(token, `${token}.print`, scene.clock.wallMs() + 1000);
      assert.equal(await other.answer(token), `${token}.print`);
      for (const no of ['', '..', '../accounts/x', `${token}/..`, 'short'])
        assert.equal(await other.answer(no), undefined);
      scene.clock.advance(1001);
      assert.equal(await other.answer(token), undefined);
      await vault.keepAnswer(token, 'again', scene.clock.wallMs() + 1000);
      await other.forgetAnswer(token);
      assert.equal(await vault.answer(token), undefined);
    },
  );

  vaultTest(
    'of many that reach for a lease at once one gets it, and the next after its release',
    async ({ open }) => {
      const holders = ['a', 'b', 'c', 'd', 'e', 'f'];
      const vaults = await Promise.all(holders.map(() => open()));
      for (let round = 0; round < 5; round++) {
        const got = await Promise.all(vaults.map((vault, i) => vault.lease('orders', holders[i]!, 60_000)));
        const held = got.filter((lease) => lease !== undefined);
        assert.equal(held.length, 1, `round ${round}`);
        assert.equal(await held[0]!.renew(), true);
        await held[0]!.release();
      }
    },
  );

  vaultTest('a lease runs out, and its holder is told that it was lost', async ({ open, clock }) => {
    const [vault, other] = [await open(), await open()];
    const lease = await vault.lease('orders', 'a', 60_000);
    assert.ok(lease);
    clock.advance(59_000);
    assert.equal(await other.lease('orders', 'b', 60_000), undefined);
    assert.equal(await lease.renew(), true);
    clock.advance(59_000);
    assert.equal(await other.lease('orders', 'b', 60_000), undefined);
    clock.advance(2_000);
    const next = await other.lease('orders', 'b', 60_000);
    assert.ok(next);
    assert.equal(await lease.renew(), false);
    await lease.release();
    assert.equal(await vault.lease('orders', 'a', 60_000), undefined, 'an old release frees nothing');
    assert.equal(await next.renew(), true);
  });

  vaultTest(
    'everybody has the same ticket key for a period, and old ones are forgotten',
    async ({ open }) => {
      const vaults = await Promise.all(Array.from({ length: 6 }, () => open()));
      const draw = (byte: number): Buffer => Buffer.alloc(48, byte);
      const first = await Promise.all(vaults.map((vault, i) => vault.ticketKey(7, draw(i + 1))));
      // Who was too early finds it when he asks again.
      const keys = await Promise.all(
        first.map(async (key, i) => key ?? (await vaults[i]!.ticketKey(7, draw(i + 1)))),
      );
      assert.equal(new Set(keys.map((key) => key?.toString('hex'))).size, 1);
      const again = await open();
      assert.deepEqual(await again.ticketKey(7, draw(99)), keys[0]);
      assert.deepEqual(await again.ticketKey(8, draw(8)), draw(8));
      assert.deepEqual(await again.ticketKey(9, draw(9)), draw(9));
      assert.deepEqual(await again.ticketKey(8, draw(99)), draw(8));
      assert.deepEqual(await again.ticketKey(7, draw(50)), draw(50), 'the oldest is gone');
    },
  );

  vaultTest('a lease has nothing to do with one of another name', async ({ open }) => {
    const vault = await open();
    assert.ok(await vault.lease('orders', 'a', 60_000));
    assert.ok(await vault.lease('orders-of-another', 'b', 60_000));
  });
}

/** An account with the parts that a test cares about. */
export function accountRecord(change: Partial<AccountRecord> = {}): AccountRecord {
  return {
    ...{
      authority: 'https://ca.example/directory',
      accountUrl: '',
      keyPem: 'key',
      email: '',
      createdAtMs: 1,
    },
    ...change,
  };
}

/** A certificate of ninety days from 2026-01-01 with the parts that a test cares about. */
export function certificateRecord(change: Partial<CertificateRecord> = {}): CertificateRecord {
  return {
    id: 'first',
    names: ['a.example.com'],
    certPem: 'cert',
    keyPem: 'key',
    source: 'acme',
    authority: 'https://ca.example/directory',
    method: 'http-01',
    methodReason: 'this edge answers on port 80',
    profile: '',
    obtainedAtMs: Date.UTC(2026, 0, 1),
    notBeforeMs: Date.UTC(2026, 0, 1),
    notAfterMs: Date.UTC(2026, 0, 1) + 90 * dayMs,
    jitter: 0,
    ...change,
  };
}

/** An order that succeeded, with the parts that a test cares about. */
export function orderRecord(change: Partial<OrderRecord> = {}): OrderRecord {
  const endedAtMs = change.endedAtMs ?? Date.UTC(2026, 0, 1);
  return {
    ...{ id: 'order-1', certificateId: 'first', names: ['a.example.com'] },
    authority: 'https://ca.example/directory',
    ...{ method: 'http-01', methodReason: 'this edge answers on port 80', cause: 'first certificate' },
    ...{ startedAtMs: endedAtMs - 1000, endedAtMs, lines: [] },
    ...change,
  };
}

/** An order under way with the parts that a test cares about. */
export function pendingOrder(change: Partial<PendingOrder> = {}): PendingOrder {
  return {
    ...{ id: 'order-1', certificateId: 'first', names: ['a.example.com'], keyPem: 'key', profile: '' },
    ...{ authority: 'https://ca.example/directory', orderUrl: '' },
    ...{ method: 'http-01', methodReason: 'this edge answers on port 80', cause: 'first certificate' },
    startedAtMs: Date.UTC(2026, 0, 1),
    ...change,
  };
}

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Log, silentLog } from '#base/log.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { MemoryDocuments } from '#testkit/memory-documents.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { TicketKeys } from './ticket-keys.ts';
import { openDocumentVault } from './vault/document-vault.ts';

const hourMs = 3_600_000;

function scene(context: TestContext) {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const store = new MemoryDocuments();
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  const open = async (): Promise<TicketKeys> => {
    const sealer = { seal: (plain: Uint8Array) => plain, open: (sealed: Uint8Array) => sealed };
    const vault = openDocumentVault({ store, sealer, clock, random, log, isShared: true });
    const keys = new TicketKeys({ vault, clock, random, log });
    context.after(() => keys.close());
    await keys.start();
    return keys;
  };
  return { clock, store, warnings, open };
}

test('edges that share a vault have one ticket key, and change it together twice a day', async (context) => {
  const { clock, open } = scene(context);
  const [one, other] = [await open(), await open()];
  const first = one.current;
  assert.equal(first.length, 48);
  assert.deepEqual(other.current, first);
  const seen = new Set([first.toString('hex')]);
  for (let hours = 0; hours < 48; hours++) {
    clock.advance(hourMs);
    await Promise.all([one.look(), other.look()]);
    // Whoever found the other at it looks again.
    await Promise.all([one.look(), other.look()]);
    assert.deepEqual(other.current, one.current);
    seen.add(one.current.toString('hex'));
  }
  assert.equal(seen.size, 5);
});

test('a restart within the period finds the same key', async (context) => {
  const { open } = scene(context);
  const before = await open();
  before.close();
  assert.deepEqual((await open()).current, before.current);
});

test('without the vault there is a key all the same, one warning, and the shared one when it is back', async (context) => {
  const { store, warnings, open } = scene(context);
  store.fault = new Error('no space left on device');
  const keys = await open();
  const own = keys.current;
  assert.equal(own.length, 48);
  await keys.look();
  assert.equal(warnings.length, 1);
  store.fault = undefined;
  await keys.look();
  assert.notDeepEqual(keys.current, own);
  assert.deepEqual((await open()).current, keys.current);
});

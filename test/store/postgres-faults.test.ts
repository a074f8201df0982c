// PostgreSQL going away and coming back under a store that stays open: calls fail soon and with one sentence, what was
// acknowledged is there, and nothing needs a restart.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { after, before, describe, test, type TestContext } from 'node:test';
import { isSallyportError, type SallyportError } from '#base/errors.ts';
import { createLog, type Log, silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openStore } from '#store/open-store.ts';
import type { Store } from '#store/store.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { sampleChange, sampleEvent, sampleTunnel } from '#testkit/sample-objects.ts';
import { testClock } from '#testkit/transport-suite.ts';
import { eventually, within } from '../support/eventually.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { freePort } from '../support/process.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

const surroundings = { clock: testClock, log: silentLog, random: systemRandom, backupFolder: tmpdir() };

async function open(context: TestContext, url: string, log: Log = silentLog): Promise<Store> {
  const store = await openStore({ ...surroundings, url, log });
  context.after(() => store.close());
  return store;
}

const isUnavailable = (error: unknown): boolean => isSallyportError(error, 'store-unavailable');

async function refusal(url: string): Promise<string> {
  const error = await openStore({ ...surroundings, url }).then(
    () => assert.fail('it opened'),
    (thrown: unknown) => thrown as SallyportError,
  );
  assert.ok(isSallyportError(error), String(error));
  return `${error.code} ${error.message}`;
}

describe('PostgreSQL under faults', () => {
  test('stopped, it fails calls at once; started, the same store works again', async (context) => {
    const store = await open(context, await server.createDatabase());
    await store.commit(sampleChange(0, { audit: [sampleEvent(1)] }));
    await server.stop();
    const calls = [store.load(), store.commit(sampleChange(1)), store.findSession('x'), store.sweep(0)];
    await Promise.all(
      calls.map((call: Promise<unknown>) =>
        assert.rejects(within('a call fails', 20_000, call), isUnavailable),
      ),
    );
    await server.start();
    assert.equal(await store.commit(sampleChange(1)), 2);
    assert.equal((await store.load()).revision, 2);
  });

  for (const [how, end] of [
    ['stopped', () => server.stop()],
    ['killed', () => server.kill()],
  ] as const) {
    test(`${how} and started under use, it has every acknowledged change`, async (context) => {
      const store = await open(context, await server.createDatabase());
      const acknowledged: number[] = [];
      let failures = 0;
      let isDone = false;
      const writing = (async () => {
        let revision = 0;
        for (let number = 1; !isDone; number += 1) {
          try {
            const puts = [{ kind: 'tunnel', object: sampleTunnel(number) }] as const;
            revision = await store.commit(sampleChange(revision, { puts }));
            acknowledged.push(number);
          } catch (error) {
            // Whatever it was, look at what is there, as an edge does.
            assert.ok(isUnavailable(error) || isSallyportError(error, 'conflict'), String(error));
            failures += 1;
            const state = await eventually('the state is read again', () => store.load());
            revision = state.revision;
          }
        }
      })();
      for (let round = 0; round < 3; round += 1) {
        const [count, failed] = [acknowledged.length, failures];
        await eventually('changes are kept', () => acknowledged.length > count + 20);
        await end();
        await eventually('a call has failed', () => failures > failed);
        await server.start();
      }
      const count = acknowledged.length;
      await eventually('changes are kept again', () => acknowledged.length > count);
      isDone = true;
      await writing;
      const kept = new Set((await store.load()).objects.map(({ object }) => object.id));
      assert.deepEqual(
        acknowledged.filter((number) => !kept.has(sampleTunnel(number).id)),
        [],
      );
    });
  }

  test('changes of another edge are told, own ones are not, and a lost connection is made again', async (context) => {
    const url = await server.createDatabase();
    const lines: string[] = [];
    const log = createLog({ level: 'info', format: 'console', write: (line) => void lines.push(line) });
    const [store, other] = [await open(context, url, log), await open(context, url)];
    let news = 0;
    const stop = store.watch(() => void (news += 1));
    const hears = () =>
      eventually('it listens', async () => {
        const sessions = await server.execute(
          `select 1 from pg_stat_activity where query like 'select revision%'`,
        );
        return sessions.length > 0;
      });
    await hears();
    await store.commit(sampleChange(0));
    await other.commit(sampleChange(1));
    await eventually('the change of the other is told', () => news === 1);
    assert.equal((await store.load()).revision, 2);

    await server.stop();
    await eventually('that nothing is heard is told', () => news === 2);
    await server.start();
    await eventually('the return is told', () => news === 3);
    assert.deepEqual(
      lines.map((line) => / (WRN|INF) (.*?) place=/.exec(line)?.slice(1).join(' ')),
      [
        'WRN Changes of other edges are not heard until PostgreSQL is back',
        'INF Changes of other edges are heard again',
      ],
    );
    await hears();
    await other.commit(sampleChange(2));
    await eventually('changes are told again', () => news === 4);

    stop();
    await eventually('nobody listens', async () => {
      const sessions = await server.execute(`select 1 from pg_stat_activity where query like 'listen%'`);
      return sessions.length === 0;
    });
  });

  test('a change that came between loading and watching is told', async (context) => {
    const url = await server.createDatabase();
    const [store, other] = [await open(context, url), await open(context, url)];
    await store.load();
    await other.commit(sampleChange(0));
    let news = 0;
    context.after(store.watch(() => void (news += 1)));
    await eventually('the change is told', () => news === 1);
    await store.load();
    context.after(store.watch(() => void (news += 10)));
    await other.commit(sampleChange(1));
    await eventually('both are told once', () => news === 12);
  });

  test('a server that is silent is not waited for longer than the limit, and found again', async (context) => {
    const clock = new FakeClock();
    const url = await server.createDatabase();
    const store = await openStore({ ...surroundings, url, clock });
    context.after(() => store.close());
    assert.equal(await store.commit(sampleChange(0)), 1);
    await server.signal('SIGSTOP');
    try {
      const failed = assert.rejects(store.load(), isUnavailable);
      // The call takes its connection from the pool in a later turn; its limit starts there.
      const turns = setInterval(() => clock.advance(1_000), 10);
      await within('the call fails', 20_000, failed);
      clearInterval(turns);
    } finally {
      await server.signal('SIGCONT');
    }
    assert.equal((await store.load()).revision, 1);
  });

  test('each way to be refused is one sentence with its cure, and shows no password', async (context) => {
    const port = await freePort();
    const at = `127.0.0.1:${server.port}`;
    assert.match(
      await refusal(`postgres://test:secret@127.0.0.1:${port}/x`),
      /^store-unavailable .*127\.0\.0\.1:\d+\/x cannot be reached \(.*ECONNREFUSED.*\); check that it runs/,
    );
    assert.match(
      await refusal(`postgres://test:secret@${at}/nothing`),
      /^store-unavailable .* has no such database; create it/,
    );
    assert.match(
      await refusal(`postgres://nobody:secret@${at}/postgres`),
      /^store-unavailable .* refused the user or the pass/,
    );
    assert.match(await refusal('postgres://[bad'), /^config-invalid The URL of the store cannot be used/);
    assert.match(await refusal('mysql://x'), /^config-invalid .*"mysql:" is neither/);
    // Something that is not PostgreSQL, and says nothing.
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    context.after(() => mute.close());
    const { port: mutePort } = mute.address() as { port: number };
    const text = await refusal(`postgres://test:secret@127.0.0.1:${mutePort}/x`);
    assert.match(text, /^store-unavailable .* cannot be reached \(.*timeout/);
    assert.doesNotMatch(text, /secret/);
  });

  test('tables of another program, a standby and a user without rights are refused', async () => {
    const url = await server.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await server.execute('create table users (id int)', name);
    assert.match(
      await refusal(url),
      /^store-unavailable .* holds tables of another program \(users\); give Sallyport/,
    );
    await server.execute(`drop table users`, name);
    await server.execute(`alter database ${name} set default_transaction_read_only = on`);
    assert.match(await refusal(url), /^store-unavailable .* takes no changes/);
    await server.execute(`alter database ${name} reset default_transaction_read_only`);
    await server.execute('create role guest login');
    const guest = url.replace('test@', 'guest@');
    assert.match(
      await refusal(guest),
      /^store-unavailable .* does not let this user do it; make the user the owner/,
    );
  });
});

// A connection to PostgreSQL that is lost while a transaction is being committed: before the server has heard of it, or
// after. Only a look at the store can tell the two apart, and the store says so instead of trying again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test, type TestContext } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { sampleChange, sampleEvent } from '#testkit/sample-objects.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { databases } from './databases.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

interface Relay {
  readonly port: number;
  /** Ends the connection that commits next: without handing the commit on, or when it was answered. */
  cutAt: 'commit' | 'answer' | undefined;
}

/** Passes bytes between the store and PostgreSQL. */
async function startRelay(context: TestContext): Promise<Relay> {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1');
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    let isCommitting = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', cut);
    }
    client.on('data', (bytes) => {
      if (relay.cutAt !== undefined && bytes.includes('commit')) {
        isCommitting = true;
        if (relay.cutAt === 'commit') return cut();
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isCommitting) return cut();
      client.write(bytes);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const relay: Relay = { port: (listener.address() as { port: number }).port, cutAt: undefined };
  return relay;
}

describe('a connection lost in a commit', () => {
  for (const [cutAt, kept] of [
    ['commit', 0],
    ['answer', 1],
  ] as const) {
    test(`${kept === 0 ? 'before' : 'after'} the server has heard of it is told, and a look tells which`, async (context) => {
      const { open } = databases(context);
      const relay = await startRelay(context);
      const url = new URL(await server.createDatabase());
      url.port = String(relay.port);
      const store = await open(url.href);
      relay.cutAt = cutAt;
      await assert.rejects(store.commit(sampleChange(0, { audit: [sampleEvent(1)] })), (error) => {
        assert.ok(isSallyportError(error, 'store-unavailable'));
        assert.match(
          error.message,
          /^The connection to PostgreSQL at .* was lost while trying to keep a change, so that it may/,
        );
        return true;
      });
      relay.cutAt = undefined;
      assert.equal((await store.load()).revision, kept);
      assert.equal((await store.readAudit({ limit: 10 })).events.length, kept);
      assert.equal(await store.commit(sampleChange(kept)), kept + 1);
    });
  }
});

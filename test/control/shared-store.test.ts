// Edges whose store is a PostgreSQL: two of them see each other's changes; stopped and started under load, it costs no visitor
// a request, the API says what is wrong and how to cure it, and everything heals by itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { ApiError } from '#api/client.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const site = 'blog.localhost';
const origin = createServer((_request, response) => response.end('hello from home'));
let service: string;
let postgres: PostgresServer;

before(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  service = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  postgres = await startPostgres();
});
after(async () => {
  origin.close();
  await postgres?.close();
});

test('PostgreSQL stopped and started under load: no visitor notices, the API says what to do, and all heals', async (context) => {
  const edge = await OwnEdge.start({ config: { store: await postgres.createDatabase() } });
  context.after(() => edge.close());
  await edge.serve('home', [site], service);
  const load = edge.visit(site);
  const change = (note: string) => edge.api.updateTunnel({ params: { tunnel: 'home' }, body: { note } });
  for (let round = 1; round <= 2; round += 1) {
    await change(`before stop ${round}`);
    await postgres.stop();
    // Nobody has to try a change to learn of it.
    await eventually('the edge says so', async () => !(await edge.api.getStatus()).store.isAvailable);
    const { problem } = await refusal(change(`while stopped ${round}`));
    assert.equal(problem.status, 503, JSON.stringify(problem));
    assert.match(problem.detail, /PostgreSQL|database/);
    // What only reads goes on, from memory, and tells.
    const { troubles, store } = await edge.api.getStatus();
    assert.equal(store.isAvailable, false);
    const [trouble] = troubles.filter(({ id }) => id === 'store');
    assert.match(trouble!.cure, /Make the database reachable/);
    assert.equal((await edge.api.getTunnel({ params: { tunnel: 'home' } })).note, `before stop ${round}`);
    const during = load.result().total;
    await eventually('visitors come while it is away', () => load.result().total > during + 20);
    await postgres.start();
    await eventually(
      'changes are taken again',
      async () => (await change(`after start ${round}`)).note !== '',
    );
    assert.equal((await edge.api.getStatus()).store.isAvailable, true);
  }
  const { total, failures } = await load.stop();
  assert.deepEqual(failures, {});
  context.diagnostic(`${total} requests, none failed`);
});

test('an edge that starts while PostgreSQL is away serves what it served last, and takes changes once it is back', async (context) => {
  const edge = await OwnEdge.start({ config: { store: await postgres.createDatabase() } });
  context.after(() => edge.close());
  await edge.serve('home', [site], service);
  await edge.running.stop();
  await postgres.stop();
  try {
    await edge.start();
    assert.match(edge.running.stderr(), /serves the last good configuration meanwhile/);
    await eventually('visitors are served', async () => (await edge.statusOf(site)) === 200);
    const { status, body } = await edge.get('sallyport.localhost', '/api/v1/status');
    assert.equal(status, 503, body);
  } finally {
    await postgres.start();
  }
  await edge.says(/The control plane is back/);
  await edge.api.updateTunnel({ params: { tunnel: 'home' }, body: { note: 'back' } });
  assert.equal(await edge.statusOf(site), 200);
});

test('two edges on one PostgreSQL: what is changed at one is in force at the other', async (context) => {
  const store = await postgres.createDatabase();
  const [first, second] = [
    await OwnEdge.start({ config: { store } }),
    await OwnEdge.start({ config: { store } }),
  ];
  context.after(() => Promise.all([first.close(), second.close()]));
  // The connector dials the second; the route to it is made at the first.
  await second.serve('home', [site], service);
  const more = 'app.localhost';
  await first.api.createRoute({ body: { hostname: more, tunnel: 'home', service } });
  await eventually(
    'the route of the first is served by the second',
    async () => (await second.statusOf(more)) === 200,
  );
  await second.api.deleteRoute({ params: { route: more } });
  await eventually('its end at the second is known to the first', async () => {
    const { items } = await first.api.listRoutes({ query: {} });
    return items.length === 1 && items[0]!.hostname === site;
  });
  // Both change one object at a time: neither is lost, and a stale one is refused.
  const { version } = await first.api.getTunnel({ params: { tunnel: 'home' } });
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const { api } = i % 2 === 0 ? first : second;
      await api.createTunnel({ body: { name: `t${i}` } });
    }),
  );
  await second.api.updateTunnel({
    params: { tunnel: 'home' },
    body: { note: 'by the second' },
    ifMatch: version,
  });
  const { problem } = await refusal(
    first.api.updateTunnel({ params: { tunnel: 'home' }, body: { note: 'by the first' }, ifMatch: version }),
  );
  assert.equal(problem.status, 412);
  for (const { api } of [first, second]) {
    await eventually('both know all', async () => (await api.listTunnels({ query: {} })).total === 11);
  }
});

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

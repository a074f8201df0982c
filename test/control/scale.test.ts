// A thousand tunnels and ten thousand routes, as one lab file by the command line: applied, applied again, listed and searched
// while visitors come, whose every request is answered. The times are printed; how quick it must be is for the bench.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';

const tunnels = 1_000;
const routesEach = 10;
const site = 'blog.localhost';

test('1,000 tunnels and 10,000 routes are applied, listed and searched, and no visitor waits in vain', async (context) => {
  const origin = createServer((_request, response) => response.end('hello from home'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const edge = await OwnEdge.start();
  context.after(async () => {
    await edge.close();
    origin.close();
  });
  await edge.serve('home', [site], `http://127.0.0.1:${(origin.address() as AddressInfo).port}`);
  const load = edge.visit(site);
  context.after(() => load.stop());

  /** Runs a step, prints its time, and sees that visitors went on being answered meanwhile. */
  async function step<T>(words: string, work: () => Promise<T>): Promise<T> {
    const [before, startedMs] = [load.result().good, performance.now()];
    const result = await work();
    const ms = Math.round(performance.now() - startedMs);
    const { good, failures } = load.result();
    context.diagnostic(`${words}: ${ms} ms, ${good - before} visitors meanwhile`);
    assert.deepEqual(failures, {}, words);
    await eventually(`visitors are answered after: ${words}`, () => load.result().good > good);
    return result;
  }

  const file = join(edge.folder, 'lab.yml');
  const names = Array.from({ length: tunnels }, (_, i) => `t${i}`);
  const lab = [
    'tunnels:',
    ...names.map((name) => `  - name: ${name}`),
    'routes:',
    ...names.flatMap((name) =>
      Array.from(
        { length: routesEach },
        (_, i) => `  - hostname: r${i}.${name}.localhost\n    tunnel: ${name}`,
      ),
    ),
  ];
  writeFileSync(file, `${lab.join('\n')}\n`);
  const applied = await step('apply -f', () => edge.command('apply', '-f', file, '--yes'));
  assert.equal(applied.code, 0, applied.err);
  const again = await step('apply -f, nothing to do', () => edge.command('apply', '-f', file, '--yes'));
  assert.equal(again.code, 0, again.err);
  const { counts } = await step('status', () => edge.api.getStatus());
  assert.deepEqual([counts.tunnels, counts.routes], [tunnels + 1, tunnels * routesEach + 1]);

  const listed = await step('route list, a page', () => edge.api.listRoutes({ query: { limit: 100 } }));
  assert.deepEqual([listed.total, listed.items.length], [tunnels * routesEach + 1, 100]);
  const found = await step('route list, searched', () =>
    edge.api.listRoutes({ query: { search: 'r7.t77' } }),
  );
  assert.equal(found.total, 11, 't77 and t770 to t779');
  const some = await step('tunnel list, searched', () => edge.api.listTunnels({ query: { search: 't99' } }));
  assert.equal(some.total, 11);
  const all = await step('route list, on the command line', () => edge.command('route', 'list'));
  assert.equal(all.code, 0, all.err);
  const open = await step('what is exposed', () => edge.api.listExposed({ query: { search: 'r7.t77' } }));
  assert.ok(open.items.length <= 11);
  const hostname = 'one-more.localhost';
  const service = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  await step('one more route', () => edge.api.createRoute({ body: { hostname, tunnel: 'home', service } }));
  await eventually('it is in force', async () => (await edge.statusOf(hostname)) === 200);
  const { total, failures } = await load.stop();
  assert.deepEqual(failures, {});
  context.diagnostic(`${total} visitors, all answered`);
});

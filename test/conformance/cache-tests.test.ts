// The public cache cases, and our own beside them, against a real edge and connector, over HTTP/1.1 and over HTTP/2. The
// cache's clock is moved by hand, so that the suite's pauses take no time. Every case passes but those that
// cache-case-failures.ts names, each with its reason.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';
import { eventually } from '../support/eventually.ts';
import { http1CaseClient, http2CaseClient } from './cache-case-clients.ts';
import { failures, fullPolicy } from './cache-case-failures.ts';
import { CacheCaseOrigin } from './cache-case-origin.ts';
import { applyDependencies, type CaseClient, type CaseResult, runCase, score } from './cache-case-runner.ts';
import { kindOf, loadCacheCases } from './cache-cases.ts';
import { isOwn, ownCases } from './own-cases/own-cases.ts';

const cases = [...loadCacheCases(), ...ownCases];
let shiftMs = 0;
const clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + shiftMs,
  wallMs: () => systemClock.wallMs() + shiftMs,
};
const cache = new EdgeCache({ clock, memoryBytes: 64 << 20, maxObjectBytes: 8 << 20 });
/** Lets the suite's time pass, once nothing is under way that it would make older. */
const pause = async (ms: number): Promise<void> => {
  await eventually('questions in the background have been answered', () => cache.refreshes === 0);
  shiftMs += ms;
};
const time = { wallMs: () => clock.wallMs(), pause };

let origin: CacheCaseOrigin;
let world: EdgeWorld;

before(async () => {
  origin = await CacheCaseOrigin.start(time);
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test\n    service: ${origin.url}`,
    hosts: ['a.test'],
    cache,
  });
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), cache: fullPolicy }] });
});

after(async () => {
  await world.close();
  await cache.close();
  await origin.close();
});

function judge(protocol: string, makeClient: () => CaseClient): void {
  describe(`public cache cases over ${protocol}`, () => {
    const results: CaseResult[] = [];
    before(async () => {
      const client = makeClient();
      for (const one of cases)
        results.push(await runCase(one, { origin, client, time, prefix: protocol.replace('/', '') }));
      applyDependencies(results);
      if (process.env['SALLYPORT_CACHE_PRINT'] === '1') print(results);
    });

    for (const [i, one] of cases.entries()) {
      const reason = failures[one.id];
      test(`${one.id} (${kindOf(one)})${reason === undefined ? '' : `: not, because ${reason}`}`, () => {
        const { verdict, detail } = results[i]!;
        if (reason === undefined) assert.equal(verdict, 'pass', `${one.name}: ${detail}`);
        else assert.notEqual(verdict, 'pass', 'it passes; take it off the list');
      });
    }

    test('at least 94 of 100 required and 91 of 100 optimal cases of the public suite pass', () => {
      const { required, optimal } = score(results.filter(({ one }) => !isOwn(one)));
      // 150 of the whole suite's 160, and 95 of its 105.
      assert.ok(required[0] / required[1] >= 0.94, required.join(' of '));
      assert.ok(optimal[0] / optimal[1] >= 0.91, optimal.join(' of '));
    });
  });
}

judge('HTTP/1.1', () => http1CaseClient({ port: world.plainPort }, 'a.test'));
judge('HTTP/2', () => {
  const client = http2CaseClient(world.port, 'a.test', world.ca);
  after(() => client.close());
  return client;
});

function print(results: readonly CaseResult[]): void {
  for (const { one, verdict, detail } of results)
    if (verdict !== 'pass') process.stdout.write(`CASE ${one.id} (${kindOf(one)}) ${verdict}: ${detail}\n`);
  process.stdout.write(`CASE ${JSON.stringify(score(results))}\n`);
}

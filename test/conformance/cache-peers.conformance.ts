// The public cache cases, and our own beside them, in one run against our edge, nginx and Varnish, in real time, with the
// counts side by side and every case that we fail named with its reason. A judge whose program is missing is left out, in
// one line.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';
import { routeOf, startEdgeWorld } from '../edge/world.ts';
import { pause } from '../support/eventually.ts';
import { http1CaseClient } from './cache-case-clients.ts';
import { failures, fullPolicy } from './cache-case-failures.ts';
import { CacheCaseOrigin } from './cache-case-origin.ts';
import { applyDependencies, type CaseResult, runCase, score } from './cache-case-runner.ts';
import { kindOf, loadCacheCases } from './cache-cases.ts';
import { isOwn, ownCases } from './own-cases/own-cases.ts';
import { type CachePeer, peerPrograms, startNginxCache, startVarnish } from './cache-peers.ts';

/** Cases under way at the same time; most of them sit out a pause. */
const atOnce = 60;
/** What was too late for its own pauses, on a busy machine, is asked once more with fewer beside it. */
const atOnceAgain = 20;
const time = { wallMs: () => Date.now(), pause };
const cases = [...loadCacheCases(), ...ownCases];

async function startOurs(originPort: number): Promise<CachePeer> {
  const cache = new EdgeCache({ clock: systemClock, memoryBytes: 64 << 20, maxObjectBytes: 8 << 20 });
  const ingress = `  - hostname: a.test\n    service: http://127.0.0.1:${originPort}`;
  const world = await startEdgeWorld({ ingress, hosts: ['a.test'], cache });
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), cache: fullPolicy }] });
  return {
    port: world.plainPort,
    async close() {
      await world.close();
      await cache.close();
    },
  };
}

/** All cases against one cache. */
async function judge(start: (originPort: number) => Promise<CachePeer>): Promise<CaseResult[]> {
  const origin = await CacheCaseOrigin.start(time);
  const peer = await start(origin.port);
  try {
    const client = http1CaseClient({ port: peer.port }, 'a.test');
    const results: CaseResult[] = [];
    const runAll = async (indexes: number[], workers: number, prefix: string): Promise<void> => {
      const worker = async (): Promise<void> => {
        for (let at = indexes.shift(); at !== undefined; at = indexes.shift())
          results[at] = await runCase(cases[at]!, { origin, client, time, prefix });
      };
      await Promise.all(Array.from({ length: workers }, worker));
    };
    const isDoubtful = (at: number): boolean =>
      results[at]!.verdict === 'setup' || (start === startOurs && isUnexpected(results[at]!));
    await runAll([...cases.keys()], atOnce, 'peers');
    await runAll([...cases.keys()].filter(isDoubtful), atOnceAgain, 'again');
    applyDependencies(results);
    return results;
  } finally {
    await peer.close();
    await origin.close();
  }
}

test(
  'our cache passes more of the public cases than nginx and Varnish do',
  { timeout: 600_000 },
  async (context) => {
    const peers: Record<string, (port: number) => Promise<CachePeer>> = { sallyport: startOurs };
    for (const [name, start] of Object.entries({ nginx: startNginxCache, varnish: startVarnish })) {
      const program = peerPrograms[name as keyof typeof peerPrograms];
      if (existsSync(program)) peers[name] = start;
      else context.diagnostic(`${name} is missing; test/system-packages.sh installs it`);
    }
    // One after another: what is late on a busy machine would count as wrong.
    const scores: Record<string, ReturnType<typeof score>> = {};
    for (const [name, start] of Object.entries(peers)) {
      const results = await judge(start);
      scores[name] = score(results.filter(({ one }) => !isOwn(one)));
      context.diagnostic(`${name.padEnd(10)} public suite: ${scoreText(scores[name])}`);
      const own = score(results.filter(({ one }) => isOwn(one)));
      context.diagnostic(`${name.padEnd(10)} our own:      ${scoreText(own)}`);
      if (name === 'sallyport') tellFailures(results, (line) => context.diagnostic(line));
    }
    for (const [name, { required, optimal }] of Object.entries(scores)) {
      const ours = scores['sallyport']!;
      assert.ok(ours.required[0] >= required[0] && ours.optimal[0] >= optimal[0], name);
    }
  },
);

/** Passed though it has a reason to fail, or the other way round. */
function isUnexpected({ one, verdict }: CaseResult): boolean {
  return (verdict === 'pass') === (failures[one.id] !== undefined);
}

function scoreText({ required, optimal, check }: ReturnType<typeof score>): string {
  return `required ${required.join('/')}, optimal ${optimal.join('/')}, check ${check.join('/')}`;
}

/** Names what did not pass. What has no reason is a fault of ours, and so is a reason that has become none. */
function tellFailures(results: readonly CaseResult[], tell: (line: string) => void): void {
  const missed = results.filter(({ verdict }) => verdict !== 'pass');
  for (const { one, detail } of missed)
    tell(`  not ${one.id} (${kindOf(one)}): ${failures[one.id] ?? detail}`);
  // What a check finds may hang on the moment; cache-tests.test.ts, whose time is moved by hand, has them all.
  const judged = results.filter(({ one }) => kindOf(one) !== 'check');
  const wrong = judged.filter(isUnexpected);
  assert.deepEqual(
    wrong.map(({ one, verdict, detail }) => `${one.id}: ${verdict} ${detail}`),
    [],
  );
}

// The answers of several processes as those of one edge.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TunnelConnector } from '#control/edge-view.ts';
import { emptyLook } from '#control/edge-view.ts';
import type { CachedResponse } from '#model/live/cached.ts';
import type { LiveEvent, TrafficSeries } from '#model/live/live.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { mergedEvents } from './merged-answers.ts';
import { mergedCacheStatus, mergedContents } from './merged-cache.ts';
import { mergedLook } from './merged-look.ts';
import { type AskPage, mergedRequests } from './merged-requests.ts';
import { mergedTraffic } from './merged-traffic.ts';
import { workerCount } from './worker-count.ts';

const connector = (change: Partial<TunnelConnector>): TunnelConnector => ({
  ...{ tunnelId: 't', instanceId: 'i', version: '1', arch: 'x', hostname: '', os: '', features: [] },
  ...{ address: '', startedAtMs: null, connectedAtMs: 5, isDraining: false, publicKey: '', connections: [] },
  ...{ rules: [], rulesVersion: 1, config: { version: 0, state: 'local', detail: '' } },
  ...change,
});

const connection = (index: number) => ({
  ...{ id: `c${index}`, index, transport: 'tls', address: '', connectedAtMs: 1, rttMs: 1 },
  ...{ openStreams: 0, isDraining: false },
});

describe('a look', () => {
  test('a connector is one, with the connections that each process has of it', () => {
    const own = {
      ...emptyLook,
      connectors: [connector({ connections: [connection(1)] })],
      tunnelTraffic: new Map([['t', { requests: 1, errors: 0, bytesIn: 2, bytesOut: 3 }]]),
      memory: { residentBytes: 10, heapBytes: 1 },
    };
    const other = {
      ...own,
      connectors: [
        connector({ connectedAtMs: 2, connections: [connection(0)], rulesVersion: 2 }),
        connector({ instanceId: 'other' }),
      ],
    };
    const look = mergedLook(own, [other]);
    assert.deepEqual(
      look.connectors.map(({ instanceId, connections }) => [instanceId, connections.map(({ id }) => id)]),
      [
        ['i', ['c0', 'c1']],
        ['other', []],
      ],
    );
    assert.deepEqual([look.connectors[0]!.connectedAtMs, look.connectors[0]!.rulesVersion], [2, 2]);
    assert.deepEqual(look.tunnelTraffic.get('t'), { requests: 2, errors: 0, bytesIn: 4, bytesOut: 6 });
    assert.equal(look.memory.residentBytes, 20);
  });

  test('a connector that has answered one process stands where that one says', () => {
    const at = (state: 'pending' | 'current') => connector({ config: { version: 3, state, detail: '' } });
    const look = mergedLook({ ...emptyLook, connectors: [at('pending')] }, [
      { ...emptyLook, connectors: [at('current')] },
    ]);
    assert.equal(look.connectors[0]!.config.state, 'current');
  });
});

describe('requests', () => {
  /** A process that has these, newest first, and cursors as the request log has them. */
  const keeping =
    (times: readonly number[]): AskPage =>
    ({ limit, cursor }) => {
      const from = cursor === undefined ? 0 : times.length - Number(cursor);
      const items = times.slice(from, from + limit).map((ms) => {
        const line: Partial<LoggedRequest> = { id: String(ms), time: new Date(ms).toISOString() };
        return line as LoggedRequest;
      });
      const end = from + items.length;
      const nextCursor = end < times.length ? String(times.length - end) : undefined;
      return Promise.resolve({ items, nextCursor, held: times.length });
    };

  test('pages go through all of them, newest first, each once', async () => {
    const all = [keeping([90, 70, 50, 30, 10]), keeping([80, 75]), keeping([])];
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await mergedRequests(all, { limit: 3, cursor });
      seen.push(...page.items.map(({ id }) => id));
      assert.equal(page.held, 7);
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < 10);
    assert.deepEqual(seen, ['90', '80', '75', '70', '50', '30', '10']);
  });

  test('a process that has ended leaves the others', async () => {
    const gone: AskPage = () => Promise.reject(new Error('it has ended'));
    const page = await mergedRequests([keeping([2, 1]), gone], { limit: 5, cursor: undefined });
    assert.deepEqual(
      page.items.map(({ id }) => id),
      ['2', '1'],
    );
  });
});

test('traffic: counts are added, percentiles are the mean by requests', () => {
  const point = (requests: number, p50Ms: number | null) => ({
    ...{ requests, clientErrors: 0, serverErrors: 1, bytesIn: 2, bytesOut: 3 },
    ...{ p50Ms, p95Ms: null, p99Ms: null },
  });
  const series = (fromMs: number, points: TrafficSeries['points']): TrafficSeries => ({
    ...{ stepMs: 1000, fromMs, points },
  });
  const sum = mergedTraffic([series(1_000, [point(1, 10), point(3, 10)]), series(2_000, [point(1, 50)])]);
  assert.deepEqual(
    sum.points.map(({ requests, serverErrors, p50Ms }) => [requests, serverErrors, p50Ms]),
    [
      [1, 1, 10],
      [4, 2, 20],
    ],
  );
});

test('events: what passed in a second is told once, for all', () => {
  const told: LiveEvent[] = [];
  const events = mergedEvents((event) => void told.push(event));
  const traffic = (requests: number): LiveEvent => {
    const count = { requests, errors: 0, bytesIn: 0, bytesOut: 0 };
    return { kind: 'traffic', atMs: 1, total: count, tunnels: { t: count } };
  };
  events.workers(traffic(2));
  events.workers({ kind: 'trouble', atMs: 1 });
  events.own(traffic(3));
  events.own(traffic(4));
  assert.deepEqual(
    told.map((event) =>
      event.kind === 'traffic' ? [event.total.requests, event.tunnels['t']?.requests] : event.kind,
    ),
    ['trouble', [5, 5], [4, 4]],
  );
});

describe('the cache', () => {
  const status = (hits: number, misses: number) => ({
    isOn: true,
    total: { requests: { HIT: hits, MISS: misses, BYPASS: 9 }, savedBytes: 5, hitRatio: 0 },
    hosts: [{ host: 'a', requests: { HIT: hits }, savedBytes: 5, hitRatio: 1 }],
    memory: { bytes: 1, limitBytes: 16, entries: 1, evictions: 0 },
    disk: null,
  });

  test('numbers are added up, and the ratio is that of the sums', () => {
    const sum = mergedCacheStatus([status(3, 0), status(0, 1)]);
    assert.deepEqual([sum.total.hitRatio, sum.total.savedBytes, sum.memory.limitBytes], [0.75, 10, 32]);
    assert.equal(sum.hosts.length, 1);
  });

  test('contents are one list in the order that was asked for', () => {
    const stored = (url: string, bytes: number) => ({ url, bytes }) as CachedResponse;
    const query = { offset: 1, limit: 2, host: undefined, search: undefined, sort: 'largest' } as const;
    const list = mergedContents(
      [
        { total: 2, items: [stored('a', 9), stored('b', 1)] },
        { total: 1, items: [stored('c', 5)] },
      ],
      query,
    );
    assert.deepEqual([list.total, list.items.map(({ url }) => url)], [3, ['c', 'b']]);
  });
});

test('`auto` is one for each core, as far as memory goes', () => {
  const gib = 1024 ** 3;
  assert.equal(workerCount('auto', { cores: 4, bytes: 8 * gib }), 4);
  assert.equal(workerCount('auto', { cores: 4, bytes: gib }), 2);
  assert.equal(workerCount('auto', { cores: 2, bytes: gib / 4 }), 1);
  assert.equal(workerCount('auto', { cores: 64, bytes: 512 * gib }), 8);
  assert.equal(workerCount(3, { cores: 1, bytes: gib }), 3);
});

// Counts by tunnel, route and hostname, and the events made of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { type LiveEvent, liveEventSchema } from '#model/live/live.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import type { Exchange } from '../exchange.ts';
import { LiveEvents } from './live-events.ts';
import { Traffic } from './traffic.ts';

const traffic = (): Traffic => new Traffic({ nowMs: () => 50_000, wallMs: () => 1_767_225_600_000 });
const route = (hostname: string, tunnelId = 't1', path = '/'): RouteEntry => ({ hostname, path, tunnelId });

/** An exchange as far as traffic looks at it. */
function exchange(entry: RouteEntry | undefined, status = 200, host = entry?.hostname ?? 'x'): Exchange {
  const request = { startedMs: 49_000, host };
  const counted = { countedIn: 0, countedOut: 0 };
  return {
    route: entry,
    request,
    status,
    bytesIn: 1,
    bytesOut: 10,
    firstByteMs: 49_500,
    ...counted,
  } as Exchange;
}

test('a request counts for its route, its tunnel and the whole; an error is a status from 500 on', () => {
  const counts = traffic();
  const [blog, shop] = [route('blog.test'), route('shop.test', 't1', '/cart')];
  for (const status of [200, 404, 502]) counts.finished(exchange(blog, status), 50_000);
  counts.finished(exchange(shop), 50_000);
  counts.finished(exchange(undefined, 404), 50_000);
  counts.answered(308);
  assert.deepEqual(counts.routeCount(blog), { requests: 3, errors: 1, bytesIn: 3, bytesOut: 30 });
  assert.deepEqual(counts.routeCount(shop), { requests: 1, errors: 0, bytesIn: 1, bytesOut: 10 });
  assert.deepEqual(counts.tunnelCount('t1'), { requests: 4, errors: 1, bytesIn: 4, bytesOut: 40 });
  assert.deepEqual(counts.tunnelCount('nobody'), { requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 });
  assert.equal(counts.total.requests, 6);
});

test('counts outlive the snapshot they began under', () => {
  const counts = traffic();
  counts.finished(exchange(route('blog.test')), 50_000);
  counts.finished(exchange(route('blog.test')), 50_000);
  assert.equal(counts.routeCount({ hostname: 'blog.test', path: '/' }).requests, 2);
  counts.apply(new Set(), []);
  assert.equal(counts.tunnelCount('t1').requests, 0, 'a tunnel that is gone is forgotten');
});

test('a long transfer counts while it runs, each byte once', () => {
  const counts = traffic();
  const long = exchange(route('blog.test'));
  for (const bytesOut of [100, 1_000, 1_000, 5_000]) {
    long.bytesOut = bytesOut;
    counts.progressed(long, 50_000);
    assert.equal(counts.total.bytesOut, bytesOut);
    assert.equal(counts.total.requests, 0);
  }
  counts.finished(long, 50_000);
  assert.deepEqual(counts.total, { requests: 1, errors: 0, bytesIn: 1, bytesOut: 5_000 });
});

test('hostnames under a wildcard are counted apart, up to a limit', () => {
  const counts = traffic();
  const any = route('*.test');
  for (let i = 0; i < 1_000; i++) counts.finished(exchange(any, 200, `h${i}.test`), 50_000);
  counts.finished(exchange(any, 200, 'h1.test'), 50_000);
  const hosts = counts.hostCounts(any);
  assert.equal(hosts.get('h1.test')!.requests, 2);
  assert.equal(hosts.get('*')!.requests, 500);
  assert.ok(hosts.size <= 501);
  assert.equal(counts.routeCount(any).requests, 1_001);
  assert.equal(counts.hostCounts(route('blog.test')).size, 0);
});

test("the edge's own pages are counted for themselves only", () => {
  const counts = traffic();
  counts.finished(exchange(route('dash.test', dashboardTunnelId)), 50_000);
  assert.equal(counts.total.requests, 0);
  assert.equal(counts.tunnelCount(dashboardTunnelId).requests, 1);
});

test('a hundred thousand routes that came and went do not stay', () => {
  const counts = traffic();
  for (let i = 0; i < 100_000; i++) counts.finished(exchange(route(`h${i}.test`)), 50_000);
  counts.apply(new Set(['t1']), [route('h99999.test')]);
  assert.equal(counts.routeCount(route('h99999.test')).requests, 1);
  assert.equal(counts.tunnelCount('t1').requests, 100_000);
});

test('listeners are told each second what passed in it, by tunnel, and nothing is told to nobody', () => {
  const counts = traffic();
  const events = new LiveEvents({ wallMs: () => 1_000, log: silentLog, traffic: counts });
  counts.finished(exchange(route('before.test')), 50_000);
  events.tick();
  const seen: LiveEvent[] = [];
  const stop = events.listen((event) => void seen.push(liveEventSchema.parse(event)));
  counts.finished(exchange(route('a.test', 't1'), 502), 50_000);
  counts.finished(exchange(route('dash.test', dashboardTunnelId)), 50_000);
  events.tick();
  events.tick();
  stop();
  counts.finished(exchange(route('a.test', 't2')), 50_000);
  events.tick();
  const one = { requests: 1, errors: 1, bytesIn: 1, bytesOut: 10 };
  const none = { requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 };
  assert.deepEqual(seen, [
    { kind: 'traffic', atMs: 1_000, total: one, tunnels: { t1: one } },
    { kind: 'traffic', atMs: 1_000, total: none, tunnels: {} },
  ]);
});

test('a listener that throws does not keep the others from hearing', () => {
  const events = new LiveEvents({ wallMs: () => 1_000, log: silentLog, traffic: traffic() });
  let heard = 0;
  events.listen(() => {
    throw new Error('broken');
  });
  events.listen(() => (heard += 1));
  events.emit({ kind: 'trouble', atMs: 1 });
  assert.equal(heard, 1);
});

// The last requests in memory: order, pages, filters, limits, and the live tail; fed with lines as the access log makes them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '#base/log.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { type LoggedRequest, loggedRequestSchema, type RequestFilter } from '#model/live/logged-request.ts';
import { lineMatcher, parseLine } from './logged-line.ts';
import { RequestLog, tailLinesPerSecond } from './request-log.ts';

interface World {
  readonly log: RequestLog;
  nowMs: number;
  flushes: number;
}

function world(capacity = 5_000): World {
  const all = { nowMs: 1_000, flushes: 0 };
  const log = new RequestLog({
    capacity,
    nowMs: () => all.nowMs,
    log: silentLog,
    flush: () => (all.flushes += 1),
  });
  return Object.assign(all, { log });
}

function line(id: string, fields: object = {}): string {
  const common = { time: '2026-11-21T07:05:09.042Z', id, client: '9.9.9.9', method: 'GET', host: 'a.test' };
  const rest = { path: '/', protocol: 'HTTP/2', status: 200, bytesIn: 0, bytesOut: 1, ms: 2 };
  return `${JSON.stringify({ ...common, ...rest, ...fields })}\n`;
}

const keep = (log: RequestLog, ...lines: string[]): void =>
  log.keep(Buffer.from(lines.join('')), lines.length);
const ids = (items: readonly LoggedRequest[]): string[] => items.map(({ id }) => id);

describe('recent requests', () => {
  test('stay what they were, though the memory of those that are gone and of whoever wrote them is used again', () => {
    const { log } = world(4);
    const written = Buffer.alloc(4096);
    for (let i = 0; i < 40; i++) {
      const text = line(`a${i}`) + line(`b${i}`, i % 2 === 0 ? {} : { path: '/longer' });
      log.keep(written.subarray(0, written.write(text)), 2);
      const newest = [`b${i}`, `a${i}`, ...(i === 0 ? [] : [`b${i - 1}`, `a${i - 1}`])];
      assert.deepEqual(ids(log.list({}, { limit: 10 }).items), newest);
    }
  });

  test('are listed newest first, page by page, also while more come', () => {
    const { log } = world();
    keep(log, line('1'), line('2'), line('3'));
    keep(log, line('4'));
    keep(log, line('5'), line('6'));
    const first = log.list({}, { limit: 4 });
    assert.deepEqual(ids(first.items), ['6', '5', '4', '3']);
    assert.equal(first.held, 6);
    keep(log, line('7'));
    const second = log.list({}, { limit: 4, cursor: first.nextCursor });
    assert.deepEqual(ids(second.items), ['2', '1']);
    assert.equal(second.nextCursor, undefined);
  });

  test('a page that ends with the last match has no next one', () => {
    const { log } = world();
    keep(log, line('1'), line('2'));
    assert.equal(log.list({}, { limit: 2 }).nextCursor, undefined);
    assert.deepEqual(log.list({}, { limit: 2, cursor: 'no such cursor!' }).items.length, 2);
  });

  test('are found by id, and what the access log has still gathered is asked for first', () => {
    const all = world();
    keep(all.log, line('abc'), line('abcd'));
    assert.equal(all.log.find('abc')!.id, 'abc');
    assert.equal(all.log.find('ab'), undefined);
    assert.equal(all.flushes, 2);
  });

  test('are kept up to a number, and no longer when it is made smaller', () => {
    const { log } = world(10);
    for (let i = 0; i < 100; i++) keep(log, line(`${i}`));
    assert.deepEqual(ids(log.list({}, { limit: 50 }).items), [
      '99',
      '98',
      '97',
      '96',
      '95',
      '94',
      '93',
      '92',
      '91',
      '90',
    ]);
    log.resize(3);
    assert.equal(log.list({}, { limit: 50 }).held, 3);
    log.resize(0);
    keep(log, line('more'));
    assert.equal(log.list({}, { limit: 50 }).held, 0);
  });

  test('are kept up to a size, too', () => {
    const { log } = world(1_000_000);
    const long = line('long', { path: `/${'x'.repeat(100_000)}` });
    for (let i = 0; i < 400; i++) keep(log, long);
    assert.ok(log.list({}, { limit: 1 }).held < 200);
  });

  test('any lines in any batches come back in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (sizes, limit) => {
        const { log } = world(1_000_000);
        let count = 0;
        for (const size of sizes) {
          if (size > 0) keep(log, ...Array.from({ length: size }, () => line(`${count++}`)));
        }
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = log.list({}, { limit, cursor });
          seen.push(...ids(page.items));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        assert.deepEqual(
          seen,
          Array.from({ length: count }, (_, i) => `${count - 1 - i}`),
        );
      }),
    );
  });
});

describe('a filter', () => {
  const lines = [
    line('get', { tunnel: 't1', userAgent: 'curl/8' }),
    line('post', { method: 'POST', host: 'b.a.test', path: '/admin/users', status: 503, error: 'draining' }),
    line('other', { host: 'ba.test', client: '2001:db8::1', status: 404, path: '/administrator' }),
    line('quoted', { path: '/"odd"', status: 204 }),
    '{"time":"x","id":"refused","client":"9.9.9.9","status":400}\n',
  ];
  const cases: readonly [RequestFilter, readonly string[]][] = [
    [{}, ['refused', 'quoted', 'other', 'post', 'get']],
    [{ host: 'A.test' }, ['quoted', 'get']],
    [{ host: '*.a.test' }, ['post']],
    [{ status: '404' }, ['other']],
    [{ status: '400' }, ['refused']],
    [{ status: '5xx' }, ['post']],
    [{ status: '2xx' }, ['quoted', 'get']],
    [{ tunnel: 't1' }, ['get']],
    [{ method: 'post' }, ['post']],
    [{ path: '/admin/' }, ['post']],
    [{ path: '/"' }, ['quoted']],
    [{ client: '2001:db8::1' }, ['other']],
    [{ search: 'CURL' }, ['get']],
    [{ search: 'draining', status: '5xx', host: 'b.a.test' }, ['post']],
    [{ search: 'draining', status: '4xx' }, []],
  ];
  for (const [filter, wanted] of cases) {
    test(`${JSON.stringify(filter)} takes ${wanted.join(', ') || 'nothing'}`, () => {
      const { log } = world();
      keep(log, ...lines);
      assert.deepEqual(ids(log.list(filter, { limit: 10 }).items), wanted);
    });
  }

  test("leaves the edge's own pages out unless it names them", () => {
    const { log } = world();
    keep(log, line('own', { tunnel: dashboardTunnelId, host: 'dash.test' }), line('site'));
    assert.deepEqual(ids(log.list({}, { limit: 9 }).items), ['site']);
    assert.deepEqual(ids(log.list({ search: 'dash' }, { limit: 9 }).items), []);
    assert.deepEqual(ids(log.list({ host: 'dash.test' }, { limit: 9 }).items), ['own']);
    assert.deepEqual(ids(log.list({ tunnel: dashboardTunnelId }, { limit: 9 }).items), ['own']);
  });

  test('never takes a line for what another field of it says', () => {
    const match = lineMatcher({ method: 'DELETE' });
    assert.equal(match(line('x', { detail: '"method":"DELETE"' }).trim()), undefined);
  });
});

describe('a line', () => {
  test('is read with nulls for what it does not say', () => {
    const request = parseLine(line('1', { routedMs: 0.1, openMs: 1, sentMs: 1.5, firstByteMs: 3, rule: 0 }))!;
    loggedRequestSchema.strict().parse(request);
    assert.equal(request.rule, 0);
    assert.equal(request.attempts, 1);
    assert.equal(request.cache, null);
    loggedRequestSchema.strict().parse(parseLine('{"id":"refused","status":400}'));
  });

  test('that is none of ours is left out', () => {
    assert.equal(parseLine('half a li'), undefined);
  });
});

describe('a live tail', () => {
  test('is told of each line that matches, until it leaves', () => {
    const { log } = world();
    assert.equal(log.isWatched, false);
    const seen: string[] = [];
    const stop = log.subscribe({ status: '5xx' }, ({ id }) => seen.push(id));
    assert.equal(log.isWatched, true);
    log.show(line('1'));
    log.show(line('2', { status: 500 }));
    stop();
    log.show(line('3', { status: 500 }));
    assert.deepEqual(seen, ['2']);
    assert.equal(log.isWatched, false);
  });

  test('is shown so many lines a second and no more; the rest stand in the list', () => {
    const all = world();
    let seen = 0;
    all.log.subscribe({}, () => (seen += 1));
    for (let i = 0; i < tailLinesPerSecond * 3; i++) all.log.show(line(`${i}`));
    assert.equal(seen, tailLinesPerSecond);
    all.nowMs += 1_000;
    all.log.show(line('next'));
    assert.equal(seen, tailLinesPerSecond + 1);
  });

  test('that throws does not keep the others from seeing', () => {
    const { log } = world();
    const seen: string[] = [];
    log.subscribe({}, () => {
      throw new Error('broken');
    });
    log.subscribe({}, ({ id }) => seen.push(id));
    log.show(line('1'));
    assert.deepEqual(seen, ['1']);
  });
});

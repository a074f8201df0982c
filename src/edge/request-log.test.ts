import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import type { LoggedRequest } from '#model/logged-request.ts';
import { RequestLog } from './request-log.ts';

const line = (values: Partial<LoggedRequest>): string =>
  `${JSON.stringify({ id: 'x', host: 'a.example.com', path: '/', method: 'GET', status: 200, client: '192.0.2.1', ...values })}\n`;
const all = { limit: 100, cursor: undefined };
const ids = (items: readonly LoggedRequest[]): string => items.map(({ id }) => id).join('');

test('requests are listed newest first, page by page, across batches', () => {
  const log = new RequestLog(100);
  log.add(line({ id: 'a' }) + line({ id: 'b' }));
  log.add(line({ id: 'c' }));
  log.add(line({ id: 'd' }) + line({ id: 'e' }));
  const first = log.list({}, { limit: 2, cursor: undefined });
  assert.equal(ids(first.items), 'ed');
  const second = log.list({}, { limit: 2, cursor: first.nextCursor });
  assert.equal(ids(second.items), 'cb');
  const third = log.list({}, { limit: 2, cursor: second.nextCursor });
  assert.equal(ids(third.items), 'a');
  assert.equal(third.nextCursor, undefined);
  assert.equal(third.held, 5);
});

test('a page is not moved by what comes after it', () => {
  const log = new RequestLog(100);
  log.add(line({ id: 'a' }) + line({ id: 'b' }));
  const { nextCursor } = log.list({}, { limit: 1, cursor: undefined });
  log.add(line({ id: 'c' }));
  assert.equal(ids(log.list({}, { limit: 1, cursor: nextCursor }).items), 'a');
});

test('no more is kept than was asked for, and a batch', () => {
  const log = new RequestLog(10);
  for (let i = 0; i < 1_000; i++) log.add(line({ id: `n${i}` }) + line({ id: `m${i}` }));
  const { items, held } = log.list({}, { limit: 500, cursor: undefined });
  assert.ok(held >= 10 && held <= 12);
  assert.equal(items.length, held);
  assert.equal(items[0]!.id, 'm999');
});

test('every filter that is given must hold', () => {
  const log = new RequestLog(100);
  log.add(line({ id: 'a', host: 'www.example.com', status: 404, path: '/blog/x', tunnel: 't1' }));
  log.add(line({ id: 'b', host: 'www.example.com', status: 503, method: 'POST', client: '2001:db8::1' }));
  log.add(line({ id: 'c', host: 'example.com', detail: 'Origin closed' }));
  for (const [filter, expected] of [
    [{ host: 'www.example.com' }, 'ba'],
    [{ host: '*.example.com' }, 'ba'],
    [{ status: '4xx' }, 'a'],
    [{ status: '503' }, 'b'],
    [{ status: '5xx', method: 'post' }, 'b'],
    [{ path: '/blog/' }, 'a'],
    [{ client: '2001:db8::1' }, 'b'],
    [{ tunnel: 't1' }, 'a'],
    [{ search: 'ORIGIN' }, 'c'],
    [{ host: 'www.example.com', status: '200' }, ''],
  ] as const) {
    assert.equal(ids(log.list(filter, all).items), expected, JSON.stringify(filter));
  }
});

test("the edge's own pages are not in the list", () => {
  const log = new RequestLog(100);
  log.add(line({ id: 'a', tunnel: dashboardTunnelId }) + line({ id: 'b' }));
  assert.equal(ids(log.list({}, all).items), 'b');
});

test('subscribers hear of what passes their filter, until they leave', () => {
  const log = new RequestLog(100);
  const heard: string[] = [];
  const leave = log.subscribe({ status: '5xx' }, ({ id }) => heard.push(id));
  log.add(line({ id: 'a' }) + line({ id: 'b', status: 502 }));
  leave();
  log.add(line({ id: 'c', status: 502 }));
  assert.deepEqual(heard, ['b']);
  assert.equal(log.isWatched, false);
});

test('a request is found by its id, as long as it is kept', () => {
  const log = new RequestLog(2);
  log.add(line({ id: 'a' }));
  log.add(line({ id: 'b', detail: 'mentions "id":"a"' }));
  assert.equal(log.find('a')?.id, 'a');
  log.add(line({ id: 'c' }));
  log.add(line({ id: 'd' }));
  assert.equal(log.find('a'), undefined);
  assert.equal(log.find('d')?.openMs, null, 'what the line lacks is null');
});

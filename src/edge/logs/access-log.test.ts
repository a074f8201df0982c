import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { AccessLog } from './access-log.ts';
import type { Exchange } from '../exchange.ts';

function exchange(change: object = {}, request: object = {}): Exchange {
  return {
    request: {
      method: 'GET',
      host: 'a.test',
      path: '/',
      httpVersion: '2',
      requestId: 'r1',
      startedMs: 1000,
      fields: new ListFields(['User-Agent', 'curl "8"']),
      ...request,
    },
    clientAddress: '9.9.9.9',
    status: 200,
    bytesIn: 1,
    bytesOut: 2,
    routedMs: 0,
    openedMs: 0,
    sentMs: 0,
    firstByteMs: 0,
    attempts: 1,
    ...change,
  } as unknown as Exchange;
}

function logTo(lines: string[]): AccessLog {
  return new AccessLog({
    write: (bytes) => void lines.push(bytes.toString()),
    wallMs: () => Date.UTC(2026, 10, 21, 7, 5, 9, 42),
  });
}

describe('the access log', () => {
  test('writes one JSON object per request, with what is known', () => {
    const lines: string[] = [];
    const log = logTo(lines);
    log.add(exchange(), 1012.3456);
    log.add(
      exchange({
        routedMs: 1000.25,
        openedMs: 1001,
        sentMs: 1001.5,
        firstByteMs: 1002.5,
        attempts: 2,
        status: 502,
        failure: failure('origin-closed', 'said "no"\r\n\0'),
      }),
      1003,
    );
    log.flush();
    assert.equal(lines.length, 1, 'in one batch');
    const [first, second] = lines[0]!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    assert.deepEqual(first, {
      time: '2026-11-21T07:05:09.042Z',
      id: 'r1',
      client: '9.9.9.9',
      method: 'GET',
      host: 'a.test',
      path: '/',
      protocol: 'HTTP/2',
      status: 200,
      bytesIn: 1,
      bytesOut: 2,
      ms: 12.346,
      userAgent: 'curl "8"',
    });
    const { routedMs, openMs, sentMs, firstByteMs, attempts, error, detail } = second as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [routedMs, openMs, sentMs, firstByteMs, attempts, error, detail],
      [0.25, 1, 1.5, 2.5, 2, 'origin-closed', 'said "no"\r\n\0'],
    );
  });

  test('stays JSON whatever the path', () => {
    const lines: string[] = [];
    const log = logTo(lines);
    for (const path of ['/"', '/%22', "/a'b", '/{}', '/%C3%A9']) log.add(exchange({}, { path }), 1001);
    log.flush();
    const paths = lines[0]!
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { path: string }).path);
    assert.deepEqual(paths, ['/"', '/%22', "/a'b", '/{}', '/%C3%A9']);
  });

  test('names the client’s program as JSON, cut to a length, and never the query', () => {
    const lines: string[] = [];
    const log = logTo(lines);
    const agents = ['curl/8.5', 'a "quoted" \\ one', '\u00e9\u00ff', 'x'.repeat(1_000)];
    for (const agent of agents) {
      log.add(exchange({}, { fields: new ListFields(['User-Agent', agent]), query: '?token=secret' }), 1001);
    }
    log.flush();
    const logged = lines[0]!
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { userAgent: string }).userAgent);
    assert.deepEqual(logged, [...agents.slice(0, 3), 'x'.repeat(200)]);
    assert.ok(!lines[0]!.includes('secret'));
  });

  test('shows lines to whoever watches, and hands batches to be kept, lost or not', () => {
    const shown: string[] = [];
    const kept: [string, number][] = [];
    const recent = {
      isWatched: true,
      show: (line: string) => void shown.push(line),
      keep: (lines: Buffer, count: number) => void kept.push([lines.toString(), count]),
    };
    const log = new AccessLog({
      write() {
        throw new Error('ENOSPC');
      },
      wallMs: () => 0,
      recent,
    });
    log.add(exchange(), 1001);
    recent.isWatched = false;
    log.addOwn({ id: 'r2', client: '9.9.9.9', status: 308, request: undefined });
    log.flush();
    assert.equal(shown.length, 1);
    assert.equal(kept.length, 1);
    assert.equal(kept[0]![1], 2);
    assert.ok(kept[0]![0].startsWith(shown[0]!));
  });

  test('drops and counts what its sink does not take, at once or later, and goes on', () => {
    const lines: string[] = [];
    let mood: 'throws' | 'loses' | 'takes' = 'throws';
    const log = new AccessLog({
      write: (bytes, onLost) => {
        if (mood === 'throws') throw new Error('ENOSPC');
        if (mood === 'loses') onLost();
        else lines.push(bytes.toString());
      },
      wallMs: () => 0,
    });
    log.add(exchange(), 1001);
    log.add(exchange(), 1001);
    log.flush();
    assert.equal(log.dropped, 2);
    mood = 'loses';
    log.add(exchange(), 1001);
    log.flush();
    assert.equal(log.dropped, 3);
    mood = 'takes';
    log.add(exchange(), 1001);
    log.flush();
    log.flush();
    assert.equal(log.dropped, 3);
    assert.equal(lines.length, 1);
  });

  test('hands on by itself when much has been gathered', () => {
    const lines: string[] = [];
    const log = logTo(lines);
    for (let i = 0; i < 1000; i++) log.add(exchange(), 1001);
    assert.ok(lines.length > 0);
    log.flush();
    assert.equal(lines.join('').trimEnd().split('\n').length, 1000);
  });
});

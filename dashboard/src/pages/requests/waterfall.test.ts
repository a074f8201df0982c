// A request's time is told hop by hop, without gaps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { failedHop, spansOf } from './waterfall.ts';

const request = {
  ...{ ms: 100, routedMs: 2, openMs: 20, sentMs: null, firstByteMs: 70 },
  ...{ bytesIn: 7, bytesOut: 5, error: null },
} as LoggedRequest;

test('spans lie end to end from the first byte to the last', () => {
  const cases: [Partial<LoggedRequest>, string[]][] = [
    [{}, ['edge', 'connector', 'origin', 'answer']],
    [{ openMs: null }, ['edge', 'origin', 'answer']],
    [{ routedMs: null }, ['connector', 'origin', 'answer']],
    [{ sentMs: 40 }, ['edge', 'connector', 'upload', 'origin', 'answer']],
    [{ sentMs: 90 }, ['edge', 'connector', 'origin', 'answer']],
    [{ openMs: null, firstByteMs: null }, ['edge']],
    [{ firstByteMs: null, error: 'origin-refused' }, ['edge', 'connector', 'edge']],
    [{ openMs: 80, firstByteMs: 79.9 }, ['edge', 'connector', 'origin', 'answer']],
    [{ firstByteMs: 100.2 }, ['edge', 'connector', 'origin', 'answer']],
  ];
  for (const [changes, hops] of cases) {
    const spans = spansOf({ ...request, ...changes });
    assert.deepEqual(
      spans.map(({ hop }) => hop),
      hops,
    );
    assert.equal(spans[0]!.fromMs, 0);
    assert.equal(spans.at(-1)!.toMs, 100);
    for (const [i, span] of spans.entries()) {
      assert.equal(span.toMs >= span.fromMs, true);
      if (i > 0) assert.equal(span.fromMs, spans[i - 1]!.toMs);
    }
  }
});

test('a failure names its hop (S0-39)', () => {
  assert.equal(failedHop(null), undefined);
  assert.equal(failedHop('origin-refused'), 'between the connector and the origin');
  assert.equal(failedHop('connector-lost'), 'between the edge and the connector');
  assert.equal(failedHop('no-such-host'), 'at the edge');
});

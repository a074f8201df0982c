// Server-sent events in whole and in pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamReader, readEvents } from './event-stream.ts';

const text = ': hello\n\nevent: traffic\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: empty\n\n';
const expected = [
  { event: 'traffic', data: '{"a":1}' },
  { event: 'message', data: 'one\ntwo' },
];

test('events are read whatever pieces they come in', () => {
  for (let size = 1; size <= text.length; size++) {
    const reader = new EventStreamReader();
    const events = [];
    for (let i = 0; i < text.length; i += size) events.push(...reader.push(text.slice(i, i + size)));
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test('an event without an end is refused instead of kept for ever', () => {
  const reader = new EventStreamReader();
  assert.throws(() => reader.push(`data: ${'x'.repeat(1_000_001)}`), /broken/);
});

test('an answer is read to its end, and every piece is a sign of life', async () => {
  const seen: string[] = [];
  let signs = 0;
  await readEvents(
    new Response(text),
    ({ event }) => seen.push(event),
    () => signs++,
  );
  assert.deepEqual(seen, ['traffic', 'message']);
  assert.equal(signs > 0, true);
});

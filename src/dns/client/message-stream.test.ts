import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { framed, MessageStream } from './message-stream.ts';

test('messages come out whole, however the bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (list, cuts) => {
      const bytes = Buffer.concat(list.map(framed));
      const stream = new MessageStream();
      const out: Buffer[] = [];
      for (let at = 0, i = 0; at < bytes.length; at += cuts[i++ % cuts.length]!) {
        out.push(...stream.push(bytes.subarray(at, at + cuts[i % cuts.length]!)));
      }
      assert.deepEqual(
        out,
        list.map((one) => Buffer.from(one)),
      );
      assert.equal(stream.pendingBytes, 0);
    }),
  );
});

test('a message of the largest size comes out byte by byte', () => {
  const message = Buffer.alloc(65_535, 7);
  const stream = new MessageStream();
  const out: Buffer[] = [];
  for (const byte of framed(message)) out.push(...stream.push(Buffer.of(byte)));
  assert.deepEqual(out, [message]);
});

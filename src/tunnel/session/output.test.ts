import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, frameTypes } from '#wire/tunnel-frame.ts';
import { chunkBytes, Output } from './output.ts';

const { DATA, CREDIT, FIN } = frameTypes;

test('frames come out in order, gathered, and split over chunks where they must be', () => {
  const { output, taken } = watched();
  const frames = Array.from({ length: 9 }, (_, i) => encodeFrame(DATA, 2 * i + 1, Buffer.alloc(20_001, i)));
  frames.forEach((frame, i) => {
    const payload = Buffer.concat([Buffer.from('xx'), frame.subarray(8), Buffer.from('yy')]);
    output.append(DATA, 2 * i + 1, payload, 2, payload.length - 2);
  });
  output.appendUint32(CREDIT, 1, 0x0102_0304);
  output.appendHeader(FIN, 1, 0);
  const expected = Buffer.concat([
    ...frames,
    encodeFrame(CREDIT, 1, Buffer.from([1, 2, 3, 4])),
    encodeFrame(FIN, 1, Buffer.alloc(0)),
  ]);
  assert.equal(output.waitingBytes, expected.length);
  const chunks = taken();
  assert.deepEqual(Buffer.concat(chunks), expected);
  assert.ok(
    chunks.slice(0, -1).every((chunk) => chunk.length > chunkBytes - 12),
    'chunks are filled',
  );
  assert.equal(output.waitingBytes, 0);
});

test('a flush is asked for once until it begins', () => {
  const { output, wanted } = watched();
  output.appendHeader(FIN, 1, 0);
  output.appendHeader(FIN, 3, 0);
  assert.equal(wanted(), 1);
  output.beginFlush();
  output.want();
  output.want();
  assert.equal(wanted(), 2);
});

test('chunks that the transport is done with are used again', () => {
  const { output } = watched();
  const seen = new Set<Buffer>();
  for (let i = 0; i < 100; i++) {
    output.appendHeader(FIN, 1, 0);
    const chunk = output.take()!;
    seen.add(chunk.memory);
    chunk.done();
  }
  assert.ok(seen.size <= 2);
});

function watched(): { output: Output; taken: () => Buffer[]; wanted: () => number } {
  let wanted = 0;
  const output = new Output({ onWanted: () => void (wanted += 1), onDone() {} });
  return {
    output,
    wanted: () => wanted,
    taken() {
      const copies: Buffer[] = [];
      for (let chunk = output.take(); chunk; chunk = output.take()) {
        copies.push(Buffer.from(chunk.memory.subarray(0, chunk.usedBytes)));
        chunk.done();
      }
      return copies;
    },
  };
}

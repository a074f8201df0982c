import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { encodeFrame, frameTypes, maxPayloadBytes } from './tunnel-frame.ts';
import { FrameReader, type FrameSink } from './tunnel-frame-reader.ts';

/** What a reader saw, DATA joined per run of one stream. */
type Seen = readonly [type: number, streamId: number, hex: string][];

const { PING, OPEN, DATA, FIN, CREDIT, RESET } = frameTypes;

const frames: readonly Buffer[] = [
  encodeFrame(PING, 0, Buffer.alloc(8, 1)),
  encodeFrame(OPEN, 1, Buffer.from('0102030405060708090a', 'hex')),
  encodeFrame(DATA, 1, Buffer.from('some bytes')),
  encodeFrame(DATA, 3, Buffer.alloc(0)),
  encodeFrame(CREDIT, 1, Buffer.from([0, 0, 1, 0])),
  encodeFrame(0x80, 0, Buffer.from('an extension')),
  encodeFrame(DATA, 0xffff_ffff, Buffer.alloc(20, 7)),
  encodeFrame(FIN, 1, Buffer.alloc(0)),
];

const whole = Buffer.concat(frames);
const expected: Seen = [
  [PING, 0, '01'.repeat(8)],
  [OPEN, 1, '0102030405060708090a'],
  [DATA, 1, Buffer.from('some bytes').toString('hex')],
  [CREDIT, 1, '00000100'],
  [0x80, 0, Buffer.from('an extension').toString('hex')],
  [DATA, 0xffff_ffff, '07'.repeat(20)],
  [FIN, 1, ''],
];

test('frames in one chunk are read in order', () => {
  assert.deepEqual(readChunks([whole]), expected);
});

test('frames split at any point are read alike', () => {
  for (let at = 0; at <= whole.length; at++) {
    assert.deepEqual(readChunks([whole.subarray(0, at), whole.subarray(at)]), expected, `split at ${at}`);
  }
});

test('frames split at any set of points are read alike', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 60 }), (points) => {
      const cuts = [0, ...points.toSorted((a, b) => a - b), whole.length];
      const chunks = cuts.slice(1).map((end, i) => whole.subarray(cuts[i], end));
      assert.deepEqual(readChunks(chunks), expected);
    }),
  );
});

test('the part of a DATA frame that has come is passed on at once, without a copy', () => {
  const pieces: Buffer[] = [];
  const reader = new FrameReader(sink({ onData: (_id, bytes) => void pieces.push(bytes) }));
  const frame = encodeFrame(DATA, 5, Buffer.from('abcdef'));
  const first = frame.subarray(0, 10);
  reader.read(first);
  assert.equal(pieces[0]!.toString(), 'ab');
  assert.equal(pieces[0]!.buffer, first.buffer);
  reader.read(frame.subarray(10));
  assert.equal(Buffer.concat(pieces).toString(), 'abcdef');
});

test('the longest payload passes, one byte more is refused at its header', () => {
  assert.equal(readChunks([encodeFrame(RESET, 1, Buffer.alloc(maxPayloadBytes))]).length, 1);
  const header = encodeFrame(RESET, 1, Buffer.alloc(maxPayloadBytes + 1)).subarray(0, 8);
  assert.throws(() => readChunks([header]), /more than 65536/);
});

test('unknown types below 0x80 and misplaced stream ids are refused', () => {
  for (const [type, streamId] of [
    [0x00, 0],
    [0x0b, 0],
    [0x16, 1],
    [0x7f, 1],
    [DATA, 0],
    [PING, 1],
  ] as const) {
    const frame = encodeFrame(type, streamId, Buffer.alloc(0));
    assert.throws(() => readChunks([frame]), isProtocolViolation, `type ${type} stream ${streamId}`);
  }
});

test('a sink that stops reading is handed nothing more of the chunk', () => {
  let count = 0;
  const stopping = sink({ onControl: () => void (count += 1) });
  Object.defineProperty(stopping, 'isReading', { get: () => count === 0 });
  new FrameReader(stopping).read(whole);
  assert.equal(count, 1);
});

test('random bytes fail only with the decoder’s own error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
      try {
        readChunks(chunks.map((chunk) => Buffer.from(chunk)));
      } catch (error) {
        assert.ok(isProtocolViolation(error));
      }
    }),
    { numRuns: 1000 },
  );
});

function readChunks(chunks: readonly Buffer[]): Seen {
  const seen: [number, number, string][] = [];
  const reader = new FrameReader(
    sink({
      onControl: (type, streamId, payload) => {
        // An empty DATA frame carries nothing, and is not passed on at all.
        seen.push([type, streamId, payload.toString('hex')]);
      },
      onData: (streamId, bytes) => {
        const last = seen.at(-1);
        if (last?.[0] === DATA && last[1] === streamId) last[2] += bytes.toString('hex');
        else seen.push([DATA, streamId, bytes.toString('hex')]);
      },
    }),
  );
  for (const chunk of chunks) reader.read(chunk);
  return seen;
}

function sink(parts: Partial<FrameSink>): FrameSink {
  return { onControl() {}, onData() {}, isReading: true, ...parts };
}

function isProtocolViolation(error: unknown): boolean {
  return isSallyportError(error, 'protocol-violation');
}

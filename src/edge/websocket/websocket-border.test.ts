// Frames of every length form, in pieces of every size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goingAway, WebSocketBorder } from './websocket-border.ts';

function frame(opcode: number, payloadBytes: number): Buffer {
  const head =
    payloadBytes < 126
      ? Buffer.from([0x80 | opcode, payloadBytes])
      : payloadBytes < 65_536
        ? Buffer.from([0x80 | opcode, 126, payloadBytes >> 8, payloadBytes & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), uint32(payloadBytes)]);
  // Payload that looks like headers.
  return Buffer.concat([head, Buffer.alloc(payloadBytes, 0x88)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

test('a border is where a frame ends and nowhere else, however the bytes are cut', () => {
  const frames = [frame(1, 0), frame(2, 125), frame(0, 126), frame(1, 300), frame(9, 5), frame(2, 70_000)];
  const bytes = Buffer.concat(frames);
  const borders = new Set<number>([0]);
  let end = 0;
  for (const one of frames) borders.add((end += one.length));
  for (const size of [1, 2, 3, 7, 1000]) {
    const border = new WebSocketBorder();
    for (let at = 0; at < bytes.length; at += size) {
      assert.equal(border.maySpeak, borders.has(at), `at ${at} in pieces of ${size}`);
      border.pass(bytes.subarray(at, at + size));
    }
    assert.equal(border.maySpeak, true);
  }
});

test('after a Close frame there is nothing more to say', () => {
  const border = new WebSocketBorder();
  border.pass(frame(1, 3));
  border.pass(goingAway);
  assert.equal(border.maySpeak, false);
});

// Two sessions against each other over the memory network, under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { memoryLink } from '#testkit/memory-network.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { plainOpenRequest, tunnelPair } from '#testkit/tunnel-pair.ts';

test('a stream carries bytes both ways and ends', () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const link = memoryLink(clock, random, { delayMs: 20 });
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    defer: (run) => void clock.after(0, run),
  });
  assert.ok(clock.advanceUntil(() => pair.isReady, 1000));
  const stream = pair.edge.connection!.open(plainOpenRequest);
  const got: Buffer[] = [];
  let ended = false;
  stream.handler = {
    onData(chunk) {
      got.push(chunk);
      stream.consume(chunk.length);
    },
    onEnd() {
      ended = true;
    },
    onReset(reason) {
      assert.fail(reason);
    },
    onDrain() {},
  };
  const sent = random.bytes(1_000_000);
  stream.write(sent, true);
  stream.end();
  clock.advanceUntil(() => ended, 5000);
  assert.deepEqual(Buffer.concat(got), sent);
  assert.equal(stream.isOpen, false);
  assert.equal(pair.edge.connection!.openStreams, 0);
});

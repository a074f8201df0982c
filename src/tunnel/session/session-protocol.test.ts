// What passes between two sessions beside streams: rules, and frames that break the protocol's rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SallyportError } from '#base/errors.ts';
import { plainRule, type PublishedRule } from '#model/ingress/published-rules.ts';
import { plainOpenRequest } from '#testkit/tunnel-pair.ts';
import { tunnelWorld as world } from '#testkit/tunnel-world.ts';
import { encodeFrame, frameTypes } from '#wire/tunnel-frame.ts';
import { encodeCodeAndText, encodeOpen } from '#wire/tunnel-message.ts';

test('rules are published, replaced and refused', async () => {
  const seen: number[] = [];
  const { clock, pair } = world({
    pair: {
      edgeHandler: {
        onRules(_connection, { version, rules }) {
          if (rules.length === 0) throw new SallyportError('config-invalid', 'no rule at all');
          seen.push(version);
        },
      },
    },
  });
  const connector = pair.connector.connection!;
  // Enough rules for several frames.
  const many = Array.from({ length: 2_000 }, (_, i) => rule(`h${i}.example.com`));
  const results = Promise.allSettled([
    connector.publish({ version: 1, rules: many }),
    connector.publish({ version: 2, rules: [rule('')] }),
    connector.publish({ version: 2, rules: [rule('')] }),
    connector.publish({ version: 3, rules: [] }),
    connector.publish({ version: 4, rules: [{ ...rule(''), hostname: 'x'.repeat(300) }] }),
  ]);
  clock.advance(100);
  const texts = (await results).map((result) =>
    result.status === 'rejected' ? String(result.reason) : 'ok',
  );
  assert.deepEqual(texts.slice(0, 2), ['ok', 'ok']);
  assert.match(texts[2]!, /published twice at once/);
  assert.match(texts[3]!, /no rule at all/);
  assert.match(texts[4]!, /rules.0.hostname/);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(pair.edge.connection!.rules!.rules, [rule('')]);
  const late = connector.publish({ version: 5, rules: [rule('')] });
  connector.close('shutdown');
  await assert.rejects(late, /ended before the edge had acknowledged/);
  await assert.rejects(connector.publish({ version: 6, rules: [rule('')] }), /is closed/);
});

test('frames that break the rules end the connection as protocol-error', () => {
  const { OPEN, DATA, FIN, OPENED, CREDIT, RULES_ACK, DRAIN_ACK, HELLO, RESET, CONFIG, CONFIG_ACK } =
    frameTypes;
  const one = (type: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer =>
    encodeFrame(type, streamId, payload);
  const credit = (byteCount: number): Buffer => {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(byteCount);
    return one(CREDIT, 1, payload);
  };
  const toEdge: readonly [string, Buffer][] = [
    ['OPEN from a connector', one(OPEN, 1, encodeOpen(plainOpenRequest))],
    ['DATA on a stream never opened', one(DATA, 3, Buffer.from('x'))],
    ['FIN on a stream never opened', one(FIN, 3)],
    ['an even stream id', one(FIN, 2)],
    ['two OPENED', Buffer.concat([one(OPENED, 1), one(OPENED, 1)])],
    ['DATA after FIN', Buffer.concat([one(FIN, 1), one(DATA, 1, Buffer.from('x'))])],
    ['two FIN', Buffer.concat([one(FIN, 1), one(FIN, 1)])],
    [
      'more DATA than credit',
      Buffer.concat(Array.from({ length: 5 }, () => one(DATA, 1, Buffer.alloc(65_536)))),
    ],
    ['more credit than sense', Buffer.concat([credit(0x7fff_ffff), credit(0x7fff_ffff)])],
    ['a RESET without a code', one(RESET, 1)],
    ['RULES_ACK to an edge', one(RULES_ACK, 0, Buffer.from('0000000101', 'hex'))],
    ['DRAIN_ACK without DRAIN', one(DRAIN_ACK, 0)],
    ['HELLO after the handshake', one(HELLO, 0)],
    ['CONFIG to an edge', one(CONFIG, 0, Buffer.from('0000000101', 'hex'))],
    ['CONFIG_ACK that nobody awaits', one(CONFIG_ACK, 0, Buffer.from('0000000101', 'hex'))],
    ['CONFIG_ACK on a stream', one(CONFIG_ACK, 1, Buffer.from('0000000101', 'hex'))],
    ['a type of no frame', one(0x30, 1)],
  ];
  for (const [name, bytes] of toEdge) {
    const { clock, link, pair, open } = world();
    open().consumes = false;
    clock.advance(5);
    link.connector.write(bytes, () => {});
    clock.advance(50);
    assert.equal(pair.edge.closed?.reason, 'protocol-error', name);
    assert.equal(pair.connector.closed?.reason, 'protocol-error', name);
  }
});

test('frames for extensions are skipped, and so are frames on streams that have just ended', () => {
  const { clock, link, pair, open } = world();
  open().stream.reset('cancelled');
  clock.advance(5);
  const late = encodeFrame(frameTypes.RESET, 1, encodeCodeAndText(0, ''));
  link.connector.write(Buffer.concat([encodeFrame(0x99, 5, Buffer.alloc(100)), late]), () => {});
  clock.advance(5);
  assert.equal(pair.edge.closed, undefined);
});

test('a peer that floods pings and reads nothing is cut off before it fills our memory', () => {
  const { clock, link, pair } = world({ link: { capacityBytes: 10_000 } });
  link.stall('to-connector');
  const pings = Buffer.concat(
    Array.from({ length: 4_096 }, () => encodeFrame(frameTypes.PING, 0, Buffer.alloc(8))),
  );
  for (let i = 0; i < 400 && !pair.edge.closed; i++) {
    link.connector.write(pings, () => {});
    clock.advance(1);
  }
  assert.equal(pair.edge.closed?.reason, 'write-stalled');
});

test('random frames from either side end the connection at most, and never throw', () => {
  const type = fc.oneof(fc.constantFrom(...Object.values(frameTypes)), fc.nat(255));
  const streamId = fc.oneof(fc.constantFrom(0, 1, 3, 5), fc.nat(0xffff));
  const frame = fc.tuple(type, streamId, fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.boolean(), fc.array(frame, { maxLength: 12 }), (isToEdge, frames) => {
      const { clock, link, pair, open } = world();
      open();
      clock.advance(1);
      const sender = isToEdge ? link.connector : link.edge;
      for (const [kind, id, payload] of frames) sender.write(encodeFrame(kind, id, payload), () => {});
      clock.advance(100);
      assert.deepEqual([...pair.edge.faults, ...pair.connector.faults], []);
      const reason = (isToEdge ? pair.edge : pair.connector).closed?.reason;
      if (frames.every(([kind]) => kind > frameTypes.PROBE_RESULT)) assert.equal(reason, undefined);
    }),
    { numRuns: 300 },
  );
});

function rule(hostname: string): PublishedRule {
  return {
    ...plainRule,
    hostname,
    service: 'http://localhost:8080',
  };
}

// Rules that the edge keeps, on their way to a connector: what passes between two sessions, under virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tunnelWorld } from '#testkit/tunnel-world.ts';
import { encodeFrame, frameTypes } from '#wire/tunnel-frame.ts';
import { type ConfigAck, encodePiece, pieceBytes } from '#wire/tunnel-versioned-text.ts';
import {
  configLimitBytes,
  encodeConfig,
  type PushedConfig,
  releasedConfig,
  remoteConfigFeature,
} from './config-exchange.ts';

interface ConfigWorld extends ReturnType<typeof tunnelWorld> {
  readonly seen: PushedConfig[];
  readonly acks: ConfigAck[];
  push(config: PushedConfig): void;
}

/** A connector that takes rules; `answer` says why it refuses, or ''. */
function configWorld(
  answer: (config: PushedConfig) => string = () => '',
  options: Parameters<typeof tunnelWorld>[0] = {},
): ConfigWorld {
  const seen: PushedConfig[] = [];
  const acks: ConfigAck[] = [];
  const world = tunnelWorld({
    ...options,
    pair: {
      info: { features: [remoteConfigFeature] },
      connectorHandler: {
        onConfig(_connection, config) {
          seen.push(config);
          const text = answer(config);
          return { verdict: text === '' ? 'accepted' : 'refused', text };
        },
      },
      edgeHandler: { onConfigAck: (_connection, ack) => void acks.push(ack) },
      ...options.pair,
    },
  });
  const push = (config: PushedConfig): void => world.pair.edge.connection!.pushConfig(encodeConfig(config));
  return { ...world, seen, acks, push };
}

test('a text arrives whole, whatever its length, and is acknowledged with its version', () => {
  const { clock, seen, acks, push } = configWorld();
  const texts = ['', 'ingress: []\n', 'ü'.repeat(pieceBytes), '#'.repeat(1_000_000)];
  for (const [i, text] of texts.entries()) push({ version: i + 1, text });
  clock.advance(100);
  assert.deepEqual(
    seen,
    texts.map((text, i) => ({ version: i + 1, text })),
  );
  assert.deepEqual(
    acks,
    texts.map((_, i) => ({ version: i + 1, verdict: 'accepted', text: '' })),
  );
});

test('a refusal comes back in its own words, and so does a fault of the connector; the connection lives on', () => {
  const { clock, acks, push, pair } = configWorld(({ version }) => {
    if (version === 2) throw new Error('out of luck');
    return 'The last ingress rule must match all URLs (line 7)';
  });
  push({ version: 1, text: 'x' });
  push({ version: 2, text: 'x' });
  clock.advance(100);
  assert.deepEqual(acks, [
    { version: 1, verdict: 'refused', text: 'The last ingress rule must match all URLs (line 7)' },
    { version: 2, verdict: 'refused', text: 'out of luck' },
  ]);
  assert.equal(pair.connector.faults.length, 1);
  assert.equal(pair.edge.closed, undefined);
});

test('a connector that did not name the feature is sent nothing, and works on', () => {
  const { clock, seen, acks, push, pair, open } = configWorld(undefined, {
    pair: { info: {} },
  });
  assert.equal(pair.edge.connection!.takesConfig, false);
  push({ version: 1, text: 'x' });
  const watched = open();
  watched.stream.write(Buffer.from('hello'), false);
  clock.advance(100);
  assert.deepEqual([seen, acks], [[], []]);
  assert.equal(watched.received().toString(), 'hello');
});

test('a connector that names the feature and has nobody to take the rules refuses them', () => {
  const { clock, acks, push } = configWorld(undefined, { pair: { connectorHandler: {} } });
  push({ version: 1, text: 'x' });
  clock.advance(100);
  assert.match(acks[0]!.text, /takes no rules/);
});

test('streams beside a long text keep moving', () => {
  const { clock, push, open, seen } = configWorld(undefined, { link: { bytesPerMs: 1_000, delayMs: 1 } });
  const watched = open();
  clock.advance(10);
  push({ version: 1, text: '#'.repeat(2_000_000) });
  clock.advance(5);
  watched.stream.write(Buffer.from('quick'), false);
  assert.ok(clock.advanceUntil(() => watched.received().length === 5, 1_000));
  assert.equal(seen.length, 0, 'the text of two seconds was still under way');
  assert.ok(clock.advanceUntil(() => seen.length === 1, 10_000));
});

test('what is no UTF-8 is refused; more than the limit, and versions mixed, end the connection', () => {
  const piece = (version: number, isLast: boolean, bytes: Uint8Array): Buffer =>
    encodeFrame(frameTypes.CONFIG, 0, encodePiece({ version, isLast, bytes }));
  const broken = configWorld();
  broken.pair.edge.connection!.pushConfig({
    version: 1,
    payloads: [encodePiece({ version: 1, isLast: true, bytes: Buffer.from([0xff]) })],
  });
  broken.clock.advance(50);
  assert.match(broken.acks[0]!.text, /UTF-8/);
  const full = Buffer.alloc(pieceBytes, '#');
  const tooLong = Array.from({ length: Math.ceil(configLimitBytes / pieceBytes) + 1 }, () =>
    piece(1, false, full),
  );
  for (const frames of [
    tooLong,
    [piece(1, false, full), piece(2, true, full)],
    [piece(1, false, Buffer.alloc(0))],
  ]) {
    const { clock, link, pair, seen } = configWorld();
    for (const frame of frames) link.edge.write(frame, () => {});
    clock.advance(200);
    assert.equal(pair.connector.closed?.reason, 'protocol-error');
    assert.equal(seen.length, 0);
  }
});

test('WELCOME says who keeps the rules; an edge that does not say is understood, too', () => {
  const keys = configWorld().pair.edge.connection!.publicKey;
  for (const management of ['local', 'remote', undefined] as const) {
    const { pair } = tunnelWorld({ pair: { lookupTunnel: () => ({ publicKeys: [keys], management }) } });
    assert.equal(pair.connector.connection!.management, management);
  }
});

test('version 0 with an empty text is how rules are given back', () => {
  const { clock, seen, push } = configWorld();
  push(releasedConfig);
  clock.advance(50);
  assert.deepEqual(seen, [{ version: 0, text: '' }]);
});

test('any texts in any order arrive in that order, cut or not', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { maxLength: 6 }), (texts) => {
      const { clock, seen, push } = configWorld();
      for (const [i, text] of texts.entries()) push({ version: i + 1, text });
      clock.advance(100);
      assert.deepEqual(
        seen.map(({ text }) => text),
        texts,
      );
    }),
    { numRuns: 50 },
  );
});

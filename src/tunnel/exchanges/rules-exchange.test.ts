import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { plainRule, type PublishedRule } from '#model/ingress/published-rules.ts';
import { frameError } from '#wire/tunnel-frame.ts';
import { decodePiece, pieceBytes } from '#wire/tunnel-versioned-text.ts';
import { PieceGatherer } from './piece-gatherer.ts';
import { parseRules, rulesLimitBytes, splitRules } from './rules-exchange.ts';

const rule: PublishedRule = {
  ...plainRule,
  hostname: 'app.example.com',
  path: '^/api',
  service: 'http://localhost:3000',
};
const codeOfFrameErrors = frameError('').code;

/** Splits, sends and gathers; what the edge has in the end. */
function roundTrip(rules: readonly PublishedRule[], version: number): unknown {
  const gatherer = new PieceGatherer('RULES', rulesLimitBytes);
  const pieces = splitRules({ version, rules: [...rules] }).map((payload) => decodePiece('RULES', payload));
  for (const [i, piece] of pieces.entries()) {
    const json = gatherer.add(piece);
    assert.equal(json !== undefined, i === pieces.length - 1);
    if (json !== undefined) return parseRules(piece.version, json);
  }
  return undefined;
}

test('rules go round, whatever their number and their strings', () => {
  const any = fc.record({
    hostname: fc.constantFrom('', '*.example.com', 'a.example.com'),
    path: fc.string({ unit: 'grapheme', maxLength: 200 }),
  });
  fc.assert(
    fc.property(
      fc.array(any, { maxLength: 50 }),
      fc.integer({ min: 1, max: 0xffff_ffff }),
      (parts, version) => {
        const rules = parts.map((part) => ({ ...rule, ...part }));
        assert.deepEqual(roundTrip(rules, version), { version, rules });
      },
    ),
  );
  const many = Array.from({ length: 3_000 }, (_, i) => ({ ...rule, hostname: `host-${i}.example.com` }));
  assert.ok(splitRules({ version: 1, rules: many }).length > 1);
  assert.deepEqual(roundTrip(many, 1), { version: 1, rules: many });
});

test('rules of more than the limit are neither sent nor gathered', () => {
  const rules = [{ ...rule, path: 'x'.repeat(rulesLimitBytes) }];
  assert.throws(
    () => splitRules({ version: 1, rules }),
    (error) => isSallyportError(error, 'limit-exceeded'),
  );
  const gatherer = new PieceGatherer('RULES', rulesLimitBytes);
  const json = Buffer.alloc(pieceBytes, ' ');
  const most = Math.floor(rulesLimitBytes / pieceBytes);
  for (let i = 0; i < most; i++) gatherer.add({ version: 1, isLast: false, bytes: json });
  assert.throws(
    () => gatherer.add({ version: 1, isLast: false, bytes: json }),
    (error) => isSallyportError(error, codeOfFrameErrors),
  );
});

test('any sequence of pieces fails only with a frame error', () => {
  const piece = fc.record({
    version: fc.nat(2),
    isLast: fc.boolean(),
    bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const gatherer = new PieceGatherer('RULES', rulesLimitBytes);
      try {
        for (const one of pieces) gatherer.add(one);
      } catch (error) {
        assert.ok(isSallyportError(error, codeOfFrameErrors), String(error));
      }
    }),
  );
});

/** A schema's fault, as it goes back to the connector; nothing else may come out. */
function parsesOrFails(version: number, json: Buffer): boolean {
  try {
    parseRules(version, json);
    return true;
  } catch (error) {
    assert.ok(isSallyportError(error, 'config-invalid'), String(error));
    return false;
  }
}

test('a list cut short anywhere is refused', () => {
  const [payload] = splitRules({ version: 1, rules: [rule, { ...rule, path: '' }] });
  const json = Buffer.from(decodePiece('RULES', payload!).bytes);
  for (let end = 0; end < json.length; end++) assert.equal(parsesOrFails(1, json.subarray(0, end)), false);
  assert.ok(parsesOrFails(1, json));
});

test('random bytes and random JSON fail only with config-invalid', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parsesOrFails(1, Buffer.from(bytes))));
  const almost = fc.record(
    { hostname: fc.jsonValue(), path: fc.jsonValue(), protocol: fc.jsonValue(), more: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.array(almost.map((part) => ({ ...rule, ...part })))),
      (value) => void parsesOrFails(1, Buffer.from(JSON.stringify(value))),
    ),
  );
});

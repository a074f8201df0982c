import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { decodeMessage } from './dns-message.ts';
import { appendTsig, checkTsig, signTsig, splitTsig, type TsigKey } from './dns-tsig.ts';

const secret = Buffer.from('0123456789abcdef0123456789abcdef');
const key: TsigKey = { name: 'ddns', algorithm: 'hmac-sha256', secret };
const key512: TsigKey = { ...key, algorithm: 'hmac-sha512' };

/** Sent by dig 9.18 with `-y hmac-sha256:ddns:...` and by kdig 3.2.6 with `-y hmac-sha512:ddns:...`. */
const signed: readonly [TsigKey, string][] = [
  [
    key,
    '92ac0120000100000000000103577777074578616d706c6503636f6d00001c00010464646e730000fa00ff00000000003d0b686d61632d7368613235360000006b095ac5012c0020bf685a2a12e1d0426307b9bc590ba7bdfdc0074b4d49aad2398bbde5d985614092ac00000000',
  ],
  [
    key512,
    'af3e012000010000000000010161076578616d706c6500001000010464646e730000fa00ff00000000005d0b686d61632d7368613531320000006b095ac7012c00407b9e9cd3e8406949d775a63b54eb60605a2a7d3b80ffd9e6f38a78ca20263a1009a7828bc92822956308b592bdedb64885a389aed59e416307616f80c670c649af3e00000000',
  ],
];

test('messages that other programs signed check, and signing the same again gives the same bytes', () => {
  for (const [itsKey, text] of signed) {
    const bytes = new Uint8Array(Buffer.from(text, 'hex'));
    const { unsigned, tsig } = splitTsig(bytes);
    assert.ok(tsig);
    const { timeSeconds } = tsig;
    assert.equal(checkTsig(unsigned, tsig, itsKey, { timeSeconds }), undefined);
    assert.deepEqual(new Uint8Array(signTsig(unsigned, itsKey, { timeSeconds }).bytes), bytes);
    assert.equal(decodeMessage(unsigned).additionals.length, 0);
  }
});

test('a changed bit, another key, another secret and a clock too far off are told apart', () => {
  const [itsKey, text] = signed[0]!;
  const { unsigned, tsig } = splitTsig(Buffer.from(text, 'hex'));
  const { timeSeconds } = tsig!;
  const check = (bytes: Uint8Array, withKey: TsigKey, atSeconds: number) =>
    checkTsig(bytes, tsig!, withKey, { timeSeconds: atSeconds });
  for (let i = 0; i < unsigned.length; i++) {
    const changed = Uint8Array.from(unsigned);
    changed[i]! ^= 1;
    assert.equal(check(changed, itsKey, timeSeconds), 'bad-signature', `byte ${i}`);
  }
  assert.equal(check(unsigned, { ...itsKey, name: 'other' }, timeSeconds), 'bad-key');
  assert.equal(check(unsigned, key512, timeSeconds), 'bad-key');
  assert.equal(check(unsigned, { ...itsKey, secret: Buffer.alloc(32) }, timeSeconds), 'bad-signature');
  assert.equal(check(unsigned, itsKey, timeSeconds + 300), undefined);
  assert.equal(check(unsigned, itsKey, timeSeconds + 301), 'bad-time');
  assert.equal(check(unsigned, itsKey, timeSeconds - 301), 'bad-time');
  // Time is asked last: whoever cannot sign learns nothing of our clock.
  assert.equal(check(unsigned, { ...itsKey, secret: Buffer.alloc(32) }, 0), 'bad-signature');
});

test('a truncated MAC is not enough', () => {
  const [, text] = signed[0]!;
  const { unsigned, tsig } = splitTsig(Buffer.from(text, 'hex'));
  const short = { ...tsig!, mac: tsig!.mac.subarray(0, 16) };
  assert.equal(checkTsig(unsigned, short, key, { timeSeconds: short.timeSeconds }), 'bad-signature');
});

test('answers cover the request, and messages in a row cover those before', () => {
  const { unsigned } = splitTsig(Buffer.from(signed[0]![1], 'hex'));
  const timeSeconds = 1_000_000;
  const request = signTsig(unsigned, key, { timeSeconds });
  const answer = signTsig(unsigned, key, { timeSeconds, priorMac: request.mac });
  const read = splitTsig(answer.bytes);
  assert.equal(checkTsig(read.unsigned, read.tsig!, key, { timeSeconds, priorMac: request.mac }), undefined);
  assert.equal(checkTsig(read.unsigned, read.tsig!, key, { timeSeconds }), 'bad-signature');
  const laterInRow = { unsignedBefore: [unsigned, unsigned] };
  const later = signTsig(unsigned, key, { timeSeconds, priorMac: answer.mac, laterInRow });
  const readLater = splitTsig(later.bytes);
  const check = (unsignedBefore: Uint8Array[]) =>
    checkTsig(readLater.unsigned, readLater.tsig!, key, {
      ...{ timeSeconds, priorMac: answer.mac, laterInRow: { unsignedBefore } },
    });
  assert.equal(check([unsigned, unsigned]), undefined);
  assert.equal(check([unsigned]), 'bad-signature');
});

test('a TSIG that is not last, has a TTL or is cut off is refused', () => {
  const bytes = Buffer.from(signed[0]![1], 'hex');
  const { unsigned, tsig } = splitTsig(bytes);
  const isMalformed = (error: unknown): boolean => isSallyportError(error, 'protocol-violation');
  const withTtl = Buffer.from(bytes);
  withTtl[bytes.length - 0x3d - 3] = 1;
  assert.throws(() => splitTsig(withTtl), isMalformed);
  for (let length = unsigned.length; length < bytes.length; length++) {
    assert.throws(() => splitTsig(bytes.subarray(0, length)), isMalformed);
  }
  // As an answer instead of an additional record.
  const moved = Buffer.from(appendTsig(unsigned, tsig!));
  moved.writeUInt16BE(1, 6);
  moved.writeUInt16BE(0, 10);
  assert.throws(() => splitTsig(moved), isMalformed);
  assert.equal(splitTsig(unsigned).tsig, undefined);
});

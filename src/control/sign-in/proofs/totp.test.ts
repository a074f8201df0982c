import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createTotpSecret, encodeBase32, hotpCode, matchTotp, totpCode, totpUri } from './totp.ts';

/** RFC 4226 appendix D and RFC 6238 appendix B use this secret (20 bytes, for SHA-1). */
const rfcSecret = Buffer.from('12345678901234567890');
const secret = encodeBase32(rfcSecret);

test('codes are those of RFC 4226, appendix D', () => {
  const codes = [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ];
  assert.deepEqual(
    codes.map((_, counter) => hotpCode(rfcSecret, counter)),
    codes,
  );
});

test('codes of times are those of RFC 6238, appendix B (its last six digits)', () => {
  const table: [number, string][] = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ];
  for (const [seconds, code] of table) assert.equal(totpCode(secret, seconds * 1_000), code.slice(2));
});

test('base32 is that of RFC 4648, section 10, without padding', () => {
  const table = [
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ];
  for (const [text, encoded] of table) assert.equal(encodeBase32(Buffer.from(text!)), encoded);
});

test('a code counts one step early and late, once, and never for a step that is used or older', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12, 0, 10);
  const step = Math.floor(nowMs / 30_000);
  const match = (offset: number, lastStep = 0) =>
    matchTotp(secret, { code: totpCode(secret, nowMs + offset * 30_000), nowMs, lastStep });
  assert.deepEqual(
    [-2, -1, 0, 1, 2].map((offset) => match(offset)),
    [undefined, step - 1, step, step + 1, undefined],
  );
  assert.equal(match(0, step), undefined);
  assert.equal(match(-1, step), undefined);
  assert.equal(match(1, step), step + 1);
});

test('spaces do not matter; letters, other digits and other lengths are no code', () => {
  const nowMs = 59_000;
  const match = (code: string) => matchTotp(secret, { code, nowMs, lastStep: 0 });
  assert.equal(match('287 082'), 1);
  for (const code of ['', '28708', '2870820', '２８７０８２', 'abcdef', '287083'])
    assert.equal(match(code), undefined, code);
});

test('a secret has 160 bits; the address for the QR code escapes what it holds', () => {
  const made = createTotpSecret(seededRandom(1));
  assert.match(made, /^[A-Z2-7]{32}$/);
  assert.equal(
    totpUri(made, { issuer: 'My lab & co', account: 'ada' }),
    `otpauth://totp/My%20lab%20%26%20co:ada?secret=${made}&issuer=My%20lab%20%26%20co&algorithm=SHA1&digits=6&period=30`,
  );
});

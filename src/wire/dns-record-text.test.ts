import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { recordTypes, typeNumber } from './dns-numbers.ts';
import {
  formatRecordData,
  normalRecordText,
  parseRecordData,
  quoteText,
  unquoteText,
} from './dns-record-text.ts';

type Vector = readonly [type: string, text: string, hex: string];

const vectors: readonly Vector[] = [
  ['A', '192.0.2.1', 'c0000201'],
  ['AAAA', '2001:db8::1', '20010db8000000000000000000000001'],
  ['AAAA', '::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['NS', 'ns1.example.', '036e7331076578616d706c6500'],
  ['CNAME', '.', '00'],
  ['MX', '10 a.', '000a016100'],
  ['SOA', 'a. b. 2026010101 7200 3600 1209600 300', '01610001620078c275f500001c2000000e10001275000000012c'],
  ['TXT', '"v=spf1 -all"', '0b763d73706631202d616c6c'],
  ['TXT', '"a" "" "b\\"\\\\\\255"', '0161000462225cff'],
  ['SRV', '1 2 443 a.', '0001000201bb016100'],
  ['CAA', '0 issue "letsencrypt.org"', '000569737375656c657473656e63727970742e6f7267'],
  ['CAA', '128 iodef ""', '8005696f646566'],
  ['TLSA', '3 1 1 0a0b', '0301010a0b'],
  ['SSHFP', '4 2 00ff', '040200ff'],
  ['DS', '60485 5 1 2bb1', 'ec4505012bb1'],
  // RFC 3597 section 5.
  ['TYPE62347', '\\# 6 abcdef012345', 'abcdef012345'],
  ['TYPE731', '\\# 0', ''],
];

test('record data is the same as text and as bytes', () => {
  for (const [type, text, hex] of vectors) {
    const number = typeNumber(type)!;
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
    assert.equal(formatRecordData(number, bytes), text);
    assert.deepEqual(new Uint8Array(parseRecordData(number, text)), bytes, text);
  }
});

test('other spellings of the same data come to one', () => {
  for (const [type, text, expected] of [
    ['AAAA', '2001:0DB8:0:0::0001', '2001:db8::1'],
    ['CNAME', 'edge.example', 'edge.example.'],
    ['TXT', 'unquoted', '"unquoted"'],
    ['TXT', ' "a"   b ', '"a" "b"'],
    ['TXT', '"ü"', '"\\195\\188"'],
    ['CAA', '0 issue letsencrypt.org', '0 issue "letsencrypt.org"'],
    ['A', '\\# 4 0a000001', '10.0.0.1'],
    ['SSHFP', '4 2 00 FF', '4 2 00ff'],
    ['HTTPS', '1 . alpn="h3,h2"', '1 . alpn="h3,h2"'],
  ] as const) {
    assert.equal(normalRecordText(type, text), expected);
  }
});

test('text that is no data of its type is refused, and says what is wrong', () => {
  for (const [type, text, complaint] of [
    ['A', '192.0.2', /IPv4/],
    ['A', '2001:db8::1', /IPv4/],
    ['AAAA', '192.0.2.1', /IPv6/],
    ['AAAA', 'fe80::1%eth0', /IPv6/],
    ['MX', '10', /too few/],
    ['MX', '65536 a.', /16 bits/],
    ['MX', '10 a. b.', /too many/],
    ['CNAME', 'a..b', /no name/],
    ['TXT', '"open', /quotation mark/],
    ['TXT', `"${'x'.repeat(256)}"`, /over 255/],
    ['TXT', '"\\256"', /no byte/],
    ['TXT', '', /too few/],
    ['CAA', '0 is-sue "x"', /CAA tag/],
    ['A', '\\# 3 0a000001', /length/],
    ['A', '\\# 3 0a0000', /too short/],
    ['DS', '1 2 3 xyz', /hexadecimal/],
    ['LOC', '51 30 N', /must be written/],
  ] as const) {
    assert.throws(
      () => parseRecordData(recordTypes[type], text),
      (error) => isSallyportError(error, 'protocol-violation') && complaint.test(error.message),
      `${type} ${text}`,
    );
  }
});

test('text values of any length and content are quoted and come back', () => {
  assert.equal(quoteText(''), '""');
  assert.equal(quoteText('x'.repeat(300)), `"${'x'.repeat(255)}" "${'x'.repeat(45)}"`);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (value) => {
      assert.equal(unquoteText(quoteText(value)), value);
    }),
  );
});

test('any text fails only with the parser’s own error', () => {
  const types = fc.constantFrom(...Object.values(recordTypes));
  fc.assert(
    fc.property(types, fc.string({ maxLength: 60 }), (type, text) => {
      try {
        assert.equal(typeof formatRecordData(type, parseRecordData(type, text)), 'string');
      } catch (error) {
        assert.ok(isSallyportError(error, 'protocol-violation'), String(error));
      }
    }),
  );
});

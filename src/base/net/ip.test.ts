import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrSet, formatEndpoint, parseAddress } from './ip.ts';

const addresses: readonly [text: string, canonical: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[::1]', '::1'],
  ['192.0.2.01', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2', undefined],
  ['192.0.2.1:80', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1:2:3:4:5:6:7::8', undefined],
  ['::1::', undefined],
  [':1', undefined],
  ['12345::', undefined],
  ['192.0.2.1::', undefined],
  ['', undefined],
  ['example.com', undefined],
];

for (const [text, canonical] of addresses) {
  test(`the address "${text}" is ${canonical ?? 'refused'}`, () => {
    assert.equal(parseAddress(text), canonical);
  });
}

test('every IPv6 address keeps its meaning and comes out in one form', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = parseAddress(text)!;
      assert.equal(parseAddress(canonical), canonical);
      assert.equal(isIPv6(canonical) || canonical.includes('.'), true);
    }),
  );
});

test('a set has what lies in its prefixes, in any spelling', () => {
  const set = cidrSet(['10.0.0.0/8', '192.0.2.128/25', '2001:db8::/33', '203.0.113.7']);
  for (const inside of ['10.255.0.1', '::ffff:10.1.2.3', '192.0.2.128', '2001:db8:7fff::1', '203.0.113.7']) {
    assert.equal(set.has(inside), true, inside);
  }
  for (const outside of [
    '11.0.0.1',
    '192.0.2.127',
    '2001:db8:8000::1',
    '203.0.113.8',
    '::10.0.0.1',
    'x',
    '',
  ]) {
    assert.equal(set.has(outside), false, outside);
  }
});

test('what is no prefix is refused by name', () => {
  for (const text of [
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    'x/8',
    '',
  ]) {
    assert.throws(
      () => cidrSet([text]),
      (error: Error) => error.message.includes(`"${text}"`),
    );
  }
});

test('an endpoint has brackets around IPv6 only', () => {
  assert.equal(formatEndpoint('::1', 80), '[::1]:80');
  assert.equal(formatEndpoint('192.0.2.1', 80), '192.0.2.1:80');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesHostPattern, parseAuthority, parseHostname } from './hostname.ts';

const hostnames: readonly [text: string, canonical: string | undefined][] = [
  ['example.com', 'example.com'],
  ['Example.COM.', 'example.com'],
  ['my_service.example.com', 'my_service.example.com'],
  ['r3---sn-x.example.com', 'r3---sn-x.example.com'],
  ['127.0.0.1', '127.0.0.1'],
  ['127.1', '127.1'],
  ['münchen.de', 'xn--mnchen-3ya.de'],
  ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
  ['XN--MNCHEN-3YA.de', 'xn--mnchen-3ya.de'],
  ['faß.de', 'xn--fa-hia.de'],
  ['', undefined],
  ['.', undefined],
  ['a..b', undefined],
  ['.a', undefined],
  ['a..', undefined],
  ['a b', undefined],
  ['a\0b', undefined],
  ['a@b', undefined],
  ['a/b', undefined],
  ['a\\b', undefined],
  ['%41.com', undefined],
  ['a:80', undefined],
  ['*.example.com', undefined],
  ['１２７.0.0.1', undefined],
  ['a／b', undefined],
  ['\ufffd.com', undefined],
  ['\ud8f3.com', undefined],
  [`${'a'.repeat(63)}.x`, `${'a'.repeat(63)}.x`],
  [`${'a'.repeat(64)}.x`, undefined],
  [`${'abcdefg.'.repeat(31)}abcde`, `${'abcdefg.'.repeat(31)}abcde`],
  [`${'abcdefg.'.repeat(31)}abcdef`, undefined],
];

for (const [text, canonical] of hostnames) {
  test(`the hostname ${JSON.stringify(text).slice(0, 40)} is ${canonical?.slice(0, 40) ?? 'refused'}`, () => {
    assert.equal(parseHostname(text), canonical);
  });
}

const authorities: readonly [text: string, host: string | undefined, port?: number][] = [
  ['example.com', 'example.com'],
  ['Example.com:8443', 'example.com', 8443],
  ['example.com:', 'example.com'],
  ['example.com:065', 'example.com', 65],
  ['[::1]', '::1'],
  ['[::1]:80', '::1', 80],
  ['[2001:DB8:0:0::1]:443', '2001:db8::1', 443],
  ['[::ffff:192.0.2.1]', '192.0.2.1'],
  ['example.com:65536', undefined],
  ['example.com:8a', undefined],
  ['example.com:-1', undefined],
  ['::1', undefined],
  ['[::1', undefined],
  ['[::1]x', undefined],
  ['[192.0.2.1]', undefined],
  ['[192.0.2.1]:80', undefined],
  ['[fe80::1%25eth0]', undefined],
  ['user@example.com', undefined],
  ['example.com:80:80', undefined],
  ['', undefined],
  [':80', undefined],
];

for (const [text, host, port] of authorities) {
  test(`the authority "${text}" is ${host === undefined ? 'refused' : `${host} port ${port}`}`, () => {
    assert.deepEqual(parseAuthority(text), host === undefined ? undefined : { host, port });
  });
}

test('what is canonical stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const canonical = parseHostname(text);
      if (canonical !== undefined) assert.equal(parseHostname(canonical), canonical);
    }),
  );
});

test('a wildcard covers any depth below its suffix, never the suffix itself', () => {
  assert.equal(matchesHostPattern('*.example.com', 'a.b.example.com'), true);
  assert.equal(matchesHostPattern('*.example.com', 'example.com'), false);
  assert.equal(matchesHostPattern('*.example.com', '.example.com'), false);
  assert.equal(matchesHostPattern('*.api.abc.cloud', 'testing-api.abc.cloud'), false);
  assert.equal(matchesHostPattern('example.com', 'example.com'), true);
});

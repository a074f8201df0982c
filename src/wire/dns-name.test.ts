import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import {
  compareNames,
  decodeName,
  encodeName,
  isWithin,
  lowerName,
  nameLabels,
  parentName,
  parseName,
} from './dns-name.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const isMalformed = (error: unknown): boolean => isSallyportError(error, 'protocol-violation');

const vectors: readonly [name: string, text: string, bytes: string][] = [
  ['the root', '', '00'],
  ['RFC 1035 section 4.1.4', 'F.ISI.ARPA', '01 46 03 495349 04 41525041 00'],
  ['a wildcard', '*.example', '01 2a 07 6578616d706c65 00'],
  ['a dot inside a label', 'a\\.b', '03 612e62 00'],
  ['a backslash, a quote and an at sign', '\\\\\\"\\@', '03 5c2240 00'],
  ['bytes that are not printable', '\\000\\032\\255', '03 0020ff 00'],
  ['an underscore', '_acme-challenge.a', '0f 5f61636d652d6368616c6c656e6765 01 61 00'],
];

test('names are the same as text and as bytes', () => {
  for (const [what, text, bytes] of vectors) {
    assert.deepEqual(encodeName(text), hex(bytes), what);
    assert.deepEqual(decodeName(hex(bytes), 0), { name: text, end: hex(bytes).length }, what);
  }
});

test('compressed names are those of RFC 1035 section 4.1.4', () => {
  const message = hex('01 46 03 495349 04 41525041 00  03 464f4f c000  c006  00');
  assert.deepEqual(decodeName(message, 12), { name: 'FOO.F.ISI.ARPA', end: 18 });
  assert.deepEqual(decodeName(message, 18), { name: 'ARPA', end: 20 });
  assert.deepEqual(decodeName(message, 20), { name: '', end: 21 });
});

test('every truncation of a name is refused', () => {
  for (const [what, , bytes] of vectors) {
    for (let length = 0; length < hex(bytes).length; length++) {
      assert.throws(() => decodeName(hex(bytes).subarray(0, length), 0), isMalformed, `${what} ${length}`);
    }
  }
});

test('pointers that loop, point ahead or to themselves, and labels of unknown kinds are refused', () => {
  for (const [what, bytes, at] of [
    ['to itself', 'c000', 0],
    ['ahead', 'c002 00', 0],
    ['into its own piece', '01 61 c000', 0],
    ['two that point at each other', 'c002 c000', 2],
    ['an extended label', '41 00', 0],
    ['a label type of the past', '80 00', 0],
    ['half a pointer', '00 c0', 1],
  ] as const) {
    assert.throws(() => decodeName(hex(bytes), at), isMalformed, what);
  }
});

test('a chain of pointers ends after as many as a name can have labels', () => {
  const chain = (links: number): Uint8Array => {
    const bytes = Buffer.alloc(1 + 2 * links);
    for (let i = 0; i < links; i++) bytes.writeUInt16BE(0xc000 | (i === 0 ? 0 : 2 * i - 1), 2 * i + 1);
    return bytes;
  };
  assert.equal(decodeName(chain(127), 253).name, '');
  assert.throws(() => decodeName(chain(128), 255), isMalformed);
});

test('a label has at most 63 bytes and a name 255', () => {
  assert.equal(encodeName('a'.repeat(63)).length, 65);
  assert.throws(() => encodeName('a'.repeat(64)), isMalformed);
  const longest = `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(61)}`;
  assert.equal(decodeName(encodeName(longest), 0).name, longest);
  assert.throws(() => encodeName(`${longest}a`), isMalformed);
  const tooLong = Buffer.concat([
    ...Array<Buffer>(4).fill(Buffer.from(`\x3f${'a'.repeat(63)}`)),
    Buffer.of(0),
  ]);
  assert.throws(() => decodeName(tooLong, 0), isMalformed);
});

test('names that people wrote get one form, and what is no name is told', () => {
  for (const [text, expected] of [
    ['Example.com.', 'Example.com'],
    ['a\\.', 'a\\.'],
    ['\\097b', 'ab'],
    ['.', ''],
    ['', undefined],
    ['a..b', undefined],
    ['a..', undefined],
    ['.a', undefined],
    ['a b', undefined],
    ['\\256', undefined],
    ['ä', undefined],
    ['a\\', undefined],
  ] as const) {
    assert.equal(parseName(text), expected, text);
  }
});

test('ancestry goes by labels, not by letters', () => {
  assert.ok(isWithin('a.example.com', 'example.com'));
  assert.ok(isWithin('example.com', 'example.com'));
  assert.ok(isWithin('example.com', ''));
  assert.ok(!isWithin('badexample.com', 'example.com'));
  assert.ok(!isWithin('a\\.example.com', 'example.com'));
  assert.ok(isWithin('b.a\\.example.com', 'a\\.example.com'));
  assert.equal(parentName('a\\.b.c'), 'c');
  assert.equal(parentName('c'), '');
  assert.equal(parentName(''), undefined);
  assert.deepEqual(nameLabels('a\\.b.c'), ['a\\.b', 'c']);
});

test('names are ordered as in RFC 4034 section 6.1', () => {
  const ordered = [
    'example',
    'a.example',
    'yljkjljk.a.example',
    'Z.a.example',
    'zABC.a.EXAMPLE',
    'z.example',
  ];
  const rest = ['\\001.z.example', '*.z.example', '\\200.z.example'];
  assert.deepEqual([...rest, ...ordered].toSorted(compareNames), [...ordered, ...rest]);
});

test('any labels make a name that comes back, and random bytes fail only with the decoder’s own error', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
      const bytes = Buffer.concat([...labels.map((one) => Buffer.of(one.length, ...one)), Buffer.of(0)]);
      const { name } = decodeName(bytes, 0);
      assert.deepEqual(Buffer.from(encodeName(name)), bytes);
      assert.equal(parseName(name), name === '' ? undefined : name);
      assert.equal(nameLabels(name).length, labels.length);
      assert.ok(isWithin(lowerName(name), lowerName(parentName(name) ?? '')));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
      try {
        decodeName(bytes, at);
      } catch (error) {
        assert.ok(isMalformed(error));
      }
    }),
  );
});

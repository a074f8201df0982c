// Vectors: the version 1 lines are the worst cases and examples of section 2.1 of the specification; the version 2
// headers are laid out by hand after section 2.2 (signature, 0x21, family, length, addresses, ports).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { decodeProxyHeader, encodeProxyV1, encodeProxyV2 } from './proxy-protocol.ts';

const v4 = {
  source: { address: '255.255.255.255', port: 65_535 },
  destination: { address: '10.0.0.1', port: 443 },
};
const v6 = { source: { address: '2001:db8::1', port: 1 }, destination: { address: '::ffff', port: 65_535 } };
const sig = '0d0a0d0a000d0a515549540a';

const proxied: readonly [string, Buffer, typeof v4][] = [
  ['v1 TCP4', text('PROXY TCP4 255.255.255.255 10.0.0.1 65535 443\r\n'), v4],
  ['v1 TCP6', text('PROXY TCP6 2001:db8::1 ::ffff 1 65535\r\n'), v6],
  ['v1 TCP6 written long', text('PROXY TCP6 2001:0DB8:0:0:0:0:0:1 0:0:0:0:0:0:0:FFFF 1 65535\r\n'), v6],
  ['v2 TCP4', hex(`${sig}2111000cffffffff0a000001ffff01bb`), v4],
  [
    'v2 TCP6',
    hex(`${sig}2121002420010db800000000000000000000000100000000000000000000000000` + '00ffff0001ffff'),
    v6,
  ],
  ['v2 TCP4 with TLVs', hex(`${sig}21110016ffffffff0a000001ffff01bb01000268320400026162`), v4],
];

const local: readonly [string, Buffer][] = [
  ['v1 UNKNOWN', text('PROXY UNKNOWN\r\n')],
  [
    'v1 UNKNOWN with addresses (the longest line)',
    text(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
  ],
  ['v2 LOCAL', hex(`${sig}20000000`)],
  ['v2 LOCAL with addresses', hex(`${sig}2011000cffffffff0a000001ffff01bb`)],
  ['v2 UNSPEC', hex(`${sig}21000000`)],
  ['v2 unix stream', hex(`${sig}213100d8${'00'.repeat(216)}`)],
];

const refused: readonly [string, Buffer][] = [
  ['HTTP', text('GET / HTTP/1.1\r\n')],
  ['TLS', hex('160301')],
  ['lower case', text('proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n')],
  ['v1 bare LF', text(`PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n${' '.repeat(90)}`)],
  ['v1 with two blanks', text('PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n')],
  ['v1 with a word too many', text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n')],
  ['v1 with a word missing', text('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n')],
  ['v1 with a leading zero in the port', text('PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n')],
  ['v1 with a port too high', text('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n')],
  ['v1 with a signed port', text('PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n')],
  ['v1 with a leading zero in the address', text('PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n')],
  ['v1 of mixed families', text('PROXY TCP4 ::1 1.2.3.4 1 2\r\n')],
  ['v1 with a zone', text('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n')],
  ['v1 with an unknown protocol', text('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n')],
  ['v1 one byte too long', text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`)],
  ['v2 of version 3', hex(`${sig}3111000c`)],
  ['v2 with an unknown command', hex(`${sig}2211000c`)],
  ['v2 with an unknown family', hex(`${sig}2141000c`)],
  ['v2 with an unknown transport', hex(`${sig}2113000c`)],
  ['v2 with addresses too short', hex(`${sig}2111000bffffffff0a000001ffff01`)],
  ['v2 over a datagram', hex(`${sig}2112000cffffffff0a000001ffff01bb`)],
  ['v2 too long', hex(`${sig}21110801`)],
  ['v2 with a TLV cut off', hex(`${sig}2111000effffffff0a000001ffff01bb0100`)],
  ['v2 with a TLV beyond the header', hex(`${sig}21110010ffffffff0a000001ffff01bb01000500`)],
  ['a signature with a wrong byte', hex('0d0a0d0a000d0a515549540b')],
];

test('headers of proxied connections are decoded, whatever follows them', () => {
  for (const [name, bytes, addresses] of proxied) {
    const expected = { kind: 'proxied', headerBytes: bytes.length, ...addresses };
    assert.deepEqual(decodeProxyHeader(bytes), expected, name);
    assert.deepEqual(decodeProxyHeader(Buffer.concat([bytes, text('PROXY')])), expected, name);
  }
});

test('headers without usable addresses leave the socket’s own', () => {
  for (const [name, bytes] of local) {
    assert.deepEqual(decodeProxyHeader(bytes), { kind: 'local', headerBytes: bytes.length }, name);
  }
});

test('every truncation of a good header is incomplete', () => {
  for (const [name, bytes] of [...proxied, ...local]) {
    for (let length = 0; length < bytes.length; length++) {
      assert.deepEqual(
        decodeProxyHeader(bytes.subarray(0, length)),
        { kind: 'incomplete' },
        `${name} ${length}`,
      );
    }
  }
});

test('anything else is refused', () => {
  for (const [name, bytes] of refused) {
    assert.throws(
      () => decodeProxyHeader(bytes),
      (error) => isSallyportError(error, 'protocol-violation'),
      name,
    );
  }
});

test('the encoders make what the decoder reads, for any addresses', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const pair = fc.oneof(fc.tuple(fc.ipV4(), fc.ipV4()), fc.tuple(fc.ipV6(), fc.ipV6()));
  fc.assert(
    fc.property(pair, port, port, ([from, to], fromPort, toPort) => {
      const addresses = {
        source: { address: from, port: fromPort },
        destination: { address: to, port: toPort },
      };
      const first = decodeProxyHeader(encodeProxyV1(addresses));
      const second = decodeProxyHeader(encodeProxyV2(addresses));
      assert.ok(first.kind === 'proxied' && second.kind === 'proxied');
      assert.deepEqual(first.source, second.source);
      assert.deepEqual(first.destination, second.destination);
      assert.equal(second.source.port, fromPort);
      if (from.includes('.') && !from.includes(':')) assert.equal(first.source.address, from);
    }),
  );
});

test('the encoders make the vectors, map mixed families to IPv6, and refuse what is no address', () => {
  assert.deepEqual(encodeProxyV1(v4), proxied[0]![1]);
  assert.deepEqual(encodeProxyV1(v6), proxied[1]![1]);
  assert.deepEqual(encodeProxyV2(v4), proxied[3]![1]);
  assert.deepEqual(encodeProxyV2(v6), proxied[4]![1]);
  const mixed = { source: v4.source, destination: v6.destination };
  for (const bytes of [encodeProxyV1(mixed), encodeProxyV2(mixed)]) {
    // Written as ::ffff:255.255.255.255, read back in the one form an address has here.
    const header = decodeProxyHeader(bytes);
    assert.deepEqual(header, { kind: 'proxied', headerBytes: bytes.length, ...mixed });
  }
  const nameless = { source: { address: 'localhost', port: 1 }, destination: v4.destination };
  assert.throws(() => encodeProxyV2(nameless), /two IP addresses/);
});

test('random bytes fail only with the decoder’s own error', () => {
  const start = fc.constantFrom(
    Buffer.alloc(0),
    text('PROXY '),
    text('PROXY TCP4 '),
    hex(sig),
    hex(`${sig}21`),
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (prefix, rest) => {
      try {
        decodeProxyHeader(Buffer.concat([prefix, rest]));
      } catch (error) {
        assert.ok(isSallyportError(error, 'protocol-violation'));
      }
    }),
  );
});

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function hex(value: string): Buffer {
  return Buffer.from(value, 'hex');
}

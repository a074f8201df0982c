import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { ednsOptions, ednsRecord, fullRcode, readEdns } from './dns-edns.ts';
import {
  decodeMessage,
  type DnsMessage,
  type DnsRecord,
  encodeMessage,
  lastRecordOffset,
  noFlags,
  peekHeader,
} from './dns-message.ts';
import { opcodes, rcodeName, rcodes, recordTypes, typeName, typeNumber } from './dns-numbers.ts';
import { parseRecordData } from './dns-record-text.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const isMalformed = (error: unknown): boolean => isSallyportError(error, 'protocol-violation');

/** Sent by kdig 3.2.6: `kdig +cookie=0102030405060708 +dnssec a.example TXT`. */
const kdigQuery =
  '95fd012000010000000000010161076578616d706c650000100001000029100000008000000c000a00080102030405060708';

const query: DnsMessage = {
  ...noFlags,
  ...{ id: 0x95fd, opcode: 0, rcode: 0, wantsRecursion: true, isAuthenticData: true },
  questions: [{ name: 'a.example', type: recordTypes.TXT, class: 1 }],
  ...{ answers: [], authorities: [] },
  additionals: [
    ednsRecord({
      ...{ payloadBytes: 4096, extendedRcode: 0, version: 0, wantsDnssec: true },
      options: [[ednsOptions.COOKIE, hex('0102030405060708')]],
    }),
  ],
};

const record = (name: string, type: keyof typeof recordTypes, text: string, ttlSeconds = 60): DnsRecord => ({
  ...{ name, type: recordTypes[type], class: 1, ttlSeconds },
  data: parseRecordData(recordTypes[type], text),
});

const plain = (message: DnsMessage): DnsMessage => {
  const records = (list: readonly DnsRecord[]): DnsRecord[] =>
    list.map((one) => ({ ...one, data: new Uint8Array(one.data) }));
  const { answers, authorities, additionals } = message;
  return {
    ...message,
    answers: records(answers),
    authorities: records(authorities),
    additionals: records(additionals),
  };
};

test('a query of another program is read and written byte for byte', () => {
  assert.deepEqual(plain(decodeMessage(hex(kdigQuery))), plain(query));
  assert.deepEqual(new Uint8Array(encodeMessage(query)), hex(kdigQuery));
  const edns = readEdns(decodeMessage(hex(kdigQuery)))!;
  assert.equal(edns.payloadBytes, 4096);
  assert.ok(edns.wantsDnssec);
  assert.equal(edns.options[0]![0], ednsOptions.COOKIE);
});

test('every truncation, and a byte too many, is refused', () => {
  const bytes = hex(kdigQuery);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeMessage(bytes.subarray(0, length)), isMalformed, String(length));
  }
  assert.throws(() => decodeMessage(Buffer.concat([bytes, Buffer.of(0)])), /after the last record/);
  assert.equal(peekHeader(bytes.subarray(0, 11)), undefined);
  assert.equal(peekHeader(bytes.subarray(0, 12))?.id, 0x95fd);
});

test('owner names are compressed, names in record data are not, and the case of each is kept', () => {
  const answers = [
    record('Www.Example.com', 'CNAME', 'edge.example.com.'),
    record('edge.Example.com', 'A', '192.0.2.1'),
  ];
  const message = {
    ...query,
    questions: [{ name: 'Www.Example.com', type: 1, class: 1 }],
    answers,
    additionals: [],
  };
  const bytes = encodeMessage(message);
  assert.deepEqual(plain(decodeMessage(bytes)), plain(message));
  // header 12, question 17 + 4, then a pointer instead of the first owner name.
  assert.deepEqual(bytes.subarray(33, 35), hex('c00c'));
  assert.equal(lastRecordOffset(bytes), 33 + 12 + 18);
});

test('record data of the wrong shape is refused, also where updates leave it out', () => {
  const withRecord = (type: number, recordClass: number, data: string): Uint8Array => {
    const head = Buffer.from('000128000000000000010000' + '0161' + '00', 'hex');
    const rest = Buffer.alloc(10);
    rest.writeUInt16BE(type, 0);
    rest.writeUInt16BE(recordClass, 2);
    rest.writeUInt16BE(hex(data).length, 8);
    return Buffer.concat([head, rest, hex(data)]);
  };
  const types = recordTypes;
  for (const [what, type, data] of [
    ['A of three bytes', types.A, '010203'],
    ['A of five bytes', types.A, '0102030405'],
    ['A of none', types.A, ''],
    ['AAAA of four bytes', types.AAAA, '01020304'],
    ['CNAME cut off', types.CNAME, '0161'],
    ['CNAME with more behind it', types.CNAME, '01610000'],
    ['MX without a name', types.MX, '0001'],
    ['TXT without a string', types.TXT, ''],
    ['TXT with a string too long', types.TXT, '0261'],
    ['SOA without numbers', types.SOA, '0000'],
    ['CAA without a tag', types.CAA, '0000'],
    ['CAA with a tag too long', types.CAA, '000561'],
    ['CAA with an odd tag', types.CAA, '00012d61'],
  ] as const) {
    assert.throws(() => decodeMessage(withRecord(type, 1, data)), isMalformed, what);
  }
  assert.equal(decodeMessage(withRecord(types.A, 255, '')).authorities[0]!.data.length, 0);
  assert.equal(decodeMessage(withRecord(types.A, 254, '01020304')).authorities[0]!.data.length, 4);
  assert.equal(decodeMessage(withRecord(65280, 1, '')).authorities[0]!.data.length, 0);
});

test('compressed names inside record data come out whole', () => {
  // question "ab", answer MX 10 -> pointer to the question's name
  const bytes = hex(
    '0001 8000 0001 0001 0000 0000 02 6162 00 000f 0001 c00c 000f 0001 0000003c 0004 000a c00c',
  );
  assert.deepEqual(Buffer.from(decodeMessage(bytes).answers[0]!.data), Buffer.from(hex('000a 02 6162 00')));
});

test('extended response codes come from OPT, of which there is at most one, at the root', () => {
  const opt = ednsRecord({
    payloadBytes: 512,
    extendedRcode: 1,
    version: 0,
    wantsDnssec: false,
    options: [],
  });
  assert.equal(fullRcode({ ...query, additionals: [opt] }), rcodes.BADVERS);
  assert.throws(() => readEdns({ ...query, additionals: [opt, opt] }), isMalformed);
  assert.throws(() => readEdns({ ...query, additionals: [{ ...opt, name: 'a' }] }), isMalformed);
  assert.throws(
    () => readEdns({ ...query, additionals: [{ ...opt, data: hex('000a0002ff') }] }),
    isMalformed,
  );
  assert.equal(readEdns({ ...query, additionals: [{ ...opt, class: 0 }] })!.payloadBytes, 512);
});

test('numbers have names', () => {
  assert.equal(typeName(28), 'AAAA');
  assert.equal(typeName(65280), 'TYPE65280');
  assert.equal(typeNumber('caa'), 257);
  assert.equal(typeNumber('TYPE65535'), 65535);
  assert.equal(typeNumber('TYPE65536'), undefined);
  assert.equal(typeNumber('toString'), undefined);
  assert.equal(rcodeName(16), 'BADVERS');
  assert.equal(rcodeName(3), 'NXDOMAIN');
  assert.equal(rcodeName(12), 'RCODE12');
  assert.equal(opcodes.UPDATE, 5);
});

test('any message comes back as it was', () => {
  const name = fc
    .array(fc.stringMatching(/^[a-zA-Z0-9*_-]{1,12}$/), { maxLength: 5 })
    .map((labels) => labels.join('.'));
  const number = fc.nat(0xffff);
  const noPrototype = { noNullPrototype: true };
  const data = fc.uint8Array({ maxLength: 40 });
  const type = fc.integer({ min: 65_280, max: 65_534 });
  const opaque = fc.record({ name, type, class: number, ttlSeconds: fc.nat(0x7fffffff), data }, noPrototype);
  const records = fc.array(opaque, { maxLength: 6 });
  const message = fc.record({
    ...{
      id: number,
      opcode: fc.nat(15),
      rcode: fc.nat(15),
      isResponse: fc.boolean(),
      isAuthoritative: fc.boolean(),
    },
    ...{ isTruncated: fc.boolean(), wantsRecursion: fc.boolean(), offersRecursion: fc.boolean() },
    ...{ isAuthenticData: fc.boolean(), isCheckingDisabled: fc.boolean() },
    questions: fc.array(fc.record({ name, type: number, class: number }, noPrototype), { maxLength: 2 }),
    ...{ answers: records, authorities: records, additionals: records },
  });
  fc.assert(
    fc.property(message, (one) => assert.deepEqual(plain(decodeMessage(encodeMessage(one))), plain(one))),
  );
});

test('random bytes, and good messages with a byte changed, fail only with the decoder’s own error', () => {
  const tryDecoding = (bytes: Uint8Array): void => {
    try {
      const message = decodeMessage(bytes);
      readEdns(message);
      // What was read can be written, whatever it is.
      encodeMessage(message);
    } catch (error) {
      assert.ok(isMalformed(error), String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), tryDecoding));
  const answers = [
    record('a.example', 'MX', '10 b.example.'),
    record('a.example', 'SOA', 'a.example. b.example. 1 2 3 4 5'),
    record('a.example', 'CAA', '0 issue "ca.example"'),
    record('a.example', 'SRV', '1 2 3 c.a.example.'),
  ];
  const good = encodeMessage({ ...query, answers });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const changed = Uint8Array.from(good);
      changed[at] = value;
      tryDecoding(changed);
    }),
  );
});

// The byte layout, checked against the page that draws it: the table "Examples" in docs/protocol/tunnel.md holds the hex
// of whole frames, the table below what they mean, and both directions are run. The hex was made apart from this
// code, from the drawings alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import {
  decodeFrameHeader,
  encodeFrame,
  frameHeaderBytes,
  type FrameName,
  frameTypes,
} from './tunnel-frame.ts';
import * as message from './tunnel-message.ts';
import { decodeProbe, encodeProbe } from './tunnel-probe.ts';
import { needExactly } from './tunnel-payload.ts';
import {
  decodeAck,
  decodeConfigAck,
  decodePiece,
  encodeAck,
  encodeConfigAck,
  encodePiece,
} from './tunnel-versioned-text.ts';

interface Example {
  readonly type: FrameName;
  readonly streamId: number;
  readonly value: unknown;
}

interface Codec {
  readonly encode: (value: never) => Uint8Array;
  readonly decode: (payload: Buffer) => unknown;
}

const tunnelId = '8e2b2d2a-31f4-4a5e-9d0c-6b7f3c1d2e4f';
const instanceId = '01234567-89ab-4cde-8f01-23456789abcd';
const range = (length: number, from: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (from + i) & 0xff));

/** What the page's examples mean, by their names there. */
const examples: Readonly<Record<string, Example>> = {
  HELLO: {
    type: 'HELLO',
    streamId: 0,
    value: { version: 1, nonce: range(32, 0), wallMs: 1_767_225_600_000 },
  },
  AUTH: {
    type: 'AUTH',
    streamId: 0,
    value: {
      version: 1,
      tunnelId,
      instanceId,
      index: 2,
      signature: range(64, 0x40),
      info: { version: '0.1.0', arch: 'linux_x64' },
    },
  },
  'AUTH, in full': {
    type: 'AUTH',
    streamId: 0,
    value: {
      version: 1,
      tunnelId,
      instanceId,
      index: 2,
      signature: range(64, 0x40),
      info: {
        version: '0.2.0',
        arch: 'linux_arm64',
        features: ['remote-config'],
        hostname: 'pi',
        os: 'Linux 6.12',
        startedAtMs: 1_767_225_600_000,
      },
    },
  },
  WELCOME: { type: 'WELCOME', streamId: 0, value: { connectionId: 'c1', edgeName: 'edge.example.com' } },
  'WELCOME, in full': {
    type: 'WELCOME',
    streamId: 0,
    value: { connectionId: 'c1', edgeName: 'edge.example.com', management: 'remote' },
  },
  CLOSE: { type: 'CLOSE', streamId: 0, value: { code: 9, text: 'key was revoked' } },
  PING: { type: 'PING', streamId: 0, value: Buffer.from('40c3880000000000', 'hex') },
  PONG: { type: 'PONG', streamId: 0, value: Buffer.from('40c3880000000000', 'hex') },
  DRAIN: { type: 'DRAIN', streamId: 0, value: Buffer.alloc(0) },
  DRAIN_ACK: { type: 'DRAIN_ACK', streamId: 0, value: Buffer.alloc(0) },
  'RULES, first piece': {
    type: 'RULES',
    streamId: 0,
    value: { version: 7, isLast: false, bytes: Buffer.from('[') },
  },
  'RULES, last piece': {
    type: 'RULES',
    streamId: 0,
    value: { version: 7, isLast: true, bytes: Buffer.from(']') },
  },
  'RULES_ACK, accepted': {
    type: 'RULES_ACK',
    streamId: 0,
    value: { version: 7, isAccepted: true, text: '' },
  },
  'RULES_ACK, refused': {
    type: 'RULES_ACK',
    streamId: 0,
    value: { version: 7, isAccepted: false, text: 'no' },
  },
  OPEN: {
    type: 'OPEN',
    streamId: 1,
    value: {
      rulesVersion: 7,
      ruleIndex: 3,
      host: 'blog.example.com',
      client: { address: '203.0.113.7', port: 50_123 },
      local: { address: '198.51.100.1', port: 443 },
      destination: '',
      requestId: '9f3a',
    },
  },
  OPENED: { type: 'OPENED', streamId: 1, value: Buffer.alloc(0) },
  DATA: { type: 'DATA', streamId: 1, value: Buffer.from('hello') },
  FIN: { type: 'FIN', streamId: 1, value: Buffer.alloc(0) },
  RESET: { type: 'RESET', streamId: 4_294_967_295, value: { code: 7, text: 'refused' } },
  CREDIT: { type: 'CREDIT', streamId: 3, value: 196_608 },
  'CONFIG, first piece': {
    type: 'CONFIG',
    streamId: 0,
    value: { version: 12, isLast: false, bytes: Buffer.from('ingress:\n') },
  },
  'CONFIG, last piece': {
    type: 'CONFIG',
    streamId: 0,
    value: { version: 12, isLast: true, bytes: Buffer.from('- service: http_status:404\n') },
  },
  'CONFIG, given back': {
    type: 'CONFIG',
    streamId: 0,
    value: { version: 0, isLast: true, bytes: Buffer.alloc(0) },
  },
  'CONFIG_ACK, accepted': {
    type: 'CONFIG_ACK',
    streamId: 0,
    value: { version: 12, verdict: 'accepted', text: '' },
  },
  'CONFIG_ACK, refused': {
    type: 'CONFIG_ACK',
    streamId: 0,
    value: { version: 12, verdict: 'refused', text: 'no (line 2)' },
  },
  'CONFIG_ACK, outdated': {
    type: 'CONFIG_ACK',
    streamId: 0,
    value: { version: 12, verdict: 'outdated', text: '13' },
  },
  PROBE: {
    type: 'PROBE',
    streamId: 0,
    value: {
      number: 5,
      value: {
        hostname: 'nas.example.com',
        port: 443,
        path: '/.well-known/sallyport/probe/00112233445566778899aabbccddeeff',
      },
    },
  },
  'PROBE_RESULT, refused': {
    type: 'PROBE_RESULT',
    streamId: 0,
    value: { number: 5, value: { refused: 'no' } },
  },
  'PROBE_RESULT, stopped': {
    type: 'PROBE_RESULT',
    streamId: 0,
    value: {
      number: 6,
      value: {
        ...{ stoppedAt: 'connect', reason: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
        ...{ addresses: ['203.0.113.7'], address: '203.0.113.7', ms: { dns: 12 } },
        ...{ notBeforeMs: 0, notAfterMs: 0, status: 0, body: '' },
      },
    },
  },
};

const raw: Codec = { encode: (value) => value, decode: (payload) => payload };
const empty: Codec = {
  encode: (value) => value,
  decode: (payload) => {
    needExactly('frame', payload, 0);
    return payload;
  },
};

const codecs: Readonly<Record<FrameName, Codec>> = {
  HELLO: { encode: message.encodeHello, decode: message.decodeHello },
  AUTH: { encode: message.encodeAuth, decode: message.decodeAuth },
  WELCOME: { encode: message.encodeWelcome, decode: message.decodeWelcome },
  CLOSE: codeAndText('CLOSE'),
  PING: raw,
  PONG: raw,
  DRAIN: empty,
  DRAIN_ACK: empty,
  RULES: { encode: encodePiece, decode: (payload) => decodePiece('RULES', payload) },
  RULES_ACK: { encode: encodeAck, decode: decodeAck },
  CONFIG: { encode: encodePiece, decode: (payload) => decodePiece('CONFIG', payload) },
  CONFIG_ACK: { encode: encodeConfigAck, decode: decodeConfigAck },
  PROBE: { encode: encodeProbe, decode: (payload) => decodeProbe('PROBE', payload) },
  PROBE_RESULT: { encode: encodeProbe, decode: (payload) => decodeProbe('PROBE_RESULT', payload) },
  OPEN: { encode: message.encodeOpen, decode: message.decodeOpen },
  OPENED: empty,
  DATA: raw,
  FIN: empty,
  RESET: codeAndText('RESET'),
  CREDIT: {
    encode: (value: number) => {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(value);
      return out;
    },
    decode: message.decodeCredit,
  },
};

test('the page has an example of every frame type', () => {
  assert.deepEqual(
    new Set(Object.values(examples).map((example) => example.type)),
    new Set(Object.keys(frameTypes)),
  );
});

test('every example of the page is what the encoder makes and the decoder reads', () => {
  const fromPage = readExamples();
  assert.deepEqual([...fromPage.keys()], Object.keys(examples));
  for (const [name, { type, streamId, value }] of Object.entries(examples)) {
    const frame = fromPage.get(name)!;
    const payload = codecs[type].encode(value as never);
    assert.equal(
      encodeFrame(frameTypes[type], streamId, payload).toString('hex'),
      frame.toString('hex'),
      name,
    );
    const header = decodeFrameHeader(frame);
    assert.deepEqual(header, { payloadBytes: frame.length - 8, type: frameTypes[type], streamId }, name);
    assert.deepEqual(plain(codecs[type].decode(frame.subarray(frameHeaderBytes))), plain(value), name);
  }
});

test('a payload cut short is read as a shorter one or refused with the decoder’s own error', () => {
  for (const [name, { type, value }] of Object.entries(examples)) {
    const payload = Buffer.from(codecs[type].encode(value as never));
    for (let length = 0; length < payload.length; length++)
      decodes(codecs[type], payload.subarray(0, length), name);
  }
});

test('random payloads fail only with the decoder’s own error', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(codecs)),
      fc.uint8Array({ maxLength: 400 }),
      (codec, bytes) => {
        decodes(codec, Buffer.from(bytes), 'random');
      },
    ),
    { numRuns: 2000 },
  );
});

test('a payload with one byte changed fails only with the decoder’s own error', () => {
  const one = fc.tuple(fc.constantFrom(...Object.values(examples)), fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(one, ([{ type, value }, at, byte]) => {
      const payload = Buffer.from(codecs[type].encode(value as never));
      if (payload.length > 0) payload[at % payload.length] = byte;
      decodes(codecs[type], payload, type);
    }),
    { numRuns: 2000 },
  );
});

test('OPEN goes round for any strings', () => {
  const end = fc.record({ address: fc.string({ unit: 'grapheme', maxLength: 50 }), port: fc.nat(65_535) });
  const open = fc.record({
    rulesVersion: fc.nat(0xffff_ffff),
    ruleIndex: fc.nat(65_535),
    host: fc.string({ maxLength: 253 }),
    client: end,
    local: end,
    destination: fc.string({ unit: 'grapheme', maxLength: 300 }),
    requestId: fc.string({ maxLength: 64 }),
  });
  fc.assert(
    fc.property(open, (value) => {
      assert.deepEqual(plain(message.decodeOpen(message.encodeOpen(value))), plain(value));
    }),
  );
});

test('texts of CLOSE and RESET are cut at a character, and longer ones refused', () => {
  const long = 'é'.repeat(600);
  const payload = message.encodeCodeAndText(1, `x${long}`);
  assert.equal(message.decodeCodeAndText('RESET', payload).text, `x${'é'.repeat(511)}`);
  const tooLong = Buffer.concat([payload, Buffer.from('ab')]);
  assert.throws(() => message.decodeCodeAndText('RESET', tooLong), /longer than 1024/);
});

test('a HELLO of a later version is read as far as its number', () => {
  assert.equal(message.decodeHello(Buffer.from([2, 9, 9])).version, 2);
});

test('trailing bytes, flags beyond 1, empty credit and text that is not UTF-8 are refused', () => {
  const refused: readonly [FrameName, string][] = [
    ['HELLO', `01${'00'.repeat(41)}`],
    ['OPENED', '00'],
    ['RULES', '0000000102'],
    ['RULES_ACK', '0000000102'],
    ['CONFIG', '0000000102'],
    ['CONFIG_ACK', '0000000103'],
    ['PROBE', '000000055b5d'],
    ['PROBE_RESULT', '0000007b7d'],
    ['CREDIT', '00000000'],
    ['CREDIT', '0000000100'],
    ['CLOSE', '0001ff'],
    ['OPEN', '00000001000000000000' + '0000'.repeat(5) + '00'],
    ['OPEN', '00000001000000000000' + '0001'],
  ];
  for (const [type, hex] of refused) {
    assert.throws(() => codecs[type].decode(Buffer.from(hex, 'hex')), isProtocolViolation, `${type} ${hex}`);
  }
});

/** The table rows `| name | hex |` of the page's section "Examples". */
function readExamples(): Map<string, Buffer> {
  const page = readFileSync(new URL('../../docs/protocol/tunnel.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('## Examples'));
  const rows = section.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \|$/gm);
  return new Map(
    Array.from(rows, ([, name, hex]) => [name!.trim(), Buffer.from(hex!.replaceAll(' ', ''), 'hex')]),
  );
}

function decodes(codec: Codec, payload: Buffer, name: string): void {
  try {
    codec.decode(payload);
  } catch (error) {
    assert.ok(isProtocolViolation(error), `${name}: ${String(error)}`);
  }
}

function isProtocolViolation(error: unknown): boolean {
  return isSallyportError(error, 'protocol-violation');
}

function codeAndText(name: 'CLOSE' | 'RESET'): Codec {
  return {
    encode: (value: message.CodeAndText) => message.encodeCodeAndText(value.code, value.text),
    decode: (payload) => message.decodeCodeAndText(name, payload),
  };
}

/** Without prototypes, and with bytes as hex, so that views and copies compare equal. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      if (
        typeof item === 'object' &&
        item !== null &&
        'type' in item &&
        item.type === 'Buffer' &&
        'data' in item
      ) {
        return Buffer.from(item.data as number[]).toString('hex');
      }
      return item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item;
    }),
  );
}

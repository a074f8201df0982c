// ClientHellos: those that Node's own TLS (OpenSSL) makes, built ones of every size and split, and what is refused.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { type ClientHelloRead, maxHelloBytes, readClientHello } from './tls-client-hello.ts';

/** What OpenSSL sends first. */
async function opensslHello(options: {
  servername?: string;
  ALPNProtocols?: string[];
  ecdhCurve?: string;
}): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const pipe = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    connect({ socket: pipe, ...options }).on('error', reject);
  });
}

const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 255]);
const vector = (lengthBytes: 1 | 2, bytes: Buffer): Buffer =>
  Buffer.concat([lengthBytes === 1 ? Buffer.from([bytes.length]) : u16(bytes.length), bytes]);
const extension = (type: number, data: Buffer): Buffer => Buffer.concat([u16(type), vector(2, data)]);
const nameExtension = (name: string | Buffer, type = 0): Buffer =>
  extension(0, vector(2, Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name))])));

/** A message with these extensions; undefined: without the list. */
function message(extensions: readonly Buffer[] | undefined, tail = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 1),
    vector(1, Buffer.alloc(32, 2)),
    vector(2, Buffer.from('13011302', 'hex')),
    vector(1, Buffer.from([0])),
    ...(extensions ? [vector(2, Buffer.concat(extensions))] : []),
    tail,
  ]);
  const head = Buffer.from([1, 0, 0, 0]);
  head.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([head, body]);
}

/** Cut into records of so many bytes. */
function records(bytes: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    parts.push(Buffer.from([22, 3, 1]), vector(2, bytes.subarray(at, at + size)));
  return Buffer.concat(parts);
}

function hello(bytes: Buffer): Extract<ClientHelloRead, { kind: 'hello' }> {
  const read = readClientHello(bytes);
  assert.equal(read.kind, 'hello');
  return read as Extract<ClientHelloRead, { kind: 'hello' }>;
}

function refused(bytes: Buffer, why: RegExp): void {
  assert.throws(
    () => readClientHello(bytes),
    (error) => isSallyportError(error, 'protocol-violation') && why.test(error.message),
  );
}

test('what OpenSSL sends is read: name, ALPN, and the large hello of a post-quantum key share', async () => {
  const bytes = await opensslHello({ servername: 'nas.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  assert.ok(bytes.length > 1_300, `${bytes.length} bytes with a hybrid key share`);
  const { serverName, protocols } = hello(bytes);
  assert.equal(serverName, 'nas.example.com');
  assert.deepEqual(protocols, ['h2', 'http/1.1']);
  const classic = await opensslHello({ ecdhCurve: 'P-256' });
  assert.ok(classic.length < 700);
  assert.equal(hello(classic).serverName, '');
});

test('every beginning of a hello is incomplete, and never anything else', async () => {
  const bytes = await opensslHello({ servername: 'nas.example.com' });
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual(readClientHello(bytes.subarray(0, length)), { kind: 'incomplete' }, `${length} bytes`);
});

test('CVE-2026-32305 a hello in several records is the same hello, however it is cut', () => {
  const whole = message([nameExtension('nas.example.com'), extension(51, Buffer.alloc(1_800))]);
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 16_384 }), (size) => {
      const bytes = records(whole, size);
      assert.equal(hello(bytes).serverName, 'nas.example.com');
      const cut = bytes.subarray(0, bytes.length - 1);
      assert.equal(readClientHello(cut).kind, 'incomplete');
    }),
  );
  // The header of the message itself in pieces.
  assert.equal(
    hello(Buffer.concat([records(whole.subarray(0, 3), 1), records(whole.subarray(3), 16_384)])).serverName,
    'nas.example.com',
  );
});

test('a hello of the largest size passes, one byte more is refused at its header', () => {
  const empty = message([nameExtension('a.test'), extension(51, Buffer.alloc(0))]).length - 4;
  const largest = message([nameExtension('a.test'), extension(51, Buffer.alloc(maxHelloBytes - empty))]);
  assert.equal(hello(records(largest, 16_384)).serverName, 'a.test');
  const larger = message([nameExtension('a.test'), extension(51, Buffer.alloc(maxHelloBytes - empty + 1))]);
  refused(records(larger, 16_384).subarray(0, 9), /more than 32768/);
  refused(records(message([nameExtension('a.test')]), 1), /more than 64 records/);
});

test('a name is canonical; an address, or no name, is none; Encrypted ClientHello is seen', () => {
  assert.equal(
    hello(records(message([nameExtension('NAS.Example.com')]), 9_999)).serverName,
    'nas.example.com',
  );
  assert.equal(hello(records(message([nameExtension('192.0.2.1')]), 9_999)).serverName, '');
  assert.equal(hello(records(message(undefined), 9_999)).serverName, '');
  assert.equal(hello(records(message([]), 9_999)).serverName, '');
  const encrypted = hello(
    records(message([nameExtension('public.example'), extension(0xfe0d, Buffer.alloc(9))]), 9_999),
  );
  assert.deepEqual([encrypted.serverName, encrypted.isEncrypted], ['public.example', true]);
});

test('what could be read in two ways is refused', () => {
  const once = nameExtension('a.test');
  refused(Buffer.from('GET / HTTP/1.1\r\n'), /a record of type 71/);
  refused(Buffer.from('80 2e 01 03 01'.replaceAll(' ', ''), 'hex'), /a record of type 128/);
  refused(Buffer.from('160201', 'hex'), /version 2/);
  refused(Buffer.from('1603010000', 'hex'), /a record of 0 bytes/);
  refused(Buffer.from('1603014001', 'hex'), /a record of 16385 bytes/);
  refused(Buffer.from('16030100040200000000', 'hex'), /a handshake message of type 2/);
  refused(records(message([once, once]), 9_999), /extension 0 twice/);
  refused(records(message([once], Buffer.from([0])), 9_999), /bytes after the extensions/);
  refused(records(Buffer.concat([message([once]), Buffer.from([1])]), 9_999), /after the ClientHello/);
  refused(
    records(
      message([
        extension(
          0,
          vector(
            2,
            Buffer.concat([nameExtension('a.test').subarray(6), nameExtension('b.test').subarray(6)]),
          ),
        ),
      ]),
      9_999,
    ),
    /several server names/,
  );
  for (const bad of ['a..test', 'a.test.', 'a\u0000.test', 'a b', '*.test', 'x'.repeat(64)])
    refused(records(message([nameExtension(bad)]), 9_999), /no hostname/);
  refused(records(message([nameExtension('a.test', 1)]), 9_999), /no host_name/);
  refused(records(message([extension(16, vector(2, Buffer.from([0])))]), 9_999), /empty ALPN/);
  refused(records(message([extension(0, Buffer.alloc(0))]), 9_999), /cut off/);
});

test('whatever bytes come, the reader answers or refuses with its own error', () => {
  const good = records(
    message([nameExtension('a.test'), extension(16, vector(2, vector(1, Buffer.from('h2'))))]),
    9_999,
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const bytes = Buffer.from(good);
      bytes[at] = value;
      try {
        readClientHello(bytes);
      } catch (error) {
        assert.ok(isSallyportError(error, 'protocol-violation'), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

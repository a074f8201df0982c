import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { blockBytes } from '../stored-body.ts';
import {
  decodeFile,
  decodeFooter,
  encodeHeader,
  type EntryHeader,
  fileMagic,
  footerBytes,
} from './entry-file.ts';

const header: EntryHeader = {
  ...{
    key: 'sa.test/',
    vary: ['accept'],
    variant: 'accept:x\n',
    status: 200,
    list: ['A', '1'],
    isCodable: true,
  },
  ...{ requestWallMs: 1, receivedWallMs: 2, initialAgeMs: 3, lifetimeMs: 4, isAlwaysValidated: false },
  ...{ staleWhileRevalidateMs: 5, staleIfErrorMs: 6, staleIfUnreachableMs: 7, checksums: [] },
};

function sums(body: Buffer): number[] {
  return Array.from({ length: Math.ceil(body.length / blockBytes) }, (_, i) =>
    crc32(body.subarray(i * blockBytes, (i + 1) * blockBytes)),
  );
}

function fileOf(body: Buffer, change: Partial<EntryHeader> = {}): Buffer {
  return Buffer.concat([
    fileMagic,
    body,
    encodeHeader({ ...header, checksums: sums(body), ...change }, body.length),
  ]);
}

test('what is written is read back, whatever its size', () => {
  for (const size of [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes]) {
    const body = Buffer.alloc(size, 'x');
    const decoded = decodeFile(fileOf(body));
    assert.deepEqual(decoded?.body.equals(body), true, String(size));
    assert.deepEqual(decoded?.header, { ...header, checksums: sums(body) });
  }
});

test('a header that was appended later has the say', () => {
  const body = Buffer.from('body');
  const later = encodeHeader({ ...header, checksums: sums(body), lifetimeMs: 99 }, body.length);
  const decoded = decodeFile(Buffer.concat([fileOf(body), later]));
  assert.equal(decoded?.header.lifetimeMs, 99);
  assert.equal(decoded.body.toString(), 'body');
});

test('a file that is cut anywhere, or has one bit changed anywhere, is not believed', () => {
  const file = fileOf(Buffer.from('a body of some bytes'));
  for (let length = 0; length < file.length; length++)
    assert.equal(decodeFile(file.subarray(0, length)), undefined);
  for (let bit = 0; bit < file.length * 8; bit++) {
    const broken = Buffer.from(file);
    broken[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeFile(broken), undefined, `bit ${bit}`);
  }
});

test('a header of another shape is not believed, though its checksum is right', () => {
  const body = Buffer.from('x');
  for (const change of [{ list: ['odd'] }, { checksums: [] }, { status: 'x' }, { more: 1 }] as object[])
    assert.equal(decodeFile(fileOf(body, change as Partial<EntryHeader>)), undefined, JSON.stringify(change));
});

test('no bytes make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(1000), (bytes, size) => {
      decodeFile(Buffer.concat([fileMagic, bytes]));
      decodeFooter(bytes.slice(0, footerBytes), size);
    }),
  );
});

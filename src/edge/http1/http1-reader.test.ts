import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http1Reader } from './http1-reader.ts';

const limits = { headBytes: 65_536, targetBytes: 8_192, fields: 100 };
const text = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';

/** The head of a request whose body began to come with it, and the bytes that it came in. */
function readBeside(bodyBytes: number, lasts: boolean) {
  const reader = new Http1Reader(limits);
  const bytes = Buffer.from(text + 'x'.repeat(bodyBytes));
  assert.equal(reader.readHead(bytes, 0, lasts), text.length);
  assert.equal(reader.head.target, '/upload');
  return { head: reader.head, bytes };
}

test('a head is read where it stands if its bytes last', () => {
  const { head, bytes } = readBeside(100, true);
  assert.equal(head.source, bytes);
});

test('a head that is read from bytes which are written over has its own', () => {
  const { head, bytes } = readBeside(100, false);
  bytes.fill(0xdd);
  assert.equal(head.get('host'), 'a');
});

test('a head keeps no body alive that came with it', () => {
  const { head } = readBeside(60_000, true);
  assert.equal(head.source.length, text.length);
  assert.equal(head.get('content-length'), '100000');
});

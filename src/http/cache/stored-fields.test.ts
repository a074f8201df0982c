import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResponseHead } from '#wire/http1-start-line.ts';
import { Http1Head } from '#wire/http1-head.ts';
import { endToEndList, fieldLines, keptFields, notModifiedList, updatedFields } from './stored-fields.ts';

const keep = { heldBack: [], setCookie: 'keep' } as const;

test('what belongs to one hop is not kept, nor what Connection names', () => {
  const head = new Http1Head({ headBytes: 4096, targetBytes: 0, fields: 64 });
  const lines = [
    ...['Date: d', 'Connection: a, b', 'a: 1', 'b: 2', 'c: 3', 'Keep-Alive: k', 'TE: t', 'Upgrade: u'],
    ...[
      'Proxy-Authenticate: p',
      'Proxy-Authorization: p',
      'Proxy-Authentication-Info: p',
      'Content-Length: 3',
    ],
    ...[
      'Age: 7',
      'CF-Cache-Status: HIT',
      'Cache-Status: inner; hit',
      'Set-Cookie: x=y',
      'X-Sallyport-Error: no',
    ],
  ];
  parseResponseHead(head, Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`), 0);
  assert.deepEqual(keptFields(endToEndList(head), keep), [
    ...['Date', 'd', 'c', '3', 'Cache-Status', 'inner; hit', 'Set-Cookie', 'x=y'],
  ]);
});

test('held-back fields and cookies are left out where they must be', () => {
  const list = ['A', '1', 'Set-Cookie', 'x=y', 'b', '2'];
  assert.deepEqual(keptFields(list, { heldBack: ['a'], setCookie: 'strip' }), ['b', '2']);
  assert.deepEqual(keptFields(list, { heldBack: ['set-cookie'], setCookie: 'keep' }), ['A', '1', 'b', '2']);
});

test('a 304 replaces the fields it names and leaves the rest, and what describes the body', () => {
  const kept = [
    'Cache-Control',
    'max-age=1',
    'X',
    '1',
    'ETag',
    '"a"',
    'Content-Encoding',
    'br',
    'Set-Cookie',
    'a=b',
  ];
  const news = [
    ...['cache-control', 'max-age=9', 'x', '2', 'X', '3', 'Content-Encoding', 'gzip', 'Content-Length', '0'],
    ...['Content-Range', 'bytes 0-1/2', 'Connection', 'close', 'Set-Cookie', 'a=c'],
  ];
  assert.deepEqual(updatedFields(kept, news), [
    ...['ETag', '"a"', 'Content-Encoding', 'br'],
    ...['cache-control', 'max-age=9', 'x', '2', 'X', '3', 'Set-Cookie', 'a=c'],
  ]);
});

test('a 304 of our own repeats what a client needs and nothing of the body', () => {
  const kept = ['ETag', '"a"', 'Content-Type', 'text/html', 'Vary', 'x', 'Set-Cookie', 'a=b', 'Date', 'd'];
  assert.deepEqual(notModifiedList(kept), ['ETag', '"a"', 'Vary', 'x', 'Date', 'd']);
});

test('lists of fields survive the way through text', () => {
  const name = fc.stringMatching(/^[A-Za-z-]{1,12}$/);
  const value = fc.stringMatching(/^[!-~][ -~]{0,20}$/).map((text) => text.trim());
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), (pairs) => {
      const list = pairs.flat();
      const text = fieldLines(list);
      const fields = {
        get: () => undefined,
        forEach: () => undefined,
        writeEndToEnd: (out: Buffer, offset: number) => offset + out.latin1Write(text, offset),
      };
      assert.deepEqual(endToEndList(fields), list);
      assert.deepEqual(updatedFields(list, []), list);
    }),
  );
});

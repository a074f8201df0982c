// Heads of any bytes: a result or Http1Error, nothing else; and what is passed on can be read again as it was.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Http1Error } from './http1-error.ts';
import { findHeadEnd } from './http1-head-end.ts';
import { Http1Head } from './http1-head.ts';
import { parseRequestHead, parseResponseHead } from './http1-start-line.ts';

const limits = { headBytes: 1024, targetBytes: 256, fields: 16 };

/** What is passed on of a request with these field lines. */
function forwarded(lines: string): string {
  const head = new Http1Head(limits);
  parseRequestHead(head, Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, 'latin1'), 0);
  const out = Buffer.alloc(2048);
  return out.toString('latin1', 0, head.writeEndToEnd(out, 0));
}

function parseAnyhow(source: Buffer, parse: typeof parseRequestHead): void {
  const head = new Http1Head(limits);
  try {
    const end = findHeadEnd(source, 0, 0, limits);
    if (end < 0) return;
    parse(head, source, 0);
    assert.equal(head.end, end);
  } catch (error) {
    assert.ok(error instanceof Http1Error, String(error));
  }
}

describe('any bytes', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      '/',
      ' HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'Host: a',
      'Content-Length: ',
      '5',
      ':',
      ' ',
      '\t',
      'Transfer-Encoding: chunked',
      'Connection: ',
      'close',
      '\0',
      'HTTP/1.1 200 OK',
      'Upgrade: x',
      '\r\n\r\n',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 8 }),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const soup = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));

  test('end in a head or in Http1Error, and the end is where it was found', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const source = Buffer.from(text, 'latin1');
        parseAnyhow(source, parseRequestHead);
        parseAnyhow(source, parseResponseHead);
      }),
      { numRuns: 2000 },
    );
  });

  test('a head survives being written and read again', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/).map((text) => `Y-${text}`);
    const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), (fields) => {
        const lines = fields.map(([key, text]) => `${key}: ${text}\r\n`).join('');
        const once = forwarded(lines);
        assert.equal(once, lines);
        assert.equal(forwarded(once), once);
      }),
    );
  });
});

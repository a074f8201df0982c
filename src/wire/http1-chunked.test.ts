// Chunked bodies, split anywhere, with trailers, at their limits, and what must not pass for one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ChunkedDecoder, chunkEnd, chunkHeader, lastChunk } from './http1-chunked.ts';
import { Http1Error } from './http1-error.ts';

interface Decoded {
  readonly data: string;
  readonly isDone: boolean;
  /** Bytes taken in all. */
  readonly taken: number;
  readonly trailers: readonly string[] | null;
}

/** Feeds the pieces one after another. */
function decode(pieces: readonly string[], role: 'request' | 'response' = 'request'): Decoded {
  const decoder = new ChunkedDecoder(role);
  let data = '';
  let taken = 0;
  for (const piece of pieces) {
    const source = Buffer.from(piece, 'latin1');
    const end = decoder.decode(source, 0, (bytes) => (data += bytes.toString('latin1')));
    taken += end;
    if (end < source.length) assert.equal(decoder.isDone, true, 'stops early only at the end of the body');
  }
  const trailers: string[] = [];
  decoder.trailers?.forEach((name, value) => trailers.push(`${name}: ${value}`));
  return { data, isDone: decoder.isDone, taken, trailers: decoder.trailers && trailers };
}

function isRefused(pieces: readonly string[]): boolean {
  try {
    decode(pieces);
    return false;
  } catch (error) {
    assert.ok(error instanceof Http1Error, String(error));
    return true;
  }
}

const body =
  '5;a=b;c="d;\\" \t"\r\nhello\r\n00A\r\n0123456789\r\n1\r\n!\r\n000;z\r\nX-Sum: 7\r\nX-More: \t8 \r\n\r\n';

describe('a chunked body', () => {
  test('is the same however it was split', () => {
    const whole = decode([body]);
    assert.deepEqual(whole, {
      data: 'hello0123456789!',
      isDone: true,
      taken: body.length,
      trailers: ['X-Sum: 7', 'X-More: 8'],
    });
    for (let split = 1; split < body.length; split++) {
      assert.equal(decode([body.slice(0, split)]).isDone, false);
      assert.deepEqual(decode([body.slice(0, split), body.slice(split)]), whole, `split at ${split}`);
    }
    assert.deepEqual(decode(body.split('')), whole);
  });

  test('ends where it ends: pipelined bytes are left alone, wherever the split', () => {
    const next = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const end of ['0\r\n\r\n', '0\r\nX: y\r\n\r\n']) {
      const all = `3\r\nabc\r\n${end}${next}`;
      for (let split = 0; split < all.length - next.length; split++) {
        const result = decode([all.slice(0, split), all.slice(split)]);
        assert.equal(result.isDone, true);
        assert.equal(all.slice(result.taken), next);
      }
    }
  });

  test('leaves nothing behind for the next on the same connection', () => {
    const decoder = new ChunkedDecoder('request');
    decoder.decode(Buffer.from(body), 0, () => undefined);
    assert.notEqual(decoder.trailers, null);
    decoder.reset();
    assert.equal(decoder.isDone, false);
    decoder.decode(Buffer.from('0\r\n\r\n'), 0, () => assert.fail('no data'));
    assert.equal(decoder.isDone, true);
    assert.equal(decoder.trailers, null);
  });
});

describe('refused is', () => {
  for (const bytes of [
    '\r\n',
    ' 5\r\nhello\r\n',
    '5 \r\nhello\r\n',
    '+5\r\nhello\r\n',
    '-5\r\n',
    '0x5\r\nhello\r\n',
    'g\r\n',
    ';a\r\n',
    '5\nhello\r\n',
    '5\rhello',
    '5;a\nhello\r\n',
    '5;a\rb\r\nhello\r\n',
    '5;a\0\r\nhello\r\n',
    '5;a\x7f\r\nhello\r\n',
    '5;\r\nhello\r\n',
    '5;a;\r\nhello\r\n',
    '5; a\r\nhello\r\n',
    '5;a =b\r\nhello\r\n',
    '5;a=\r\nhello\r\n',
    '5;a==b\r\nhello\r\n',
    '5;a="b\r\nhello\r\n',
    '5;a="b"c\r\nhello\r\n',
    '5;a="\\\r\nhello\r\n',
    '5\r\nhello!\r\n',
    '5\r\nhello\n',
    '5\r\nhello\rX',
    '5\r\nhello0\r\n\r\n',
    '1234567890123\r\n',
    '0\r\n\n',
    '0\r\nX: y\n\r\n',
    '0\r\nX : y\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
    '0\r\nX\r\n\r\n',
    '0\r\nX: \0\r\n\r\n',
    '0\r\nContent-Length: 5\r\n\r\n',
    '0\r\ntransfer-ENCODING: chunked\r\n\r\n',
    '0\r\nHost: b\r\n\r\n',
    '0\r\nConnection: close\r\n\r\n',
    '0\r\nUpgrade: x\r\n\r\n',
    '0\r\nAuthorization: x\r\n\r\n',
    '0\r\nSet-Cookie: x\r\n\r\n',
    '0\r\nTrailer: x\r\n\r\n',
  ]) {
    test(JSON.stringify(bytes), () => {
      assert.equal(isRefused([bytes]), true);
      assert.equal(isRefused(bytes.split('')), true, 'byte by byte');
    });
  }
});

describe('limits', () => {
  test('an extension: at the limit and one past it', () => {
    assert.equal(isRefused([`1;${'x'.repeat(255)}\r\na\r\n`]), false);
    assert.equal(isRefused([`1;${'x'.repeat(256)}\r\na\r\n`]), true);
  });

  test('extensions may not outweigh the data for long', () => {
    const thin = `1;${'x'.repeat(200)}\r\na\r\n`;
    assert.equal(isRefused([thin.repeat(80)]), false);
    assert.equal(isRefused([thin.repeat(100)]), true);
    const fat = `3e8;${'x'.repeat(200)}\r\n${'a'.repeat(1000)}\r\n`;
    assert.equal(isRefused([fat.repeat(200)]), false);
  });

  test('a size of twelve digits, leading zeros counted', () => {
    assert.equal(isRefused(['ffffffffffff\r\n']), false);
    assert.equal(isRefused(['000000000005\r\nhello\r\n']), false);
    assert.equal(isRefused(['0000000000005\r\nhello\r\n']), true);
  });

  test('trailers: bytes and number', () => {
    assert.equal(isRefused([`0\r\nX: ${'y'.repeat(8000)}\r\n\r\n`]), false);
    assert.equal(isRefused([`0\r\nX: ${'y'.repeat(8200)}\r\n\r\n`]), true);
    assert.equal(isRefused([`0\r\nX: ${'y'.repeat(8300)}`]), true, 'before they are complete');
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('');
    assert.equal(isRefused([`0\r\n${lines(64)}\r\n`]), false);
    assert.equal(isRefused([`0\r\n${lines(65)}\r\n`]), true);
  });
});

test('a request may not say who the client is in a trailer, an origin may send what it likes', () => {
  const bytes = '0\r\nX-Real-IP: 6.6.6.6\r\nX_Sum: 1\r\nX-Sum: 7\r\n\r\n';
  const out = Buffer.alloc(256);
  for (const [role, wanted] of [
    ['request', 'X-Sum: 7\r\n'],
    ['response', 'X-Real-IP: 6.6.6.6\r\nX_Sum: 1\r\nX-Sum: 7\r\n'],
  ] as const) {
    const decoder = new ChunkedDecoder(role);
    decoder.decode(Buffer.from(bytes), 0, () => undefined);
    assert.equal(out.toString('latin1', 0, decoder.trailers!.writeEndToEnd(out, 0)), wanted);
  }
});

describe('any bytes', () => {
  test('end in data or in Http1Error', () => {
    const piece = fc.oneof(
      fc.constantFrom('0', '5', 'a', ';', '\r\n', '\r', '\n', 'hello', 'X: y', '0\r\n\r\n', '5\r\nhello\r\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 16 }),
        (pieces) => void isRefused(pieces.filter((text) => text !== '')),
      ),
      { numRuns: 2000 },
    );
  });

  test('come back as they were encoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
        fc.nat(99),
        (chunks, cut) => {
          const encoded = Buffer.concat([
            ...chunks.flatMap((chunk) => [Buffer.from(chunkHeader(chunk.length)), chunk, chunkEnd]),
            lastChunk,
          ]).toString('latin1');
          const at = cut % encoded.length;
          const { data, isDone } = decode([encoded.slice(0, at), encoded.slice(at)]);
          assert.equal(isDone, true);
          assert.deepEqual(Buffer.from(data, 'latin1'), Buffer.concat(chunks));
        },
      ),
    );
  });
});

// Datagrams on a stream: the examples of the page, every split, a round trip, and what is no datagram.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DatagramReader, datagramRoomBytes, encodeDatagram, maxDatagramBytes } from './tunnel-datagram.ts';

/** The table rows `| what | bytes | hex |` of the page's section "Datagrams". */
function readExamples(): { readonly datagram: Buffer; readonly framed: Buffer }[] {
  const page = readFileSync(new URL('../../docs/protocol/tunnel.md', import.meta.url), 'utf8');
  const section = page.slice(page.indexOf('### Datagrams'), page.indexOf('## Liveness'));
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  return Array.from(
    section.matchAll(/^\| [^|]+ \| `([0-9a-f ]*)` \| `([0-9a-f ]+)` \|$/gm),
    ([, plain, framed]) => ({
      datagram: hex(plain!),
      framed: hex(framed!),
    }),
  );
}

function readAll(reader: DatagramReader, pieces: readonly Uint8Array[]): Buffer[] | undefined {
  const found: Buffer[] = [];
  for (const piece of pieces)
    if (!reader.read(piece, (datagram) => void found.push(Buffer.from(datagram)))) return undefined;
  return found;
}

test('every example of the page is what the encoder makes and the reader reads', () => {
  const examples = readExamples();
  assert.ok(examples.length >= 3, `${examples.length} examples`);
  const memory = Buffer.alloc(datagramRoomBytes);
  for (const { datagram, framed } of examples) {
    assert.equal(encodeDatagram(datagram, memory).toString('hex'), framed.toString('hex'));
    assert.deepEqual(readAll(new DatagramReader(), [framed]), [datagram]);
  }
});

test('datagrams come whole, in order, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
      (datagrams, cuts) => {
        const memory = Buffer.alloc(datagramRoomBytes);
        const stream = Buffer.concat(datagrams.map((each) => Buffer.from(encodeDatagram(each, memory))));
        const pieces: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + cuts[i % cuts.length]!;
          pieces.push(stream.subarray(at, end));
          at = end;
        }
        assert.deepEqual(
          readAll(new DatagramReader(), pieces)?.map((each) => each.toString('hex')),
          datagrams.map((each) => Buffer.from(each).toString('hex')),
        );
      },
    ),
  );
});

test('the longest datagram passes, also in pieces, and one byte more is refused', () => {
  const longest = Buffer.alloc(maxDatagramBytes, 7);
  const framed = Buffer.from(encodeDatagram(longest, Buffer.alloc(datagramRoomBytes)));
  assert.deepEqual(readAll(new DatagramReader(), [framed]), [longest]);
  assert.deepEqual(readAll(new DatagramReader(), [framed.subarray(0, 1), framed.subarray(1)]), [longest]);
  const tooLong = Buffer.alloc(2);
  tooLong.writeUInt16BE(maxDatagramBytes + 1);
  assert.equal(readAll(new DatagramReader(), [tooLong]), undefined);
  assert.equal(readAll(new DatagramReader(), [tooLong.subarray(0, 1), tooLong.subarray(1)]), undefined);
});

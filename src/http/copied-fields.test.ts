import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http1Head } from '#wire/http1-head.ts';
import { parseResponseHead } from '#wire/http1-start-line.ts';
import { CopiedFields } from './copied-fields.ts';

test('a copy stays when the memory that the head stood in is written over', () => {
  const bytes = Buffer.from(
    'HTTP/1.1 200 OK\r\nCache-Control:  no-store \r\nConnection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n',
  );
  const head = new Http1Head({ headBytes: 1024, targetBytes: 0, fields: 16 });
  parseResponseHead(head, bytes, 0);
  const copy = new CopiedFields(head);
  bytes.fill(0xdd);

  assert.equal(copy.get('cache-control'), 'no-store');
  assert.equal(copy.get('connection'), undefined);
  assert.equal(copy.get('x-hop'), undefined);
  const seen: string[] = [];
  copy.forEach((name, value) => seen.push(`${name}: ${value}`));
  assert.deepEqual(seen, ['Cache-Control: no-store', 'Set-Cookie: a=1', 'Set-Cookie: b=2']);
  const out = Buffer.alloc(200);
  const end = copy.writeEndToEnd(out, 3);
  assert.equal(out.latin1Slice(3, end), `${seen.join('\r\n')}\r\n`);
});

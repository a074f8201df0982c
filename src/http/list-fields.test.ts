// The edge's own fields reach the client, those included that nobody else may send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListFields } from './list-fields.ts';

test('every field of an answer of our own is written, X-Sallyport-Error and X-Request-Id among them', () => {
  const fields = new ListFields([
    'X-Sallyport-Error',
    'no-connector',
    'X-Request-Id',
    'a1',
    'Retry-After',
    '5',
  ]);
  const out = Buffer.alloc(200);
  const end = fields.writeEndToEnd(out, 3);
  assert.equal(
    out.latin1Slice(3, end),
    'X-Sallyport-Error: no-connector\r\nX-Request-Id: a1\r\nRetry-After: 5\r\n',
  );
  assert.equal(fields.get('retry-after'), '5');
  assert.equal(fields.get('location'), undefined);
});

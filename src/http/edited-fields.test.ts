import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from './exchange.ts';
import { EditedFields, EditedHead } from './edited-fields.ts';
import { ListFields } from './list-fields.ts';

const base = new ListFields(['A', '1', 'ETag', '"x"', 'B', '2']);
const text = (fields: Fields): string => {
  const out = Buffer.alloc(500);
  out.write('>>');
  return out.latin1Slice(0, fields.writeEndToEnd(out, 2));
};
const list = (fields: Fields): string[] => {
  const all: string[] = [];
  fields.forEach((name, value) => void all.push(name, value));
  return all;
};

test('lines are added behind', () => {
  const fields = new EditedFields(base, 'C: 3\r\nD: 4: 5\r\n');
  assert.equal(text(fields), '>>A: 1\r\nETag: "x"\r\nB: 2\r\nC: 3\r\nD: 4: 5\r\n');
  assert.deepEqual(list(fields), ['A', '1', 'ETag', '"x"', 'B', '2', 'C', '3', 'D', '4: 5']);
  assert.deepEqual([fields.get('b'), fields.get('d'), fields.get('x')], ['2', '4: 5', undefined]);
});

test('names are left out whatever their case', () => {
  const fields = new EditedFields(base, 'ETag: W/"x"\r\n', new Set(['etag', 'a']));
  assert.equal(text(fields), '>>B: 2\r\nETag: W/"x"\r\n');
  assert.deepEqual(list(fields), ['B', '2', 'ETag', 'W/"x"']);
  assert.deepEqual([fields.get('etag'), fields.get('a')], ['W/"x"', undefined]);
  assert.equal(text(new EditedFields(base, '', new Set(['a', 'b', 'etag']))), '>>');
});

test('a head keeps its body unless another is named', () => {
  const head = { status: 200, fields: base, bodyKind: 'length', contentLength: 5 } as const;
  const { status, fields, bodyKind, contentLength } = new EditedHead(head, base);
  assert.deepEqual({ status, fields, bodyKind, contentLength }, head);
  const chunked = new EditedHead(head, base, { bodyKind: 'chunked', contentLength: -1 });
  assert.deepEqual([chunked.bodyKind, chunked.contentLength], ['chunked', -1]);
});

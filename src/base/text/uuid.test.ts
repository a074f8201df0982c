import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../random.ts';
import { createUuid } from './uuid.ts';

test('a UUID is of version 4, lower-case and never the same', () => {
  const ids = Array.from({ length: 100 }, () => createUuid(systemRandom));
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, 100);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labSchema } from './lab.ts';
import { settingsChangeSchema } from './setting.ts';

test('a change holds what was given and nothing else: a new title leaves how long a session lasts', () => {
  assert.deepEqual(settingsChangeSchema.parse({ title: 'Home' }), { title: 'Home' });
  assert.deepEqual(labSchema.shape.settings.parse({ auditKeptMs: 1 }), { auditKeptMs: 1 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { routeStepsShape } from '../../../../src/model/routes/route-steps.ts';
import { formOf, nameAsWords, type Setting, settingOf, startOf } from './setting.ts';

test('every step of a route has fields; nothing is left to be written as JSON', () => {
  for (const [name, schema] of Object.entries(routeStepsShape)) {
    assert.ok(!kindsIn(settingOf(schema)).has('json'), `${name} has a setting that no field can show`);
  }
});

function kindsIn(setting: Setting): Set<string> {
  const below =
    setting.kind === 'group'
      ? setting.fields.map((field) => field.setting)
      : setting.kind === 'either'
        ? setting.forms
        : setting.kind === 'list'
          ? [setting.item]
          : setting.kind === 'map'
            ? [setting.value]
            : [];
  return new Set([setting.kind, ...below.flatMap((each) => [...kindsIn(each)])]);
}

test('words, numbers and choices are told apart', () => {
  const kinds = [
    [z.string(), 'text'],
    [z.int().min(1), 'number'],
    [z.boolean(), 'switch'],
    [z.enum(['a', 'b']), 'choice'],
    [z.union([z.literal(301), z.literal(308)]), 'choice'],
    [z.array(z.string()), 'words'],
    [z.array(z.union([z.int(), z.enum(['2xx'])])), 'words'],
    [z.array(z.strictObject({ a: z.string() })), 'list'],
    [z.record(z.string(), z.string()), 'map'],
    [z.strictObject({ a: z.string() }), 'group'],
    [z.union([z.literal('off'), z.strictObject({ a: z.string() })]), 'either'],
    [z.unknown(), 'json'],
  ] as const;
  for (const [schema, kind] of kinds) assert.equal(settingOf(schema).kind, kind);
});

test('a value finds its form, and what is in none finds none', () => {
  const setting = settingOf(
    z.union([
      z.enum(['off', 'ignore']),
      z.strictObject({ keep: z.array(z.string()) }),
      z.strictObject({ drop: z.array(z.string()), sort: z.boolean().optional() }),
    ]),
  );
  assert.equal(setting.kind, 'either');
  const { forms } = setting as Extract<Setting, { kind: 'either' }>;
  assert.deepEqual(
    ['off', 'ignore', { keep: [] }, { drop: ['x'], sort: true }, { other: 1 }, 7].map((value) =>
      formOf(forms, value),
    ),
    [0, 1, 2, 3, -1, -1],
  );
});

test('a group starts with what it must have, and with nothing else', () => {
  const schema = z.strictObject({
    to: z.string(),
    status: z.int().default(308),
    path: z.string().optional(),
  });
  assert.deepEqual(startOf(settingOf(schema)), { to: '' });
  assert.deepEqual(startOf(settingOf(z.array(schema))), [{ to: '' }]);
});

test('names are read as words', () => {
  assert.deepEqual(['staleIfError', 'defaultTtl', 'cors', 'www'].map(nameAsWords), [
    ...['Stale if error', 'Default TTL', 'CORS', 'WWW'],
  ]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { faultText, plainIssues } from './schema-faults.ts';

const schema = z.strictObject({
  cache: z.union([
    z.literal('off'),
    z.strictObject({ ttl: z.int(), rules: z.array(z.strictObject({ to: z.string() })) }),
  ]),
});

/** The faults of a value, as "path: message". */
function faultsOf(value: unknown): string[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return plainIssues(issues).map((issue) => `${issue.path.join('.')}: ${faultText(issue)}`);
}

test('of several forms, the faults are inside the one that was meant', () => {
  assert.deepEqual(faultsOf({ cache: { ttl: 1, rules: [{ to: 'x' }, { to: 2 }] } }), [
    'cache.rules.1.to: expected string, received number',
  ]);
  assert.deepEqual(faultsOf({ cache: { ttl: 1, rules: [], tll: 2 } }), ['cache: Unrecognized key: "tll"']);
});

test('a value that is near no form is at fault itself', () => {
  assert.deepEqual(faultsOf({ cache: 'on' }), ['cache: expected "off"']);
  assert.deepEqual(faultsOf({}), ['cache: expected "off"']);
});

test('what is right has no faults', () => {
  assert.deepEqual(faultsOf({ cache: 'off' }), []);
});

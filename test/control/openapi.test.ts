// The OpenAPI document judged by somebody else's validator: the official schemas of OpenAPI 3.1, references and all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type OperationId, operations } from '#api/api.ts';
import type { Operation } from '#api/operation.ts';

interface Described {
  readonly operationId: OperationId;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const read = (): Description =>
  JSON.parse(readFileSync(new URL('../../src/api/openapi.json', import.meta.url), 'utf8')) as Description;

async function faultsOf(description: Record<string, unknown>): Promise<unknown> {
  const { valid, errors } = await new Validator().validate(description);
  return valid ? [] : errors;
}

test('the description of the API is valid OpenAPI 3.1', async () => {
  assert.deepEqual(await faultsOf({ ...read() }), []);
});

test('the validator tells what is wrong with a description', async () => {
  const noResponse = structuredClone(read()) as any; // oxlint-disable-line typescript/no-explicit-any
  noResponse.paths['/tunnels'].get.responses['200'] = { content: {} };
  assert.notDeepEqual(await faultsOf(noResponse), []);
  const noTarget = structuredClone(read()) as any; // oxlint-disable-line typescript/no-explicit-any
  noTarget.paths['/tunnels'].get.responses['401'] = { $ref: '#/components/responses/Nowhere' };
  await assert.rejects(async () => assert.deepEqual(await faultsOf(noTarget), []));
});

test('it describes every operation once, each parameter of its path, and what it answers', () => {
  const described = Object.entries(read().paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ path, verb, operation })),
  );
  assert.deepEqual(
    described.map(({ operation }) => operation.operationId).toSorted(),
    Object.keys(operations).toSorted(),
  );
  for (const { path, verb, operation } of described) {
    const { method, path: wanted }: Operation = operations[operation.operationId];
    assert.deepEqual([verb.toUpperCase(), path], [method, wanted]);
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    const inBraces = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(
      inPath.map(({ name }) => name),
      inBraces,
      operation.operationId,
    );
    const statuses = Object.keys(operation.responses);
    assert.ok(statuses.some((status) => /^[23]/.test(status)) && statuses.includes('401'), `${verb} ${path}`);
  }
});

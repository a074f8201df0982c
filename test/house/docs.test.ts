// The documents say what the code says: generated pages are current, examples load, the version is one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { version } from '#base/version.ts';
import { readConnectorConfig, requireValid } from '#config/connector-config.ts';
import { readEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { generatedDocs } from '../../docs/reference.ts';

const url = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(url(path), 'utf8');

test('the generated pages are what `npm run docs` writes', () => {
  for (const [file, text] of generatedDocs())
    assert.equal(read(`docs/${file}`), text, `docs/${file} is out of date`);
});

test('the examples load', () => {
  assert.equal(snapshotOf(readEdgeConfig(url('examples/edge.yml').pathname), 1).routes.length, 1);
  assert.equal(requireValid(readConnectorConfig(url('examples/config.yml').pathname)).rules.length, 2);
  const deployment = parse(read('examples/deployment.yml')) as { kind: string };
  assert.equal(deployment.kind, 'Deployment');
  for (const role of ['edge', 'connector'])
    assert.match(read(`examples/sallyport-${role}.service`), /^ExecStart=/m);
});

test('the version is that of package.json, and there is a glossary', () => {
  assert.equal(version, (JSON.parse(read('package.json')) as { version: string }).version);
  assert.match(read('docs/glossary.md'), /\*\*edge\*\*/);
});

// The documents say what the code says: generated pages are current, examples load, the version is one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { version } from '#base/version.ts';
import { commands } from '#cli/commands.ts';
import { parseArguments } from '#cli/parse-arguments.ts';
import { readConnectorConfig, requireValid } from '#config/connector-config.ts';
import { readEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { engineOptions, mallocSettings } from '../../bundle.ts';
import { generatedDocs } from '../../docs/reference.ts';

const url = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(url(path), 'utf8');

test('the generated pages are what `npm run docs` writes', () => {
  for (const [file, text] of generatedDocs())
    assert.equal(read(`docs/${file}`), text, `docs/${file} is out of date`);
});

test('a checkout and a service run with the settings that the bench measures', () => {
  const start = read('bin/sallyport');
  for (const option of engineOptions) assert.ok(start.includes(` ${option} `), option);
  for (const [name, value] of Object.entries(mallocSettings)) {
    assert.ok(start.includes(`export ${name}="\${${name}:-${value}}"`), name);
    for (const role of ['edge', 'connector'])
      assert.match(
        read(`examples/sallyport-${role}.service`),
        new RegExp(`^Environment=.*\\b${name}=${value}(?: |$)`, 'm'),
      );
  }
});

test('the examples load', () => {
  assert.equal(snapshotOf(readEdgeConfig(url('examples/edge.yml').pathname), 1).routes.length, 1);
  assert.equal(readEdgeConfig(url('examples/edge-shaping.yml').pathname).routes.length > 1, true);
  assert.equal(readEdgeConfig(url('examples/edge-dns.yml').pathname).dns?.serve?.zones.length, 1);
  assert.equal(requireValid(readConnectorConfig(url('examples/config.yml').pathname)).rules.length, 2);
});

test('the Deployment runs as cloudflared runs in a cluster: same words, variable and probe', () => {
  const { spec } = parse(read('examples/deployment.yml')) as {
    spec: { replicas: number; template: { spec: { containers: Record<string, unknown>[] } } };
  };
  assert.equal(spec.replicas, 2);
  const [container] = spec.template.spec.containers;
  const words = 'tunnel --no-autoupdate --loglevel info --metrics 0.0.0.0:2000 run';
  assert.deepEqual(container!['command'], ['sallyport', ...words.split(' ')]);
  assert.deepEqual(container!['env'], [
    { name: 'TUNNEL_TOKEN', valueFrom: { secretKeyRef: { name: 'tunnel-token', key: 'token' } } },
  ]);
  assert.deepEqual(container!['livenessProbe'], {
    httpGet: { path: '/ready', port: 2000 },
    ...{ failureThreshold: 1, initialDelaySeconds: 10, periodSeconds: 10 },
  });
  // The very words are understood.
  const { command } = parseArguments(words.split(' '), commands, {});
  assert.deepEqual(command?.words, ['tunnel', 'run']);
});

test('the systemd units run commands that exist', () => {
  for (const role of ['edge', 'connector']) {
    const line = /^ExecStart=\/usr\/local\/bin\/sallyport (.*)$/m.exec(
      read(`examples/sallyport-${role}.service`),
    );
    const { command } = parseArguments(line![1]!.split(' '), commands, {});
    assert.equal(command?.words.at(-1), 'run');
  }
});

test('the version is that of package.json, and there is a glossary', () => {
  assert.equal(version, (JSON.parse(read('package.json')) as { version: string }).version);
  assert.match(read('docs/glossary.md'), /\*\*edge\*\*/);
});

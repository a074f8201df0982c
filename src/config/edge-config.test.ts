import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeConfig } from './edge-config.ts';

test('an unknown key is an error with its line and what was meant', () => {
  const text = 'internalCa: true\nlisten:\n  htpp: 80\n';
  assert.throws(
    () => parseEdgeConfig(text, 'edge.yml'),
    /line 3: unknown key listen\.htpp; did you mean "http"\?/,
  );
});

test('a route to a tunnel that is not listed is an error with its line', () => {
  const text = 'internalCa: true\nroutes:\n  - hostname: a.example\n    tunnel: home\n';
  assert.throws(() => parseEdgeConfig(text, 'edge.yml'), /line 4: no tunnel is called "home"/);
});

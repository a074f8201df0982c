import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { composeConfig } from './edge-composition.ts';

const config = parseEdgeConfig(
  `internalCa: true
tunnels: [{ name: home, id: 6ff42ae2-765d-4adf-8112-31c55c1551ef, publicKeys: ['${'A'.repeat(43)}='] }]
routes:
  - { hostname: www.example.com, tunnel: home, canonicalHost: apex, prefix: { add: /site } }
  - { hostname: a.example, tunnel: home, canonicalHost: www }
  - { hostname: www.a.example, tunnel: home }
`,
  'edge.yml',
);

test('the second name of a site is served for its redirect, unless it has a route of its own', () => {
  const { routes } = composeConfig(config, undefined);
  assert.deepEqual(
    routes.map(({ hostname }) => hostname),
    ['www.example.com', 'a.example', 'www.a.example', 'example.com'],
  );
  assert.deepEqual(routes.at(-1)!.prefix, { add: '/site' });
});

test('what the store serves keeps its steps', () => {
  const served = {
    revision: 1,
    tunnels: [],
    routes: [{ hostname: 's.example', path: '/', tunnelId: 'x', prefix: { strip: '/s' } }],
  };
  const stored = composeConfig(config, served).routes.find(({ hostname }) => hostname === 's.example');
  assert.deepEqual(stored?.prefix, { strip: '/s' });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EdgeSnapshot } from '#model/edge-snapshot.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { ClaimedRoutes } from './claimed-routes.ts';

function snapshot(tunnels: Record<string, string[]>, routes: readonly [string, string][] = []): EdgeSnapshot {
  return {
    tunnels: Object.entries(tunnels).map(([id, hostnames]) => ({ id, name: id, publicKeys: [], hostnames })),
    routes: routes.map(([hostname, tunnelId]) => ({ hostname, path: '/', tunnelId })),
  } as unknown as EdgeSnapshot;
}

const rules = (...hostnames: string[]): PublishedRules =>
  ({ version: 1, rules: hostnames.map((hostname) => ({ hostname })) }) as PublishedRules;

function routesOf(claims: ClaimedRoutes, of: EdgeSnapshot): string[] {
  return claims.routes(of).map(({ hostname, tunnelId }) => `${hostname} ${tunnelId}`);
}

describe('claims', () => {
  test('count where the tunnel may make them, and nowhere else', () => {
    const claims = new ClaimedRoutes();
    claims.publish(
      't',
      rules('a.x.test', 'x.test', 'b.a.x.test', 'y.test', '*.x.test', '*.sub.x.test', '*.test', '', '*'),
    );
    assert.deepEqual(routesOf(claims, snapshot({ t: ['*.x.test'] })), [
      'a.x.test t',
      'b.a.x.test t',
      '*.x.test t',
      '*.sub.x.test t',
    ]);
    assert.deepEqual(routesOf(claims, snapshot({ t: ['y.test'] })), ['y.test t']);
    assert.deepEqual(routesOf(claims, snapshot({ t: [] })), []);
    assert.deepEqual(routesOf(claims, snapshot({})), []);
  });

  test('stand behind declared routes, and behind earlier tunnels', () => {
    const claims = new ClaimedRoutes();
    claims.publish('t', rules('a.test', 'b.test'));
    claims.publish('u', rules('b.test', 'c.test'));
    const all = snapshot({ t: ['a.test', 'b.test'], u: ['b.test', 'c.test'] }, [['a.test', 'u']]);
    assert.deepEqual(routesOf(claims, all), ['a.test u', 'b.test t', 'c.test u']);
  });

  test('change only when they change', () => {
    const claims = new ClaimedRoutes();
    assert.equal(claims.publish('t', rules('a.test', 'a.test', '')), true);
    assert.equal(claims.publish('t', rules('a.test')), false);
    assert.ok(claims.hasHeard('t') && !claims.hasHeard('u'));
    assert.equal(claims.publish('u', rules()), true, 'that a tunnel claims nothing is news, once');
    assert.equal(claims.publish('u', rules()), false);
    assert.equal(claims.publish('t', rules('b.test')), true);
    assert.equal(claims.publish('t', rules()), true);
    assert.deepEqual(routesOf(claims, snapshot({ t: ['a.test', 'b.test'] })), []);
  });
});

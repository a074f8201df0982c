// `originRequest.access` of a connector's rules: paths that a service may read as guarded ones, and audiences. And the keys
// with which a stranger verifies what a service is told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { directoryOf, type DeskWorld, startDeskWorld } from './desk-world.ts';
import { routeOf } from '../edge/world.ts';

const asking = (audTag = '') =>
  `\n    originRequest:\n      access: {required: true, teamName: home${audTag}}`;

describe('rules that ask for access', () => {
  let world: DeskWorld;
  let origin: RecordingOrigin;
  before(async () => {
    origin = await RecordingOrigin.start();
    world = await startDeskWorld([{ hostname: 'app.test', service: origin.url, paths: { '/': 'public' } }], {
      dashboardUrl: () => 'https://dash.test',
    });
    await world.keys.add(['RS256'], world.clock.wallMs());
    for (const connector of world.edge.connectors.splice(0)) await connector.close();
    await eventually('it has gone', () => world.edge.edge.tunnelConnections().length === 0);
    const rule = (hostname: string, path: string, more = ''): string =>
      `  - hostname: ${hostname}\n    path: ${path}\n    service: ${origin.url}${more}\n`;
    await world.edge.connect(
      [
        rule('app.test', '^/secret', asking()),
        rule('app.test', '^/Mixed/x', asking()),
        rule('app.test', '.*'),
        rule('team.test', '^/right', asking(', audTag: [other, tag-of-team]')),
        rule('team.test', '^/wrong', asking(', audTag: [other]')),
        rule('team.test', '^/host', asking(', audTag: [team.test]')),
      ].join(''),
    );
    world.desk.apply(directoryOf(world.clock, ['ada']));
    const policy = {
      rules: ['signed-in'],
      cache: 'off' as const,
      identity: ['cloudflare' as const],
      audience: 'tag-of-team',
    };
    world.edge.apply({
      routes: [
        routeOf('app.test', world.edge.credentials),
        { ...routeOf('team.test', world.edge.credentials), access: policy },
        { ...routeOf('team.test', world.edge.credentials), path: '/host', access: ['signed-in'] },
        { hostname: 'dash.test', path: '/', tunnelId: dashboardTunnelId } satisfies RouteEntry,
      ],
    });
  });
  after(async () => {
    await world.edge.close();
    await origin.close();
  });
  const ask = async (host: string, path: string, cookie = '') => {
    const field = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
    const [answer] = await world.edge.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${field}\r\n`, {
      serverName: 'app.test',
    });
    return answer!;
  };

  test('a path that a service may read as one of theirs is refused, whatever its case and however it is encoded', async () => {
    for (const path of [
      '/secret',
      '/secret/x',
      '/SECRET',
      '/Secret/x',
      '/%73ECRET',
      '/%2573ecret',
      '/mixed/X',
      '/MIXED/X',
    ]) {
      const { status, fields } = await ask('app.test', path);
      assert.ok(status === 403 || status === 400, `${path} ${status}`);
      assert.equal(fields['x-sallyport-error'] === 'access-required' || status === 400, true, path);
    }
    for (const path of ['/', '/public', '/a/secret', '/PUBLIC/Secret'])
      assert.equal((await ask('app.test', path)).status, 200, path);
    assert.ok(origin.requests.every(({ requestLine }) => !/^GET \/(secret|mixed)/i.test(requestLine)));
  });

  test('audTag takes visitors of routes with one of its audiences, and of nobody else', async () => {
    const visit = world.visit('team.test', 'session-ada', 'id-ada');
    assert.equal((await ask('team.test', '/right', visit)).status, 200);
    assert.equal((await ask('team.test', '/wrong', visit)).status, 403);
    assert.equal((await ask('team.test', '/host', visit)).status, 200);
    assert.notEqual((await ask('team.test', '/right')).status, 200);
  });

  test('a stranger verifies the assertion with what the issuer publishes at /cdn-cgi/access/certs', async () => {
    await ask('team.test', '/right', world.visit('team.test', 'session-ada', 'id-ada'));
    const told = origin.requests
      .flatMap(({ fields }) => fields)
      .find(([name]) => name.toLowerCase() === 'cf-access-jwt-assertion');
    const assertion = told![1];
    for (const host of ['dash.test', 'team.test']) {
      const { status, body } = await ask(host, '/cdn-cgi/access/certs');
      assert.equal(status, 200, host);
      const set = JSON.parse(body) as JSONWebKeySet;
      // Cloudflare's own samples fail at keys of another kind.
      assert.deepEqual([...new Set(set.keys.map(({ kty }) => kty))], ['RSA']);
      const options = {
        ...{ issuer: 'https://dash.test', audience: 'tag-of-team', algorithms: ['RS256'] },
        currentDate: new Date(world.clock.wallMs()),
      };
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(set), options);
      assert.deepEqual([payload['type'], payload['name'], payload.sub], ['app', 'ada', 'id-ada']);
      for (const wrong of [{ audience: 'other' }, { issuer: 'https://evil.test' }, { algorithms: ['ES256'] }])
        await assert.rejects(jwtVerify(assertion, createLocalJWKSet(set), { ...options, ...wrong }));
      const [head, , signature] = assertion.split('.');
      const forged = Buffer.from(JSON.stringify({ ...payload, name: 'eve' })).toString('base64url');
      await assert.rejects(jwtVerify(`${head}.${forged}.${signature}`, createLocalJWKSet(set), options));
    }
  });
});

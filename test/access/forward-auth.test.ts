// Proxies that ask the edge who may pass: what they must say, what is refused, and what they are told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ForwardAuth } from '#model/access/forward-auth.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';

const endpoint = '/.well-known/sallyport/forward-auth';
const forNginx = '/.well-known/sallyport/auth-request';
const pages = '/.well-known/sallyport/visitor-pages';
const site = 'wiki.example.com';

const forwardAuth: ForwardAuth = {
  from: ['127.0.0.0/8'],
  sites: [
    {
      ...{ hostname: site, path: '/', port: 8443 },
      access: [
        { deny: 'ip:203.0.113.0/24' },
        { allow: 'anyone', paths: '/share', methods: ['GET'] },
        { allow: 'ip:198.51.100.0/24', methods: ['GET'] },
        'group:family',
      ],
    },
    { hostname: site, path: '/admin', port: 8443, access: ['user:ada'] },
    { hostname: '*.open.example.com', path: '/', port: 443, access: 'public' },
  ],
};

describe('other proxies ask who may pass', () => {
  let world: DeskWorld;
  before(async () => {
    world = await startDeskWorld([{ hostname: 'sallyport.test', service: 'http://127.0.0.1:9', paths: {} }], {
      sitePort: (host) => (host === site ? 8443 : undefined),
    });
    world.desk.apply(directoryOf(world.clock, ['ada', 'bob']));
    const dashboard = { hostname: 'sallyport.test', path: '/', tunnelId: dashboardTunnelId };
    world.edge.apply({ routes: [dashboard], forwardAuth });
  });
  after(() => world?.edge.close());

  const send = async (
    path: string,
    fields: readonly (readonly [string, string])[],
    method = 'GET',
  ): Promise<RawResponse> => {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const bytes = `${method} ${path} HTTP/1.1\r\nHost: sallyport.test\r\n${lines}\r\n`;
    return (await world.edge.ask(bytes, { serverName: 'sallyport.test' }))[0]!;
  };
  const about = (path: string, more: Readonly<Record<string, string>> = {}): [string, string][] => [
    ['X-Forwarded-Method', more['method'] ?? 'GET'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', more['host'] ?? `${site}:8443`],
    ['X-Forwarded-Uri', path],
    ['X-Forwarded-For', more['for'] ?? '192.0.2.7'],
    ['Accept', more['accept'] ?? 'text/html'],
    ...(more['cookie'] === undefined ? [] : [['Cookie', more['cookie']] as [string, string]]),
  ];
  const cookieOf = (name: string): string => world.visit(site, `session-${name}`, `id-${name}`);

  test('whoever may pass is answered with 200 and who it is; every name is there, so that none of the visitor stays', async () => {
    const known = await send(endpoint, about('/page', { cookie: `theme=dark; ${cookieOf('bob')}` }));
    assert.equal(known.status, 200, known.body);
    assert.deepEqual(
      ['x-sallyport-user', 'x-sallyport-groups', 'x-sallyport-email', 'x-sallyport-token', 'cookie'].map(
        (name) => known.fields[name],
      ),
      ['bob', 'family', '', '', 'theme=dark'],
    );
    assert.match(known.fields['x-sallyport-assertion']!, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const stranger = await send(endpoint, [
      ...about('/share/x'),
      ['X-Sallyport-User', 'evil'],
      ['X-Sallyport-Assertion', 'evil'],
    ]);
    assert.equal(stranger.status, 200);
    for (const name of ['x-sallyport-user', 'x-sallyport-groups', 'x-sallyport-assertion'])
      assert.equal(stranger.fields[name], '', name);
    const anyone = await send(endpoint, about('/', { host: 'a.open.example.com' }));
    assert.equal(anyone.status, 200);
  });

  test('the policy of the site decides by method, path, address and user', async () => {
    const statusOf = async (path: string, more: Record<string, string> = {}): Promise<number> =>
      (await send(endpoint, about(path, { accept: '*/*', ...more }))).status;
    assert.equal(await statusOf('/share/x'), 200);
    assert.equal(await statusOf('/share/x', { method: 'POST' }), 401);
    assert.equal(await statusOf('/page'), 401);
    assert.equal(await statusOf('/page', { for: '198.51.100.9' }), 200);
    assert.equal(await statusOf('/page', { for: '198.51.100.9', method: 'DELETE' }), 401);
    assert.equal(await statusOf('/page', { for: '203.0.113.9', cookie: cookieOf('bob') }), 403);
    assert.equal(await statusOf('/admin/x', { cookie: cookieOf('bob') }), 403);
    assert.equal(await statusOf('/admin/x', { cookie: cookieOf('ada') }), 200);
    // Another site's cookie opens nothing here.
    const elsewhere = world.visit('other.example.com', 'session-bob', 'id-bob');
    assert.equal(await statusOf('/page', { cookie: elsewhere }), 401);
    assert.equal(await statusOf('/page', { method: 'HEAD', cookie: cookieOf('bob') }), 200);
    assert.equal(await statusOf('/page', { method: 'HEAD' }), 401);
  });

  test('only the address that the proxy added last counts, and one that nobody can read is none', async () => {
    const statusOf = async (value: string): Promise<number> =>
      (await send(endpoint, about('/page', { accept: '*/*', for: value }))).status;
    assert.equal(await statusOf('198.51.100.9, 192.0.2.7'), 401);
    assert.equal(await statusOf('192.0.2.7, 198.51.100.9'), 200);
    assert.equal(await statusOf('198.51.100.9, 127.0.0.5'), 200, 'over proxies that may ask');
    assert.equal(await statusOf('198.51.100.9, unknown'), 403, 'a rule turns away whom it cannot rule out');
    const two: [string, string][] = [
      ...about('/page', { accept: '*/*', for: '198.51.100.9' }),
      ['X-Forwarded-For', '192.0.2.7'],
    ];
    assert.equal((await send(endpoint, two)).status, 401);
  });

  test('a browser is led to the sign-in for the site as its visitors know it, with its port', async () => {
    const asked = await send(endpoint, about('/page?x=1'));
    assert.equal(asked.status, 302);
    const location = new URL(asked.fields['location']!);
    assert.equal(`${location.origin}${location.pathname}`, 'https://sallyport.test/access/sign-in');
    const ask = world.passage.readAsk(location.searchParams.get('ask')!, world.clock.wallMs())!;
    assert.deepEqual([ask.host, ask.port, ask.path], [site, 8443, '/page?x=1']);
    assert.match(asked.fields['set-cookie']!, /^__Host-sallyport-try=/);
    const program = await send(endpoint, about('/page', { accept: 'application/json' }));
    assert.equal(program.status, 401);
    assert.equal(program.fields['www-authenticate'], `Bearer realm="${site}"`);
  });

  test('the way back from the sign-in passes through the same question, once, in the browser that asked', async () => {
    const asked = await send(endpoint, about('/page'));
    const nonce = asked.fields['set-cookie']!.split(';')[0]!;
    const ask = world.passage.readAsk(
      new URL(asked.fields['location']!).searchParams.get('ask')!,
      world.clock.wallMs(),
    )!;
    const handOver = world.passage.formatHandOver({
      ...ask,
      ...{ sessionId: 'session-bob', userId: 'id-bob', number: 'n'.repeat(32) },
      expiresAtMs: world.clock.wallMs() + 30_000,
    });
    const back = `/.well-known/sallyport/sign-in?token=${handOver}`;
    assert.equal((await send(endpoint, about(back))).status, 403, 'another browser');
    assert.equal(
      (await send(endpoint, about(back, { host: 'x.open.example.com', cookie: nonce }))).status,
      403,
    );
    const arrived = await send(endpoint, about(back, { cookie: nonce }));
    assert.equal(arrived.status, 303);
    assert.equal(arrived.fields['location'], `https://${site}:8443/page`);
    const cookie = /__Host-sallyport-visit=[^;]+/.exec(arrived.fields['set-cookie']!)![0];
    assert.equal((await send(endpoint, about('/page', { cookie }))).status, 200);
    assert.equal((await send(endpoint, about(back, { cookie: nonce }))).status, 403, 'good once');
  });

  test("no page of the edge's own is an answer that lets something pass", async () => {
    for (const path of ['', '/', '/keys', '/share?token=x', '/password', '/forward-auth', '/nothing']) {
      for (const at of [endpoint, forNginx]) {
        const original: [string, string][] = [
          ['X-Original-Method', 'GET'],
          ['X-Original-URL', `https://${site}/.well-known/sallyport${path}`],
        ];
        const { status } = await send(at, [...about(`/.well-known/sallyport${path}`), ...original]);
        assert.ok(status >= 300, `${at} ${path}: ${status}`);
      }
    }
    const keys = await send(pages, about('/.well-known/sallyport/keys'));
    assert.equal(keys.status, 200, 'where the proxy hands the page on, it is shown');
  });

  test('nginx hears 200, 401 or 403 and nothing else, and says the request in its own way', async () => {
    const asking = (url: string, method = 'GET', cookie = 'a=b'): Promise<RawResponse> =>
      send(forNginx, [
        ...[['X-Original-Method', method] as const, ['X-Original-URL', url] as const],
        ...[['X-Forwarded-For', '192.0.2.7'] as const, ['Accept', 'text/html'] as const],
        ['Cookie', cookie],
        // A visitor may write these; nginx hands them on.
        ...about('/share/x', { method: 'GET' }).slice(0, 4),
      ]);
    assert.equal((await asking(`https://${site}:8443/page`)).status, 401);
    assert.equal((await asking(`https://${site}:8443/page`, 'GET', cookieOf('bob'))).status, 200);
    assert.equal((await asking(`https://${site}/admin`, 'GET', cookieOf('bob'))).status, 403);
    assert.equal((await asking('https://elsewhere.example.com/')).status, 403);
    assert.equal((await asking(`https://${site}/share/../page`)).status, 403);
    assert.equal((await asking('/page')).status, 403, 'not a whole address');
    // In the other form it is the other way round.
    const caddy = await send(endpoint, [
      ...about('/page', { accept: '*/*' }),
      ...[['X-Original-URL', `https://${site}/share/x`] as const, ['X-Original-Method', 'GET'] as const],
    ]);
    assert.equal(caddy.status, 401);
  });

  test('what a proxy leaves out, says twice, or writes so that a service may read it otherwise is refused', async () => {
    const whole = about('/share/x');
    for (const [name] of whole.slice(0, 4)) {
      const without = await send(
        endpoint,
        whole.filter(([each]) => each !== name),
      );
      assert.equal(without.status, 400, name);
      assert.match(without.body, new RegExp(`must send ${name}`));
      const value = whole.find(([each]) => each === name)![1];
      const twice = await send(endpoint, [...whole, [name.toLowerCase(), value]]);
      assert.equal(twice.status, 400, `${name} twice`);
    }
    for (const path of [
      ...[
        '/share/../page',
        '/share/%2e%2e/page',
        '/./share/x',
        '//share/x',
        '/share/..%2fpage',
        'share/x',
        '',
      ],
      ...['/share\\..\\page', '/share/x%00', '/share/%c0%ae%c0%ae/page', `https://${site}/share/x`, '*'],
    ]) {
      const { status } = await send(endpoint, about(path));
      assert.equal(status, 400, path);
    }
    for (const path of ['/share/%7Euser', '/share/%c3%a9', '/share/a%2Fb'])
      assert.equal((await send(endpoint, about(path))).status, 200, path);
    for (const path of ['/ADMIN/x', '/%2561dmin', '/x;/../admin'])
      assert.equal((await send(endpoint, about(path, { cookie: cookieOf('bob') }))).status, 400, path);
    for (const host of ['', 'evil host', `${site}, other.example.com`, `user@${site}`])
      assert.equal((await send(endpoint, about('/share/x', { host }))).status, 400, host);
    assert.equal((await send(endpoint, about('/share/x'), 'POST')).status, 405);
  });

  test('hostnames and paths that the owner does not list are refused', async () => {
    for (const host of ['other.example.com', 'open.example.com', 'sallyport.test', 'a.b.wiki.example.com']) {
      const refused = await send(endpoint, about('/', { host, cookie: cookieOf('ada') }));
      assert.equal(refused.status, 403, host);
      assert.match(refused.body, /No site of forwardAuth in edge\.yml/);
    }
  });

  test('everybody but the proxies that are named is refused, whatever he says of himself', async () => {
    world.edge.apply({
      trustedProxies: ['127.0.0.0/8'],
      forwardAuth: { ...forwardAuth, from: ['192.0.2.7'] },
    });
    const refused = await send(endpoint, about('/share/x', { for: '192.0.2.7' }));
    assert.equal(refused.status, 403);
    assert.match(refused.body, /Only the proxies that forwardAuth\.from in edge\.yml names may ask here/);
    world.edge.apply({ trustedProxies: [], forwardAuth });
    assert.equal((await send(endpoint, about('/share/x'))).status, 200);
    world.edge.apply({ forwardAuth: undefined });
    assert.notEqual(
      (await send(endpoint, about('/share/x'))).status,
      200,
      'nobody may ask where nothing is listed',
    );
    world.edge.apply({ forwardAuth });
  });
});

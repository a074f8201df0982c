// Signing in through the edge, as a browser does it: led to the dashboard's hostname and back, known at each site by a cookie
// of that site alone, and out everywhere within a second; and what an attacker tries on the way.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openRaw } from '../support/raw-client.ts';
import { eventually } from '../support/eventually.ts';
import { type Asking, form, type Seen, type Visitor } from './visitor.ts';
import { type AccessWorld, accessWorld, password } from './world.ts';

const visitName = '__Host-sallyport-visit';

describe('signing in through the edge', () => {
  let world: AccessWorld;
  before(async () => {
    world = await accessWorld();
    await world.protect('app.localhost', '/private', 'private');
    await world.protect('other.localhost', '/private', 'private');
    await world.protect('app.localhost', '/family', ['group:family']);
    await world.protect('app.localhost', '/machines', ['token:backup']);
    await world.addUser('ada', ['family']);
    await world.addUser('bob');
  });
  after(() => world?.close());

  const knock = async (visitor: Visitor, path = '/private/x?y=1', host = 'app.localhost'): Promise<Seen> =>
    await eventually('the route is in force', async () => {
      const seen = await visitor.ask(world.at(host, path));
      return seen.status === 302 ? seen : undefined;
    });

  const signedIn = async (name = 'ada', path = '/private/x?y=1'): Promise<Visitor> => {
    const visitor = world.visitor();
    await knock(visitor, path);
    const page = await visitor.open(world.at('app.localhost', path));
    const site = await visitor.signIn(page, name, password);
    assert.equal(site.status, 200, site.body);
    return visitor;
  };

  test('a browser is led to the sign-in and back to the page it wanted, and the origin learns who it is', async () => {
    const visitor = world.visitor();
    await knock(visitor);
    const page = await visitor.open(world.at('app.localhost', '/private/x?y=1'));
    assert.equal(new URL(page.url).hostname, 'sallyport.localhost');
    assert.equal(page.status, 200);
    assert.match(page.body, /Sign in to go on to app\.localhost/);
    assert.doesNotMatch(page.body, /<script/i);
    assert.match(
      String(page.headers['content-security-policy']),
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.equal(page.headers['x-frame-options'], 'DENY');
    const site = await visitor.signIn(page, 'ada', password);
    assert.equal(site.body, 'the site saw /private/x?y=1');
    const { headers } = world.served.at(-1)!;
    assert.equal(headers['x-sallyport-user'], 'ada');
    assert.equal(headers['x-sallyport-groups'], 'family');
    assert.equal(headers.cookie, undefined, "the edge's own cookies stay at the edge");
    const cookie = visitor.cookies.get('app.localhost')!;
    assert.deepEqual([...cookie.keys()], [visitName]);
  });

  test('what the origin is told is signed with a key that the edge publishes', async () => {
    const visitor = await signedIn();
    await visitor.ask(world.at('app.localhost', '/private/who'));
    const assertion = String(world.served.at(-1)!.headers['x-sallyport-assertion']);
    const [head, payload, signature] = assertion.split('.') as [string, string, string];
    const { body } = await visitor.ask(world.at('app.localhost', '/.well-known/sallyport/keys'));
    const { keys } = JSON.parse(body) as { keys: { readonly kid: string; readonly d?: string }[] };
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const jwk = keys.find((key) => key.kid === kid)!;
    assert.equal(jwk.d, undefined);
    const key = {
      key: createPublicKey({ key: jwk as never, format: 'jwk' }),
      dsaEncoding: 'ieee-p1363',
    } as const;
    const isSigned = verify(
      'sha256',
      Buffer.from(`${head}.${payload}`),
      key,
      Buffer.from(signature, 'base64url'),
    );
    assert.ok(isSigned);
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    assert.deepEqual(
      [claims['name'], claims['aud'], claims['groups']],
      ['ada', ['app.localhost'], ['family']],
    );
  });

  test('a second site asks for no password again, and its cookie is its own', async () => {
    const visitor = await signedIn();
    const seen = await visitor.open(world.at('other.localhost', '/private/second'));
    assert.equal(seen.body, 'the site saw /private/second');
    const [here, there] = ['app.localhost', 'other.localhost'].map((host) =>
      visitor.cookies.get(host)!.get(visitName),
    );
    assert.notEqual(here, there);
    // A cookie that a site's owner has stolen opens no other site.
    const thief = world.visitor();
    const stolen = { cookie: `${visitName}=${here}` };
    assert.equal((await thief.ask(world.at('app.localhost', '/private/'), { headers: stolen })).status, 200);
    assert.equal(
      (await thief.ask(world.at('other.localhost', '/private/'), { headers: stolen })).status,
      302,
    );
  });

  test('who has signed in and still may not is told so, and not asked again', async () => {
    const visitor = await signedIn('bob');
    const seen = await visitor.ask(world.at('app.localhost', '/family/album'));
    assert.equal(seen.status, 403);
    assert.equal(seen.headers['x-sallyport-error'], 'access-denied');
    assert.equal((await (await signedIn('ada')).ask(world.at('app.localhost', '/family/album'))).status, 200);
  });

  test('clients that cannot follow a redirect get 401 and a challenge', async () => {
    const visitor = world.visitor();
    await knock(visitor);
    const url = world.at('app.localhost', '/private/api');
    const attempts: readonly Asking[] = [
      { headers: { accept: '*/*' } },
      { headers: { accept: 'application/json' } },
      { headers: { 'sec-fetch-mode': 'cors' } },
      { method: 'POST', headers: { 'content-length': '0' } },
      { method: 'PROPFIND' },
      {
        headers: {
          ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        },
      },
    ];
    const count = world.served.length;
    for (const asking of attempts) {
      const seen = await visitor.ask(url, asking);
      assert.equal(seen.status, 401, JSON.stringify(asking));
      assert.match(String(seen.headers['www-authenticate']), /^Bearer realm="app\.localhost"$/);
      assert.equal(seen.headers.location, undefined);
    }
    assert.equal(world.served.length, count, 'nothing reached the origin');
  });

  test('a hand-over is good once, in the browser that asked, at its own site', async () => {
    const victim = await signedIn();
    const attacker = world.visitor();
    const asked = await knock(attacker, '/private/trap');
    // The victim opens the attacker's link; what comes back is bound to a nonce that only the attacker's browser holds.
    const handed = await victim.ask(asked.headers.location!);
    assert.equal(handed.status, 303);
    const back = handed.headers.location!;
    assert.equal(new URL(back).hostname, 'app.localhost');
    victim.cookies.get('app.localhost')!.clear();
    const refused = await victim.ask(back);
    assert.equal(refused.status, 403);
    assert.equal(victim.cookies.get('app.localhost')!.size, 0, 'no session is planted, and none is fixed');
    // In the right browser it works once, and at no other site.
    const own = await knock(victim, '/private/own');
    const token = new URL((await victim.ask(own.headers.location!)).headers.location!).search;
    const elsewhere = await victim.ask(world.at('other.localhost', `/.well-known/sallyport/sign-in${token}`));
    assert.equal(elsewhere.status, 403);
    const nonce = victim.cookies.get('app.localhost')!.get('__Host-sallyport-try')!;
    const once = await victim.ask(world.at('app.localhost', `/.well-known/sallyport/sign-in${token}`));
    assert.equal(once.status, 303);
    assert.equal(once.headers.location, world.at('app.localhost', '/private/own'));
    const replay = { cookie: `__Host-sallyport-try=${nonce}` };
    const twice = await world
      .visitor()
      .ask(world.at('app.localhost', `/.well-known/sallyport/sign-in${token}`), { headers: replay });
    assert.equal(twice.status, 403);
  });

  test('no address that somebody made up is followed', async () => {
    const visitor = await signedIn();
    for (const ask of ['', 'x', 'https://evil.example', 'eyJob3N0IjoiZXZpbC5leGFtcGxlIn0.AAAA']) {
      const url = `${world.dashboard.origin}/access/sign-in?ask=${encodeURIComponent(ask)}`;
      const seen = await visitor.ask(url);
      assert.equal(seen.status, 400, ask);
      assert.equal(seen.headers.location, undefined);
    }
    // A path that looks like a host stays a path of the site; a port that the client named is not come back to.
    const odd = await visitor.open(world.at('app.localhost', '/private//evil.example/'));
    assert.equal(new URL(odd.url).host, `app.localhost:${world.edge.port}`);
    const forged = world.visitor();
    const asked = await forged.ask(world.at('app.localhost', '/private/x'), {
      headers: { host: 'app.localhost:1' },
    });
    forged.cookies.set('sallyport.localhost', visitor.cookies.get('sallyport.localhost')!);
    const handed = await forged.ask(asked.headers.location!);
    assert.equal(new URL(handed.headers.location!).host, `app.localhost:${world.edge.port}`);
  });

  test("another site's page signs nobody in, and out", async () => {
    const visitor = world.visitor();
    await knock(visitor);
    const page = await visitor.open(world.at('app.localhost', '/private/x'));
    const action = page.url;
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      const asking = form(action, { name: 'bob', password });
      const seen = await visitor.ask(action, { ...asking, headers: { ...asking.headers, ...headers } });
      assert.equal(seen.status, 403);
    }
    const signed = await signedIn();
    const out = `${world.dashboard.origin}/access/sign-out`;
    const asking = form(out, {});
    const forged = { ...asking, headers: { ...asking.headers, 'sec-fetch-site': 'same-site' } };
    assert.equal((await signed.ask(out, forged)).status, 403);
    assert.equal((await signed.ask(world.at('app.localhost', '/private/'))).status, 200);
  });

  test('a wrong password says so and nothing more; the name is shown escaped', async () => {
    const visitor = world.visitor();
    await knock(visitor);
    const page = await visitor.open(world.at('app.localhost', '/private/x'));
    const wrong = await visitor.signIn(page, '"><script>alert(1)</script>', 'not the password');
    assert.equal(wrong.status, 401);
    assert.match(wrong.body, /The name or the password is not right/);
    assert.doesNotMatch(wrong.body, /<script/);
  });

  test('signing out ends every site, and what is under way, within a second (closing list f)', async () => {
    const visitor = await signedIn();
    await visitor.open(world.at('other.localhost', '/private/second'));
    const cookie = `${visitName}=${visitor.cookies.get('app.localhost')!.get(visitName)}`;
    const tls = { serverName: 'app.localhost', ca: world.edge.ca, alpn: ['http/1.1'] };
    const open = await openRaw({ port: world.edge.port, tls });
    const head = `Host: app.localhost\r\nCookie: ${cookie}\r\n`;
    open.send(
      `GET /private/socket HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await open.waitFor('101');
    const endless = await openRaw({ port: world.edge.port, tls });
    endless.send(`GET /private/endless HTTP/1.1\r\n${head}\r\n`);
    await endless.waitFor('it goes on');
    const out = `${world.dashboard.origin}/access/sign-out`;
    const seen = await visitor.ask(out, form(out, {}));
    assert.match(seen.body, /Signed out/);
    await eventually('the download is cut', () => endless.end !== 'open');
    await eventually(
      'the WebSocket is told goodbye or cut',
      () => open.received.length > 0 && (open.end !== 'open' || open.received.includes(Buffer.from([0x88]))),
    );
    for (const host of ['app.localhost', 'other.localhost'])
      assert.equal((await visitor.ask(world.at(host, '/private/'))).status, 302, host);
    open.socket.destroy();
    endless.socket.destroy();
  });

  test('a disabled user is out, with the same cookie', async () => {
    await world.addUser('eve');
    const visitor = await signedIn('eve');
    await world.api.updateUser({ params: { user: 'eve' }, body: { isDisabled: true } });
    await eventually('eve is out', async () => {
      const { status } = await visitor.ask(world.at('app.localhost', '/private/'));
      return status === 302;
    });
  });
});

// Signing in with an OpenID Connect issuer: a real one on one side, our API over real HTTP on the other.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type OidcIssuer, oidcIssuerSchema } from '#model/access/oidc-issuer.ts';
import {
  apiPathOf,
  clientSecret,
  type IssuerUser,
  signInByIssuer,
  startIssuer,
  visitIssuer,
} from './issuer.ts';
import { type Browser, signInWorld, type SignInWorld } from './sign-in-world.ts';

const origin = 'https://sallyport.example.com';
const redirectUri = `${origin}/api/v1/sign-in/oidc/test/callback`;

describe('an issuer', () => {
  let world: SignInWorld;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  let settings: OidcIssuer;
  let secretInFile = clientSecret;
  let number = 0;

  const set = (change: Partial<OidcIssuer> = {}): void => {
    settings = {
      ...oidcIssuerSchema.parse({
        id: 'test',
        name: 'Test',
        issuer: issuer.url,
        clientId: 'sallyport',
        clientSecretFile: '/secret',
        scopes: ['profile', 'email', 'groups'],
      }),
      ...change,
    };
  };
  /** A browser on a network of its own, as often as needed. */
  const guest = (): Browser => world.browser(`10.${number >> 8}.${number++ & 255}.1`);
  const arrive = (subject: string, claims: IssuerUser): void => {
    issuer.users.set(subject, claims);
    issuer.next.subject = subject;
    delete issuer.next.error;
  };
  const errorOf = (location: string | undefined): string => location!.split('?error=')[1]!;

  before(async () => {
    issuer = await startIssuer({ redirectUri });
    set();
    world = await signInWorld({
      oidc: { issuers: () => [settings], readSecretFile: () => Promise.resolve(secretInFile) },
    });
    await world.addUser('ada', 'owner');
  });
  beforeEach(() => set());
  after(async () => {
    issuer.close();
    await world.close();
  });

  test('is offered, and asked with PKCE, state and nonce, which only this browser can answer for', async () => {
    const browser = guest();
    const ways = (await browser.call('GET', '/sign-in')).body;
    assert.deepEqual(ways.issuers, [{ id: 'test', name: 'Test' }]);
    assert.ok(ways.methods.includes('oidc'));
    const start = await browser.call('GET', '/sign-in/oidc/test');
    assert.equal(start.status, 303);
    assert.match(
      start.headers['set-cookie']![0]!,
      /^__Host-sallyport-issuer=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    );
    const asked = new URL(start.headers.location!);
    assert.equal(asked.origin, issuer.url);
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(asked.searchParams);
    for (const value of [state, nonce, code_challenge]) assert.match(value!, /^[\w-]{43}$/);
    assert.deepEqual(rest, {
      client_id: 'sallyport',
      code_challenge_method: 'S256',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile email groups',
    });
    assert.equal(
      (await guest().call('GET', '/sign-in/oidc/other')).headers.location,
      `${origin}/sign-in?error=refused`,
    );
  });

  test('lets nobody in who is not known here, unless new users are allowed; then with the role of his groups', async () => {
    arrive('s-1', {
      preferred_username: 'Zoë Łuk',
      name: 'Zoë',
      email: 'zoe@example.com',
      email_verified: true,
      groups: ['staff'],
    });
    const refused = await signInByIssuer(guest());
    assert.equal(refused.headers.location, `${origin}/sign-in?error=no-account`);
    set({ allowNew: true, roles: { admins: 'admin', staff: 'viewer' } });
    const browser = guest();
    const answer = await signInByIssuer(browser, '?returnTo=%2Froutes%3Fsort%3Dhostname');
    assert.deepEqual([answer.status, answer.headers.location], [303, `${origin}/routes?sort=hostname`]);
    const me = (await browser.call('GET', '/me')).body.user;
    assert.deepEqual(
      [me.name, me.displayName, me.email, me.role, me.hasPassword],
      ['Zoe-uk', 'Zoë', 'zoe@example.com', 'viewer', false],
    );
    assert.deepEqual(me.identities, [{ issuer: issuer.url, subject: 's-1' }]);
    assert.equal((await browser.call('GET', '/me/sessions')).body.items[0].method, 'oidc');
    const [event] = (await world.audit()).filter(({ action }) => action === 'signed in');
    assert.deepEqual([event!.objectName, (event!.after as { by: string }).by], ['Zoe-uk', 'test']);
  });

  test('groups are looked at anew each time: up, down with the old sessions ended, and out', async () => {
    set({ roles: { admins: 'admin', staff: 'viewer' } });
    const [old, now] = [guest(), guest()];
    arrive('s-1', { groups: ['staff'] });
    await signInByIssuer(old);
    assert.equal((await old.call('GET', '/me')).body.user.role, 'viewer');
    arrive('s-1', { groups: ['staff', 'admins', 'owner', '__proto__'] });
    await signInByIssuer(now);
    assert.equal((await now.call('GET', '/me')).body.user.role, 'admin');
    assert.equal((await old.call('GET', '/me')).status, 401, 'the session of the viewer has ended');
    arrive('s-1', { groups: ['others'] });
    const out = await signInByIssuer(guest());
    assert.equal(out.headers.location, `${origin}/sign-in?error=no-role`);
    assert.equal((await now.call('GET', '/me')).status, 401, 'who is out is out everywhere');
    set({ roles: { admins: 'admin' }, role: 'viewer' });
    assert.equal((await signInByIssuer(now)).headers.location, `${origin}/`);
    assert.equal(
      (await now.call('GET', '/me')).body.user.role,
      'viewer',
      'the role of whoever is in no group',
    );
  });

  test('groups may be a list in an object, or one word; what is neither is none', async () => {
    set({ allowNew: true, roles: { ops: 'admin' }, groupsClaim: 'realm_access.roles' });
    const table: [IssuerUser, boolean][] = [
      [{ realm_access: { roles: ['x', 'ops'] } }, true],
      [{ realm_access: { roles: 'ops' } }, true],
      [{ realm_access: { roles: [{ ops: 1 }, 7, null] } }, false],
      [{ realm_access: 'ops' }, false],
      [{}, false],
    ];
    for (const [i, [claims, isIn]] of table.entries()) {
      arrive(`g-${i}`, claims);
      const browser = guest();
      const answer = await signInByIssuer(browser);
      assert.equal(
        answer.headers.location === `${origin}/`,
        isIn,
        JSON.stringify([claims, answer.headers.location]),
      );
    }
  });

  test('a mail address links only when it is verified, the owner allows it, and an owner wrote it down', async () => {
    await world.local.call('POST', '/users', { body: { name: 'mia', email: 'mia@example.com' } });
    const tries: [string, Partial<OidcIssuer>, IssuerUser][] = [
      ['not allowed', {}, { email: 'mia@example.com', email_verified: true }],
      ['not verified', { linkByMail: true }, { email: 'mia@example.com', email_verified: false }],
      ['verified by nobody', { linkByMail: true }, { email: 'mia@example.com' }],
      ['another address', { linkByMail: true }, { email: 'mia@example.org', email_verified: true }],
    ];
    for (const [what, change, claims] of tries) {
      set(change);
      arrive('mia-there', claims);
      assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'no-account', what);
    }
    // The viewer writes the address of somebody whom the issuer will vouch for.
    const viewer = world.browser();
    await world.addUser('vic', 'viewer');
    await viewer.signIn('vic');
    await viewer.call('PATCH', '/me', { body: { email: 'boss@example.com' } });
    set({ linkByMail: true });
    arrive('boss-there', { email: 'boss@example.com', email_verified: true });
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'no-account');
    set({ linkByMail: true });
    arrive('mia-there', { email: 'MIA@example.com', email_verified: true });
    const browser = guest();
    assert.equal((await signInByIssuer(browser)).headers.location, `${origin}/`);
    assert.equal((await browser.call('GET', '/me')).body.user.name, 'mia');
    // The address was given to a new person there.
    arrive('mia-the-second', { email: 'mia@example.com', email_verified: true });
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'no-account');
    // Linked, the subject counts, whatever the address.
    set();
    arrive('mia-there', { email: 'married@example.com' });
    assert.equal((await signInByIssuer(guest())).headers.location, `${origin}/`);
  });

  test('a disabled user stays out', async () => {
    await world.local.call('PATCH', '/users/mia', { body: { isDisabled: true } });
    arrive('mia-there', {});
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'disabled');
  });

  test('the last owner stays one, whatever his groups say', async () => {
    const ada = world.browser();
    await ada.signIn('ada');
    arrive('ada-there', { groups: ['staff'] });
    assert.equal(
      (await signInByIssuer(ada, '?link=true&returnTo=%2Faccount')).headers.location,
      `${origin}/account`,
    );
    assert.equal((await ada.call('GET', '/me')).body.user.identities.length, 1);
    set({ roles: { staff: 'viewer' } });
    const browser = guest();
    assert.equal((await signInByIssuer(browser)).headers.location, `${origin}/`);
    assert.equal((await browser.call('GET', '/me')).body.user.role, 'owner');
  });

  test('an account is linked from within, by one user only, and taken off again', async () => {
    await world.addUser('eve', 'viewer');
    const eve = world.browser();
    await eve.signIn('eve');
    arrive('ada-there', {});
    const taken = await signInByIssuer(eve, '?link=true&returnTo=%2Faccount');
    assert.equal(taken.headers.location, `${origin}/account?error=taken`);
    const stranger = await guest().call('GET', '/sign-in/oidc/test?link=true');
    assert.equal(
      stranger.headers.location,
      `${origin}/sign-in?error=refused`,
      'nobody has nothing to link with',
    );
    const ada = world.browser();
    await ada.signIn('ada');
    const body = { issuer: issuer.url, subject: 'ada-there' };
    assert.equal((await eve.call('POST', '/me/identities/remove', { body })).status, 404);
    assert.equal((await ada.call('POST', '/me/identities/remove', { body })).body.identities.length, 0);
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'no-account');
  });

  test('what comes back counts once, in the browser that began, for this issuer, within ten minutes', async () => {
    set({ allowNew: true, role: 'viewer' });
    arrive('s-9', { preferred_username: 'nine' });
    const begin = async (browser: Browser): Promise<string> => {
      const start = await browser.call('GET', '/sign-in/oidc/test');
      return apiPathOf(await visitIssuer(start.headers.location!, origin));
    };
    const isLate = async (browser: Browser, path: string, why: string) => {
      const { headers } = await browser.call('GET', path, { headers: { 'sec-fetch-site': 'cross-site' } });
      assert.equal(headers.location, `${origin}/sign-in?error=too-late`, why);
      assert.equal(browser.cookies.has('__Host-sallyport'), false, why);
    };
    const victim = guest();
    await victim.call('GET', '/sign-in/oidc/test');
    await isLate(victim, await begin(guest()), 'an attacker sends his own way back to somebody (login CSRF)');
    const one = guest();
    const path = await begin(one);
    const cookie = one.cookies.get('__Host-sallyport-issuer')!;
    assert.equal((await one.call('GET', path)).headers.location, `${origin}/`);
    const again = guest();
    again.cookies.set('__Host-sallyport-issuer', cookie);
    await isLate(again, path, 'a second time');
    const late = guest();
    const latePath = await begin(late);
    world.clock.advance(600_000);
    await isLate(late, latePath, 'too late');
    const none = guest();
    await isLate(none, '/sign-in/oidc/test/callback', 'without anything');
    await isLate(none, '/sign-in/oidc/test/callback?code=x&state=y', 'with things made up');
  });

  test('a code, a state or an issuer that was tampered with is refused', async () => {
    set({ allowNew: true, role: 'viewer' });
    arrive('s-9', {});
    const tamper = async (change: (query: URLSearchParams) => void, location: string) => {
      const browser = guest();
      const start = await browser.call('GET', '/sign-in/oidc/test');
      const back = new URL(await visitIssuer(start.headers.location!, origin));
      change(back.searchParams);
      const answer = await browser.call('GET', apiPathOf(back.href));
      assert.equal(answer.headers.location, `${origin}/sign-in?error=${location}`);
      assert.equal(browser.cookies.has('__Host-sallyport'), false);
    };
    await tamper((query) => query.set('code', 'another'), 'refused');
    await tamper((query) => query.delete('code'), 'refused');
    await tamper((query) => query.set('iss', 'https://evil.example.com'), 'refused');
    await tamper((query) => query.delete('iss'), 'refused');
    await tamper((query) => query.set('state', 'another'), 'too-late');
  });

  test('a wrong client secret is refused; the right one in the file counts at the next sign-in', async () => {
    set({ allowNew: true, role: 'viewer' });
    arrive('s-9', {});
    secretInFile = 'a secret that only one of them knows';
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'refused');
    secretInFile = clientSecret;
    assert.equal((await signInByIssuer(guest())).headers.location, `${origin}/`);
  });

  test('who changes his mind at the issuer comes back without harm', async () => {
    issuer.next.error = 'access_denied';
    assert.equal(errorOf((await signInByIssuer(guest())).headers.location), 'refused');
  });

  test('an issuer that is away, or says it is another, is named unreachable; one that is back is used at once', async () => {
    arrive('s-9', {});
    const right = issuer.url;
    for (const url of ['http://127.0.0.1:1', right.replace('127.0.0.1', 'localhost')]) {
      set({ issuer: url });
      const answer = await guest().call('GET', '/sign-in/oidc/test');
      assert.equal(answer.headers.location, `${origin}/sign-in?error=unreachable`, url);
    }
    set({ allowNew: true, role: 'viewer' });
    assert.equal((await signInByIssuer(guest())).headers.location, `${origin}/`);
  });

  test('the way back leads nowhere but to the dashboard', async () => {
    for (const path of [
      '//evil.example.com',
      '/\\evil.example.com',
      'https://evil.example.com',
      '@evil.example.com',
      '/a b',
      '/a#error=no',
    ]) {
      const answer = await guest().call('GET', `/sign-in/oidc/test?returnTo=${encodeURIComponent(path)}`);
      assert.equal(answer.status, 422, path);
    }
  });

  test('neither the log of changes nor the store tells a code, a token or a secret', async () => {
    const text = JSON.stringify(await world.audit(500));
    assert.ok(!text.includes(clientSecret));
    assert.ok(!/[\w-]+\.[\w-]{20,}\.[\w-]{20,}/.test(text), 'a JWT');
  });
});

for (const authMethod of ['client_secret_post', 'none'] as const) {
  test(`a client that proves itself by ${authMethod} signs users in`, async (t) => {
    const issuer = await startIssuer({ redirectUri, authMethod });
    t.after(() => issuer.close());
    const settings = oidcIssuerSchema.parse({
      ...{
        id: 'test',
        name: 'Test',
        issuer: issuer.url,
        clientId: 'sallyport',
        allowNew: true,
        role: 'viewer',
      },
      ...(authMethod === 'none' ? {} : { clientSecretFile: '/secret' }),
    });
    const world = await signInWorld({
      oidc: { issuers: () => [settings], readSecretFile: () => Promise.resolve(clientSecret) },
    });
    t.after(() => world.close());
    issuer.next.subject = 'somebody';
    const browser = world.browser();
    assert.equal((await signInByIssuer(browser)).headers.location, `${origin}/`);
    assert.equal((await browser.call('GET', '/me')).body.user.name, 'somebody');
  });
}

// Signing in over real HTTP: first owner, passwords, links, sessions, and what an attacker tries.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, password, signInWorld, type SignInWorld } from './sign-in-world.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

describe('signing in', () => {
  let world: SignInWorld;
  before(async () => {
    world = await signInWorld();
  });
  after(() => world.close());

  const follow = (browser: Browser, url: string) =>
    browser.call('POST', '/sign-in/link', { body: { token: url.split('#token=')[1] } });

  test('an edge that nobody can sign in to makes an owner and a link, as often as asked, until it was used (S4-38)', async () => {
    const guest = world.browser();
    assert.equal((await guest.call('GET', '/sign-in')).body.isNew, true);
    const first = (await world.signIn.firstOwnerLink({ name: 'ada', email: 'ada@example.com' }))!;
    assert.match(first.link.url, /^https:\/\/sallyport\.example\.com\/link#token=[\w-]{43}$/);
    const again = (await world.signIn.firstOwnerLink({ name: 'other', email: null }))!;
    assert.equal(again.user.id, first.user.id);
    const answer = await follow(guest, again.link.url);
    assert.deepEqual([answer.status, answer.body.user.name, answer.body.user.role], [200, 'ada', 'owner']);
    assert.equal((await guest.call('PUT', '/me/password', { body: { password } })).status, 200);
    assert.equal(await world.signIn.firstOwnerLink({ name: 'other', email: null }), undefined);
    assert.equal((await guest.call('GET', '/sign-in')).body.isNew, false);
  });

  test('a link is good once, and not after its time', async () => {
    const [one, other] = [world.browser(), world.browser()];
    const { url } = (await world.local.call('POST', '/users/ada/link')).body as { url: string };
    const answers = await Promise.all([follow(one, url), follow(other, url)]);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 401],
    );
    const late = (await world.local.call('POST', '/users/ada/link')).body as { url: string };
    world.clock.advance(15 * minuteMs);
    assert.equal((await follow(world.browser(), late.url)).status, 401);
  });

  test('the cookie is bound to the host, secret to scripts, and never sent from other sites', async () => {
    const browser = world.browser();
    const answer = await browser.signIn('ada');
    const [cookie] = answer.headers['set-cookie']!;
    assert.match(
      cookie!,
      /^__Host-sallyport=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$/,
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
    assert.equal(answer.headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  });

  test('a name or a mail address signs in, whatever the case; the browser learns who it is', async () => {
    for (const name of ['ada', 'ADA', 'Ada@Example.com']) {
      const browser = world.browser();
      await browser.signIn(name);
      const me = await browser.call('GET', '/me');
      assert.equal(me.body.user.name, 'ada');
      assert.equal(me.body.edge.name, 'edge.example.com');
      assert.ok(me.body.scopes.includes('users:write'));
    }
  });

  test('unknown name, wrong password, disabled user, user without a password: one and the same answer', async () => {
    await world.addUser('off', 'viewer');
    await world.local.call('PATCH', '/users/off', { body: { isDisabled: true } });
    await world.local.call('POST', '/users', { body: { name: 'bare' } });
    const tries = [
      ['nobody', password],
      ['ada', 'a wrong password'],
      ['off', password],
      ['bare', password],
    ];
    const answers = await Promise.all(
      tries.map(([name, secret], i) =>
        world
          .browser(`192.0.2.${100 + i}`)
          .call('POST', '/sign-in/password', { body: { name, password: secret } }),
      ),
    );
    const shown = answers.map(({ status, headers, body }) => {
      const { 'x-request-id': _id, date: _date, ...fields } = headers;
      return JSON.stringify([status, fields, { ...body, requestId: '' }]);
    });
    assert.equal(new Set(shown).size, 1, shown.join('\n'));
    assert.equal(answers[0]!.status, 401);
  });

  test('a cookie that a browser brought along is never the one it is signed in with', async () => {
    const browser = world.browser();
    browser.cookies.set('__Host-sallyport', 'A'.repeat(43));
    await browser.signIn('ada');
    const first = browser.cookies.get('__Host-sallyport');
    assert.notEqual(first, 'A'.repeat(43));
    await browser.signIn('ada');
    assert.notEqual(browser.cookies.get('__Host-sallyport'), first);
    const old = world.browser();
    old.cookies.set('__Host-sallyport', first!);
    assert.equal((await old.call('GET', '/me')).status, 401, 'the session before has ended');
  });

  test('a session ends by rest, by age, by hand; a late answer takes back no cookie that came meanwhile', async () => {
    const rested = world.browser();
    await rested.signIn('ada');
    world.clock.advance(7 * dayMs);
    const answer = await rested.call('GET', '/me');
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['set-cookie'], undefined);
    const used = world.browser();
    await used.signIn('ada');
    for (let day = 0; day < 29; day++) {
      world.clock.advance(dayMs);
      assert.equal((await used.call('GET', '/me')).status, 200);
    }
    world.clock.advance(dayMs);
    assert.equal((await used.call('GET', '/me')).status, 401, 'thirty days are the most');
    const left = world.browser();
    await left.signIn('ada');
    const copy = world.browser();
    copy.cookies.set('__Host-sallyport', left.cookies.get('__Host-sallyport')!);
    assert.equal((await copy.call('GET', '/me')).status, 200);
    assert.equal((await left.call('POST', '/sign-out')).status, 204);
    assert.equal(left.cookies.size, 0);
    assert.equal((await copy.call('GET', '/me')).status, 401);
  });

  test('another address does not end a session', async () => {
    const home = world.browser('192.0.2.7');
    await home.signIn('ada');
    const train = world.browser('2001:db8::9');
    train.cookies.set('__Host-sallyport', home.cookies.get('__Host-sallyport')!);
    assert.equal((await train.call('GET', '/me')).status, 200);
  });

  test('shorter settings end sessions that were there before', async () => {
    const browser = world.browser();
    await browser.signIn('ada');
    world.clock.advance(2 * 60 * minuteMs);
    assert.equal((await browser.call('GET', '/me')).status, 200);
    world.clock.advance(2 * 60 * minuteMs);
    const { updateSettings } = await import('#control/commands/settings.ts');
    const { localCaller } = await import('./sign-in-world.ts');
    await world.control.run(updateSettings({ sessionIdleMs: 60 * minuteMs }), localCaller);
    assert.equal((await browser.call('GET', '/me')).status, 401);
    await world.control.run(updateSettings({ sessionIdleMs: 7 * dayMs }), localCaller);
  });

  test('I see where I am signed in, and end one or all others, never those of somebody else', async () => {
    await world.addUser('eve', 'owner');
    const [here, there, third, eve] = [1, 2, 3, 4].map((n) => world.browser(`192.0.2.${n}`));
    for (const browser of [here!, there!, third!]) await browser.signIn('ada');
    await eve!.signIn('eve');
    await here!.call('DELETE', '/me/sessions/others');
    assert.equal((await there!.call('GET', '/me')).status, 401);
    await there!.signIn('ada');
    const { items } = (await here!.call('GET', '/me/sessions')).body;
    assert.deepEqual(
      items.map((item: { address: string; isCurrent: boolean }) => [item.address, item.isCurrent]).toSorted(),
      [
        ['192.0.2.1', true],
        ['192.0.2.2', false],
      ],
    );
    assert.ok(!JSON.stringify(items).includes('hash'));
    const foreign = (await eve!.call('GET', '/me/sessions')).body.items[0].id as string;
    assert.equal((await here!.call('DELETE', `/me/sessions/${foreign}`)).status, 404);
    assert.equal((await eve!.call('GET', '/me')).status, 200);
    const other = items.find((item: { isCurrent: boolean }) => !item.isCurrent).id as string;
    assert.equal((await here!.call('DELETE', `/me/sessions/${other}`)).status, 204);
    assert.equal((await there!.call('GET', '/me')).status, 401);
  });

  test('a new password needs the present one, ends every session, and hands this browser a new one', async () => {
    await world.addUser('pat', 'admin');
    const [here, there] = [world.browser('192.0.2.11'), world.browser('192.0.2.12')];
    await here.signIn('pat');
    await there.signIn('pat');
    const next = 'another four random words';
    const set = (body: object) => here.call('PUT', '/me/password', { body });
    assert.equal((await set({ password: next })).status, 403);
    assert.equal((await set({ current: 'not this one!', password: next })).status, 403);
    assert.equal((await set({ current: password, password: 'short' })).status, 422);
    for (const common of [
      'password1234',
      'Qwertyuiop123',
      'aaaaaaaaaaaaaaaa',
      'abcabcabcabcabc',
      'pat@example.com',
    ])
      assert.equal((await set({ current: password, password: common })).status, 422, common);
    const before = here.cookies.get('__Host-sallyport');
    assert.equal((await set({ current: password, password: next })).status, 200);
    assert.notEqual(here.cookies.get('__Host-sallyport'), before);
    assert.equal((await here.call('GET', '/me')).status, 200);
    assert.equal((await there.call('GET', '/me')).status, 401);
    const old = await there.call('POST', '/sign-in/password', { body: { name: 'pat', password } });
    assert.equal(old.status, 401);
    await there.signIn('pat', next);
  });

  test('the only way in cannot be removed', async () => {
    const browser = world.browser();
    await browser.signIn('ada');
    assert.equal((await browser.call('DELETE', '/me/password')).status, 409);
  });

  test('what opens a further door takes a sign-in of the last hour', async () => {
    const browser = world.browser();
    await browser.signIn('ada');
    world.clock.advance(61 * minuteMs);
    assert.equal((await browser.call('POST', '/me/totp/start')).status, 403);
    const key = { name: 'late', scopes: ['status:read'] };
    assert.equal((await browser.call('POST', '/api-keys', { body: key })).status, 403);
    await browser.signIn('ada');
    assert.equal((await browser.call('POST', '/me/totp/start')).status, 200);
  });

  test('requests of other pages are refused, with a session and without one', async () => {
    const browser = world.browser();
    await browser.signIn('ada');
    const from = (headers: Record<string, string>) => ({ headers });
    const refused = [
      from({ 'sec-fetch-site': 'cross-site' }),
      from({ 'sec-fetch-site': 'same-site' }),
      from({ 'sec-fetch-site': '', origin: 'https://evil.example.com' }),
      from({ 'sec-fetch-site': '', origin: 'null' }),
      from({ 'sec-fetch-site': '', origin: 'http://sallyport.example.com' }),
      from({ 'sec-fetch-site': '' }),
      from({ 'sec-fetch-site': 'none' }),
    ];
    for (const call of refused) {
      assert.equal((await browser.call('POST', '/sign-out', call)).status, 403, JSON.stringify(call));
    }
    assert.equal((await browser.call('GET', '/me', refused[0]!)).status, 403);
    assert.equal((await browser.call('GET', '/me')).status, 200);
    // Signing somebody in as the attacker (login CSRF).
    const guest = world.browser();
    const body = { name: 'ada', password };
    for (const { headers } of refused.slice(0, 5)) {
      const answer = await guest.call('POST', '/sign-in/password', { body, headers });
      assert.equal(answer.status, 403, JSON.stringify(headers));
    }
    const form = { 'content-type': 'text/plain' };
    assert.equal((await guest.call('POST', '/sign-in/password', { body, headers: form })).status, 415);
    assert.equal(guest.cookies.size, 0);
  });

  test('the audit log tells who came in and who failed, without a name that nobody has, nor any secret', async () => {
    const browser = world.browser('192.0.2.77');
    await browser.call('POST', '/sign-in/password', { body: { name: 'my-secret-typed-as-name', password } });
    await browser.call('POST', '/sign-in/password', { body: { name: 'ada', password: 'wrong wrong wrong' } });
    await browser.signIn('ada');
    const events = (await world.audit()).filter(({ address }) => address === '192.0.2.77');
    assert.deepEqual(
      events.map(({ actor, action, objectName }) => [actor.kind, action, objectName]),
      [
        ['user', 'signed in', 'ada'],
        ['nobody', 'failed to sign in', 'ada'],
        ['nobody', 'failed to sign in', '(unknown name)'],
      ],
    );
    const text = JSON.stringify(await world.audit(500));
    for (const secret of [
      'my-secret-typed',
      'wrong wrong',
      password,
      '$argon2id',
      browser.cookies.get('__Host-sallyport')!,
    ])
      assert.ok(!text.includes(secret), secret);
  });
});

describe('guessing', () => {
  test('makes the next attempt wait longer, 429 with the time to wait; an owner at home is not locked out', async (t) => {
    const world = await signInWorld();
    t.after(() => world.close());
    await world.addUser('ada', 'owner');
    const home = world.browser('192.0.2.1');
    await home.signIn('ada');
    let number = 0;
    const guess = () => {
      const stranger = world.browser(`198.51.100.${number++ % 250}`);
      return stranger.call('POST', '/sign-in/password', { body: { name: 'ada', password: 'a wrong guess' } });
    };
    for (let i = 0; i < 11; i++) assert.equal((await guess()).status, 401, `guess ${i}`);
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      const blocked = await guess();
      assert.equal(blocked.status, 429);
      const waitS = Number(blocked.headers['retry-after']);
      assert.equal(blocked.body.retryAfter, waitS);
      waits.push(waitS);
      world.clock.advance(waitS * 1_000);
      assert.equal((await guess()).status, 401);
    }
    assert.deepEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    assert.equal((await guess()).status, 429);
    await world.browser('192.0.2.1').signIn('ada');
    // The right password does not help a stranger while he has to wait.
    const stranger = world.browser('198.51.100.251');
    const answer = await stranger.call('POST', '/sign-in/password', { body: { name: 'ada', password } });
    assert.equal(answer.status, 429);
  });

  test('a thousand attempts at once count as a thousand', async (t) => {
    const world = await signInWorld();
    t.after(() => world.close());
    await world.addUser('ada', 'owner');
    const stranger = world.browser('198.51.100.1');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        stranger.call('POST', '/sign-in/password', { body: { name: 'ada', password: 'a wrong guess' } }),
      ),
    );
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    assert.deepEqual([count(401), count(429)], [11, 49]);
    const failed = (await world.audit()).filter(({ action }) => action === 'failed to sign in');
    assert.equal(failed.length, 2, 'the first and the tenth are written');
  });
});

test('below a base path the cookie is sent there only; over plain http it is not Secure', async (t) => {
  const world = await signInWorld({ dashboardUrl: 'https://example.com/sallyport/' });
  t.after(() => world.close());
  await world.addUser('ada', 'owner');
  const answer = await world.browser().signIn('ada');
  assert.match(
    answer.headers['set-cookie']![0]!,
    /^__Secure-sallyport=[\w-]{43}; Path=\/sallyport; .*Secure; SameSite=Strict$/,
  );
  const plain = await signInWorld({ dashboardUrl: 'http://127.0.0.1:8080' });
  t.after(() => plain.close());
  await plain.addUser('ada', 'owner');
  const { headers } = await plain.browser().signIn('ada');
  assert.match(
    headers['set-cookie']![0]!,
    /^sallyport=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
  );
});

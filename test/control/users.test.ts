// Users and API keys over real HTTP: who may do what to whom. Every operation by everybody is roles.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allScopes, scopesOf } from '#model/users/role.ts';
import { type Browser, type Client, signInWorld, type SignInWorld } from './sign-in-world.ts';

const dayMs = 86_400_000;

/** A key of this browser's user. */
async function makeKey(browser: Client, name: string, body: object = {}): Promise<string> {
  const answer = await browser.call('POST', '/api-keys', {
    body: { name, scopes: ['status:read'], ...body },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.key as string;
}

describe('users', () => {
  let world: SignInWorld;
  let owner: Browser;
  let admin: Browser;
  let viewer: Browser;
  before(async () => {
    world = await signInWorld();
    for (const role of ['owner', 'admin', 'viewer'] as const) await world.addUser(role, role);
    [owner, admin, viewer] = [world.browser(), world.browser(), world.browser()];
    await owner.signIn('owner');
    await admin.signIn('admin');
    await viewer.signIn('viewer');
  });
  after(() => world.close());

  test('a user is invited with a link, which leads in once', async () => {
    const body = { name: 'Ida', email: 'ida@example.com', role: 'admin' };
    const invited = await owner.call('POST', '/users', { body });
    assert.equal(invited.status, 201);
    assert.equal(invited.body.user.name, 'Ida');
    assert.equal(invited.body.link.expiresAtMs, world.clock.wallMs() + dayMs);
    const guest = world.browser();
    const token = invited.body.link.url.split('#token=')[1] as string;
    const answer = await guest.call('POST', '/sign-in/link', { body: { token } });
    assert.deepEqual([answer.status, answer.body.user.role], [200, 'admin']);
  });

  test('names and mail addresses lead to one user each, whatever the case', async () => {
    for (const body of [{ name: 'IDA' }, { name: 'ida2', email: 'IDA@example.com' }]) {
      assert.equal((await owner.call('POST', '/users', { body })).status, 409, JSON.stringify(body));
    }
    assert.equal((await viewer.call('PATCH', '/me', { body: { email: 'ida@EXAMPLE.com' } })).status, 409);
  });

  test('a user changes his own name and address, and nothing else of himself', async () => {
    const answer = await viewer.call('PATCH', '/me', {
      body: { displayName: 'Vi', email: 'vi@example.com' },
    });
    assert.deepEqual([answer.body.displayName, answer.body.email], ['Vi', 'vi@example.com']);
    for (const extra of [{ role: 'owner' }, { isDisabled: false }, { id: 'x' }, { isEmailVouched: true }]) {
      assert.equal((await viewer.call('PATCH', '/me', { body: extra })).status, 422, JSON.stringify(extra));
    }
    assert.equal(world.control.state.findUser('viewer')!.isEmailVouched, false, 'nobody vouches for his own');
    assert.equal(world.control.state.findUser('viewer')!.role, 'viewer');
  });

  test('the last owner is neither demoted, disabled nor deleted', async () => {
    for (const body of [{ role: 'admin' }, { role: 'viewer' }, { isDisabled: true }]) {
      const answer = await owner.call('PATCH', '/users/owner', { body });
      assert.equal(answer.status, 409, JSON.stringify(body));
    }
    assert.equal((await owner.call('DELETE', '/users/owner')).status, 409);
    assert.equal((await owner.call('GET', '/me')).status, 200);
    await world.addUser('second', 'owner');
    await world.local.call('PATCH', '/users/second', { body: { isDisabled: true } });
    assert.equal((await owner.call('DELETE', '/users/owner')).status, 409, 'a disabled owner is no owner');
    await world.local.call('PATCH', '/users/second', { body: { isDisabled: false } });
    const both = await Promise.all([
      world.local.call('PATCH', '/users/second', { body: { role: 'viewer' } }),
      world.local.call('PATCH', '/users/owner', { body: { role: 'viewer' } }),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409],
      'two at once leave one',
    );
    const left = both[0]!.status === 200 ? 'owner' : 'second';
    assert.equal(left, 'owner');
    await world.local.call('DELETE', '/users/second');
  });

  test('another role, being disabled, or removed, ends every session at once; keys die or shrink with their user', async () => {
    await world.addUser('tom', 'admin');
    const tom = world.browser();
    await tom.signIn('tom');
    const key = world.program(await makeKey(tom, 'toms', { scopes: ['status:read', 'audit:read'] }));
    assert.deepEqual((await key.call('GET', '/me')).body.scopes, ['status:read', 'audit:read']);
    await owner.call('PATCH', '/users/tom', { body: { role: 'viewer' } });
    assert.equal((await tom.call('GET', '/me')).status, 401);
    assert.deepEqual(
      (await key.call('GET', '/me')).body.scopes,
      ['status:read'],
      'a viewer reads no audit log',
    );
    await tom.signIn('tom');
    await owner.call('PATCH', '/users/tom', { body: { isDisabled: true } });
    assert.equal((await tom.call('GET', '/me')).status, 401);
    assert.equal((await key.call('GET', '/me')).status, 401);
    await owner.call('PATCH', '/users/tom', { body: { isDisabled: false } });
    assert.equal((await tom.call('GET', '/me')).status, 401, 'the old session does not come back');
    assert.equal((await key.call('GET', '/me')).status, 200);
    await tom.signIn('tom');
    await owner.call('DELETE', '/users/tom');
    assert.equal((await tom.call('GET', '/me')).status, 401);
    assert.equal((await key.call('GET', '/me')).status, 401);
    assert.equal(world.control.state.findApiKey('toms'), undefined);
  });

  test('an owner sees and ends the sessions of others, and helps whoever lost his codes', async () => {
    await world.addUser('pia', 'viewer');
    const pia = world.browser('192.0.2.50');
    await pia.signIn('pia');
    const { items } = (await owner.call('GET', '/users/pia/sessions')).body;
    assert.deepEqual([items.length, items[0].address, items[0].isCurrent], [1, '192.0.2.50', false]);
    assert.equal((await owner.call('DELETE', '/users/pia/sessions')).status, 204);
    assert.equal((await pia.call('GET', '/me')).status, 401);
    assert.equal((await owner.call('DELETE', '/users/pia/totp')).status, 200);
    assert.equal((await owner.call('GET', '/users/pia')).body.hasTotp, false);
  });

  test('a lost update is refused', async () => {
    const { headers } = await owner.call('GET', '/users/viewer');
    const seen = { 'if-match': headers.etag! };
    const change = (displayName: string) =>
      owner.call('PATCH', '/users/viewer', { body: { displayName }, headers: seen });
    assert.equal((await change('one')).status, 200);
    assert.equal((await change('two')).status, 412);
    // Who sends an empty one meant to be guarded, too.
    for (const ifMatch of ['', '7', 'x']) {
      const headers = { 'if-match': ifMatch };
      const refused = await owner.call('PATCH', '/users/viewer', { body: { displayName: 'three' }, headers });
      assert.equal(refused.status, 400, `If-Match: ${ifMatch}`);
    }
  });

  test('an API key is shown once, kept as its hash, and known by its prefix and checksum', async () => {
    const key = await makeKey(admin, 'ci', { scopes: ['tunnels:read', 'tunnels:write'], days: 30 });
    assert.match(key, /^sp_[0-9A-Za-z]{49}$/);
    const { items } = (await admin.call('GET', '/api-keys')).body;
    const [shown] = items;
    assert.deepEqual(
      [items.length, shown.name, shown.prefix, shown.userName],
      [1, 'ci', key.slice(0, 11), 'admin'],
    );
    assert.equal(shown.expiresAtMs, world.clock.wallMs() + 30 * dayMs);
    assert.equal(shown.lastUsedAtMs, null);
    const program = world.program(key);
    assert.deepEqual((await program.call('GET', '/me')).body.scopes, ['tunnels:read', 'tunnels:write']);
    assert.equal((await admin.call('GET', '/api-keys')).body.items[0].lastUsedAtMs, world.clock.wallMs());
    for (const text of [
      JSON.stringify(world.control.state.apiKeys.values().toArray()),
      JSON.stringify(await world.audit(500)),
    ])
      assert.ok(!text.includes(key.slice(11)));
  });

  test('a key that is mistyped, unknown, expired or revoked is refused with its reason, whatever cookie stands beside it', async () => {
    const key = await makeKey(admin, 'short-lived', { days: 1 });
    const changed = key.endsWith('A') ? `${key.slice(0, -1)}B` : `${key.slice(0, -1)}A`;
    const answers: [string, string][] = [
      [`Bearer ${changed}`, 'not a whole one'],
      ['Bearer sp_', 'not a whole one'],
      ['Basic YWRtaW46YWRtaW4=', 'and an API key, nothing else'],
      ['Bearer', 'and an API key, nothing else'],
    ];
    const cookie = [...admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const expectRefused = async (authorization: string, words: string) => {
      const answer = await world.program(key).call('GET', '/me', { headers: { authorization, cookie } });
      assert.equal(answer.status, 401, authorization);
      assert.match(answer.body.detail as string, new RegExp(words));
      assert.match(answer.headers['www-authenticate']!, /^Bearer/);
    };
    for (const [authorization, words] of answers) await expectRefused(authorization, words);
    assert.equal((await world.program(key).call('GET', '/me')).status, 200);
    world.clock.advance(dayMs);
    await expectRefused(`Bearer ${key}`, 'has expired');
    await admin.signIn('admin');
    assert.equal((await admin.call('DELETE', '/api-keys/short-lived')).status, 204);
    await expectRefused(`Bearer ${key}`, 'was revoked');
    await owner.signIn('owner');
    await viewer.signIn('viewer');
  });

  test('nobody makes a key, a user or a link that may more than himself', async () => {
    const beyond = await admin.call('POST', '/api-keys', { body: { name: 'more', scopes: ['users:write'] } });
    assert.equal(beyond.status, 403);
    const narrow = world.program(
      await makeKey(owner, 'narrow', { scopes: ['users:read', 'users:write', 'keys:write'], days: 10 }),
    );
    const wide = { name: 'wide', scopes: ['users:write', 'backup:read'], days: 1 };
    assert.equal(
      (await narrow.call('POST', '/api-keys', { body: wide })).status,
      403,
      'more than the key has',
    );
    const lasting = { name: 'lasting', scopes: ['users:read'], days: null };
    assert.equal(
      (await narrow.call('POST', '/api-keys', { body: lasting })).status,
      403,
      'longer than the key has',
    );
    const child = { name: 'child', scopes: ['users:read'], days: 9 };
    assert.equal((await narrow.call('POST', '/api-keys', { body: child })).status, 201);
    const tries: [string, string, object?][] = [
      ['POST', '/users', { name: 'mallory', role: 'owner' }],
      ['POST', '/users', { name: 'mallory', role: 'viewer' }],
      ['PATCH', '/users/viewer', { role: 'owner' }],
      ['PATCH', '/users/owner', { email: 'mallory@example.com' }],
      ['POST', '/users/owner/link'],
      ['POST', '/users/viewer/link'],
      ['DELETE', '/users/owner/sessions'],
      ['DELETE', '/users/owner/totp'],
      ['DELETE', '/users/admin'],
    ];
    for (const [method, path, body] of tries) {
      const answer = await narrow.call(method, path, body ? { body } : {});
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(body)}`);
    }
    assert.equal(world.control.state.findUser('mallory'), undefined);
  });

  test("another's key is as good as not there, by id and by name; an owner sees and revokes all", async () => {
    await makeKey(admin, 'admins');
    const mine = await makeKey(owner, 'owners');
    for (const browser of [viewer, admin]) {
      const names = (await browser.call('GET', '/api-keys')).body.items.map(
        ({ name }: { name: string }) => name,
      );
      assert.ok(!names.includes('owners'));
    }
    const { id } = [...world.control.state.apiKeys.values()].find(({ name }) => name === 'owners')!;
    for (const wanted of ['owners', id]) {
      assert.equal((await admin.call('DELETE', `/api-keys/${wanted}`)).status, 404);
      assert.equal((await viewer.call('DELETE', `/api-keys/${wanted}`)).status, 404);
    }
    assert.equal((await world.program(mine).call('GET', '/me')).status, 200);
    assert.equal((await owner.call('DELETE', '/api-keys/admins')).status, 204);
  });

  test('a key sees and revokes itself, and with keys:write the others of its user', async () => {
    const plain = world.program(await makeKey(admin, 'plain'));
    const keeper = world.program(await makeKey(admin, 'keeper', { scopes: ['keys:write'] }));
    const names = async (client: Client) =>
      (await client.call('GET', '/api-keys')).body.items.map(({ name }: { name: string }) => name);
    assert.deepEqual(await names(plain), ['plain']);
    assert.ok((await names(keeper)).includes('plain'));
    assert.equal((await plain.call('DELETE', '/api-keys/keeper')).status, 404);
    assert.equal((await keeper.call('DELETE', '/api-keys/plain')).status, 204);
    assert.equal((await plain.call('GET', '/me')).status, 401);
    assert.equal((await keeper.call('DELETE', '/api-keys/keeper')).status, 204);
  });

  test("the edge's own machine makes a key for a user it names, and is nobody itself", async () => {
    const body = { name: 'bootstrap', scopes: ['status:read'] };
    assert.equal((await world.local.call('POST', '/api-keys', { body })).status, 400);
    const made = await world.local.call('POST', '/api-keys', { body: { ...body, user: 'owner' } });
    assert.equal(made.status, 201);
    assert.equal((await world.program(made.body.key as string).call('GET', '/me')).body.user.name, 'owner');
    const over = { name: 'over', scopes: ['users:write'], user: 'viewer' };
    assert.equal((await world.local.call('POST', '/api-keys', { body: over })).status, 403);
    const foreign = await owner.call('POST', '/api-keys', { body: { ...body, name: 'x', user: 'viewer' } });
    assert.equal(foreign.status, 403, 'nobody makes a key in the name of another');
    assert.equal((await world.local.call('GET', '/me')).body.actor.kind, 'local');
  });
});

test('the table of scopes has no scope that nobody has', () => {
  assert.deepEqual(scopesOf('owner').toSorted(), allScopes.toSorted());
});

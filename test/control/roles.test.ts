// Every operation of the API, tried by everybody: nobody, each role, an API key of each scope, keys and sessions that are
// past, a command on the edge's machine; and every one that changes something, from the page of another site. The table
// of who may is access-table.ts. "May" means: not turned away for who he is; what is asked for mostly is not there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OperationId, operations } from '#api/api.ts';
import type { Operation } from '#api/operation.ts';
import { allScopes, type Role, type Scope } from '#model/users/role.ts';
import { accessTable, type AccessRow } from './access-table.ts';
import { type Answer, type Browser, type Client, signInWorld, type SignInWorld } from './sign-in-world.ts';

const dayMs = 86_400_000;
/** Nobody's. */
const noId = '00000000-0000-4000-8000-000000000000';
const ladder = ['nobody', 'guest', 'viewer', 'admin', 'owner'] as const;
const everyOperation = Object.entries(operations) as [OperationId, Operation][];
const everyChange = everyOperation.filter(([, { method }]) => method !== 'GET');

function ask(client: Client, id: OperationId, headers: Record<string, string> = {}): Promise<Answer> {
  const { method, path, body, stream } = operations[id] as Operation;
  const sent = body === undefined ? {} : { body: accessTable[id].body ?? {} };
  // A stream never ends; who may read it is decided before its head.
  const verb = stream === 'text/event-stream' ? 'HEAD' : method;
  return client.call(verb, path.replace(/\{\w+\}/g, noId), { ...sent, headers });
}

/** `let in`, or the status with which somebody is turned away. */
function outcome(row: AccessRow, { status, body }: Answer): string {
  if (status >= 500) return `a fault: ${status} ${JSON.stringify(body)}`;
  if (status !== 401 && status !== 403) return 'let in';
  const detail = String((body as { detail?: unknown }).detail);
  return row.unless?.test(detail) ? 'let in' : String(status);
}

/** What every operation answers, as one object for one comparison. */
async function outcomes(
  client: Client,
  skipped: readonly OperationId[] = [],
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [id] of everyOperation) {
    if (!skipped.includes(id)) result[id] = outcome(accessTable[id], await ask(client, id));
  }
  return result;
}

function expected(
  isAllowed: (row: AccessRow) => boolean,
  otherwise: '401' | '403',
  skipped: readonly OperationId[] = [],
): Record<string, string> {
  return Object.fromEntries(
    everyOperation
      .filter(([id]) => !skipped.includes(id))
      .map(([id]) => [id, isAllowed(accessTable[id]) ? 'let in' : otherwise]),
  );
}

const isFor =
  (role: Role | 'nobody') =>
  ({ least }: AccessRow): boolean =>
    ladder.indexOf(role) >= ladder.indexOf(least);

test('the table has a row for every operation, and for nothing else', () => {
  assert.deepEqual(Object.keys(accessTable).toSorted(), Object.keys(operations).toSorted());
  const inTable = new Set(Object.values(accessTable).map(({ key }) => key));
  const withoutOperation = allScopes.filter((scope) => !inTable.has(scope));
  assert.deepEqual(
    withoutOperation.filter((scope) => everyOperation.some(([, operation]) => operation.scope === scope)),
    [],
  );
});

describe('every operation by everybody', () => {
  let world: SignInWorld;
  let keys = 0;
  let browsers = 0;
  before(async () => {
    world = await signInWorld();
    for (const role of ['owner', 'admin', 'viewer', 'guest'] as const) await world.addUser(role, role);
  });
  after(() => world.close());

  async function makeKey(user: string, scopes: readonly Scope[], days: number | null = 90) {
    const name = `key-${(keys += 1)}`;
    const { body } = await world.local.call('POST', '/api-keys', { body: { name, scopes, user, days } });
    return { name, client: world.program((body as { key: string }).key) };
  }
  async function signedIn(name: string): Promise<Browser> {
    // Attempts are counted by address.
    const browser = world.browser(`192.0.2.${(browsers += 1)}`);
    await browser.signIn(name);
    return browser;
  }

  test('nobody', async () => {
    assert.deepEqual(await outcomes(world.browser()), expected(isFor('nobody'), '401'));
  });

  for (const role of ['guest', 'viewer', 'admin', 'owner'] as const) {
    test(`a browser signed in as ${role}`, async () => {
      // Signing out comes last, or the rest would be nobody's.
      const browser = await signedIn(role);
      const skipped = ['signOut'] as const;
      assert.deepEqual(await outcomes(browser, skipped), expected(isFor(role), '403', skipped));
      assert.equal((await ask(browser, 'signOut')).status, 204);
      assert.equal((await ask(browser, 'getMe')).status, 401);
    });
  }

  const mayKey =
    (scopes: readonly Scope[], role: Role) =>
    (row: AccessRow): boolean =>
      row.key === 'any' || (row.key !== 'none' && scopes.includes(row.key) && isFor(role)(row));

  for (const scope of allScopes) {
    test(`an owner's API key with the scope ${scope} and no other`, async () => {
      const { client } = await makeKey('owner', [scope]);
      assert.deepEqual(await outcomes(client), expected(mayKey([scope], 'owner'), '403'));
    });
  }

  test('an API key with every scope', async () => {
    const { client } = await makeKey('owner', allScopes);
    assert.deepEqual(await outcomes(client), expected(mayKey(allScopes, 'owner'), '403'));
  });

  for (const role of ['admin', 'viewer', 'guest'] as const) {
    test(`an API key with every scope, whose owner was made ${role}`, async () => {
      const name = `once-owner-now-${role}`;
      await world.addUser(name, 'owner');
      const { client } = await makeKey(name, allScopes);
      const browser = await signedIn(name);
      await world.local.call('PATCH', `/users/${name}`, { body: { role } });
      assert.deepEqual(await outcomes(client), expected(mayKey(allScopes, role), '403'));
      assert.deepEqual(await outcomes(browser), expected(isFor('nobody'), '401'), 'his sessions ended');
    });
  }

  test('an API key that has expired, is revoked, is nobody’s, or is no key: nothing, not even what is open to all', async () => {
    const nothing = expected(() => false, '401');
    const revoked = await makeKey('owner', allScopes);
    await world.local.call('DELETE', `/api-keys/${revoked.name}`);
    assert.deepEqual(await outcomes(revoked.client), nothing);
    assert.deepEqual(await outcomes(world.program(`sp_${'A'.repeat(49)}`)), nothing);
    assert.deepEqual(await outcomes(world.program('x')), nothing);
    const short = await makeKey('owner', allScopes, 1);
    assert.equal((await ask(short.client, 'getMe')).status, 200);
    world.clock.advance(dayMs + 1);
    assert.deepEqual(await outcomes(short.client), nothing);
  });

  test('a session that was ended, or whose user is disabled or gone, is nobody', async () => {
    await world.addUser('leaver', 'owner');
    const [ended, other] = [await signedIn('leaver'), await signedIn('leaver')];
    const cookies = new Map(ended.cookies);
    await ask(ended, 'signOut');
    const again = world.browser();
    for (const [name, value] of cookies) again.cookies.set(name, value);
    assert.deepEqual(await outcomes(again), expected(isFor('nobody'), '401'));
    await world.local.call('PATCH', '/users/leaver', { body: { isDisabled: true } });
    assert.deepEqual(await outcomes(other), expected(isFor('nobody'), '401'));
    await world.local.call('DELETE', '/users/leaver');
    assert.deepEqual(await outcomes(other), expected(isFor('nobody'), '401'));
  });

  test('a command on the edge’s own machine may everything but what is about oneself', async () => {
    const skipped = ['signOut'] as const;
    assert.deepEqual(
      await outcomes(world.local, skipped),
      expected(({ key }) => key !== 'none', '403', skipped),
    );
  });
});

describe('requests forged by the page of another site', () => {
  let world: SignInWorld;
  before(async () => {
    world = await signInWorld();
    await world.addUser('owner', 'owner');
  });
  after(() => world.close());

  const forged: readonly (readonly [string, Record<string, string>])[] = [
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a sibling on the same domain', { 'sec-fetch-site': 'same-site' }],
    ['with a foreign Origin', { 'sec-fetch-site': '', origin: 'https://blog.example.com' }],
    ['with an opaque Origin', { 'sec-fetch-site': '', origin: 'null' }],
    ['with neither field', { 'sec-fetch-site': '' }],
  ];

  for (const [words, headers] of forged) {
    test(`${words}, with an owner's cookie: every change is refused, and nothing has changed`, async () => {
      const browser = world.browser();
      await browser.signIn('owner');
      const { revision } = world.control.state;
      for (const [id] of everyChange) {
        const { status, body } = await ask(browser, id, headers);
        assert.equal(status, 403, `${id}: ${JSON.stringify(body)}`);
        assert.match(body.detail, /page of another site/, id);
      }
      assert.equal(world.control.state.revision, revision);
      assert.equal((await browser.call('GET', '/me')).status, 200, 'still signed in');
    });
  }

  test('without a session, too, where the page says where it is from: nobody is signed in by another', async () => {
    for (const [words, headers] of forged.slice(0, 4)) {
      for (const [id] of everyChange) {
        const { status, body } = await ask(world.browser(), id, headers);
        assert.equal(status, 403, `${id} ${words}: ${JSON.stringify(body)}`);
      }
    }
  });

  test('reads with a cookie are no other site’s either, but for the way back from an issuer', async () => {
    const browser = world.browser();
    await browser.signIn('owner');
    for (const [id, operation] of everyOperation) {
      if (operation.method !== 'GET') continue;
      const { status } = await ask(browser, id, { 'sec-fetch-site': 'cross-site' });
      if (operation.isLedTo) assert.equal(status, 303, id);
      else assert.equal(status, 403, id);
    }
  });
});

describe('ids of another user', () => {
  let world: SignInWorld;
  let mallory: Browser;
  let malloryKey: Client;
  let ada: Browser;
  before(async () => {
    world = await signInWorld();
    await world.addUser('ada', 'owner');
    await world.addUser('mallory', 'admin');
    [ada, mallory] = [world.browser(), world.browser('198.51.100.9')];
    await ada.signIn('ada');
    await mallory.signIn('mallory');
    const made = await world.local.call('POST', '/api-keys', {
      body: { name: 'mallory', user: 'mallory', scopes: ['keys:write', 'users:read'] },
    });
    malloryKey = world.program((made.body as { key: string }).key);
  });
  after(() => world.close());

  const both = (): readonly Client[] => [mallory, malloryKey];

  test('sessions: another’s is as good as not there, and lives on', async () => {
    const { items } = (await ada.call('GET', '/me/sessions')).body as { items: { id: string }[] };
    assert.equal(items.length, 1);
    const mine = await mallory.call('DELETE', `/me/sessions/${items[0]!.id}`);
    assert.equal(mine.status, (await mallory.call('DELETE', `/me/sessions/${noId}`)).status);
    assert.equal((await mallory.call('DELETE', '/me/sessions/others')).status, 204);
    assert.equal((await ada.call('GET', '/me')).status, 200);
  });

  test('API keys: another’s is neither listed, nor revoked, nor made', async () => {
    await ada.call('POST', '/api-keys', { body: { name: 'adas', scopes: ['status:read'] } });
    for (const client of both()) {
      const listed = (await client.call('GET', '/api-keys')).body as { items: { name: string }[] };
      assert.deepEqual(
        listed.items.map(({ name }) => name),
        ['mallory'],
      );
      assert.equal((await client.call('DELETE', '/api-keys/adas')).status, 404);
      const body = { name: 'theirs', scopes: ['keys:write'], user: 'ada', days: 1 };
      assert.equal((await client.call('POST', '/api-keys', { body })).status, 403);
    }
    assert.equal([...world.control.state.apiKeys.values()].filter(({ name }) => name === 'adas').length, 1);
  });

  test('tickets: what one user has begun, another cannot finish', async () => {
    const { ticket } = (await ada.call('POST', '/me/totp/start')).body as { ticket: string };
    const answer = await mallory.call('POST', '/me/totp/confirm', { body: { ticket, code: '000000' } });
    const none = await mallory.call('POST', '/me/totp/confirm', { body: { ticket: 'none', code: '000000' } });
    assert.deepEqual([answer.status, answer.body.detail], [none.status, none.body.detail]);
  });

  test('users: nobody below an owner changes one, by id, by name, in any way', async () => {
    const { id, version } = world.control.state.findUser('ada')!;
    for (const client of both()) {
      for (const user of [id, 'ada', 'ADA']) {
        for (const [operation, method, path] of [
          ['updateUser', 'PATCH', ''],
          ['deleteUser', 'DELETE', ''],
          ['createUserLink', 'POST', '/link'],
          ['removeUserTotp', 'DELETE', '/totp'],
          ['endUserSessions', 'DELETE', '/sessions'],
        ] as const) {
          const body = operation === 'updateUser' ? { role: 'viewer' } : undefined;
          const answer = await client.call(method, `/users/${user}${path}`, body ? { body } : {});
          assert.equal(answer.status, 403, `${operation} ${user}`);
        }
      }
    }
    assert.equal(world.control.state.findUser('ada')!.version, version);
    assert.equal((await ada.call('GET', '/me')).status, 200);
  });
});

// Whose object it is says the path that was authorised, and nothing else (Pangolin CVE-2026-3209, zrok CVE-2026-40304; closing
// list d): an id in a body or a query changes nothing, and what belongs to another is as good as not there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { operations } from '#api/api.ts';
import type { Operation } from '#api/operation.ts';
import { accessTable } from '../control/access-table.ts';
import { type Browser, password, signInWorld, type SignInWorld } from '../control/sign-in-world.ts';

describe("others' objects", () => {
  let world: SignInWorld;
  let owner: Browser;
  let bob: Browser;
  let ids: { readonly owner: string; readonly bob: string };
  before(async () => {
    world = await signInWorld();
    await world.addUser('owner', 'owner');
    await world.addUser('bob', 'viewer');
    [owner, bob] = [world.browser(), world.browser('192.0.2.2')];
    await owner.signIn('owner');
    await bob.signIn('bob');
    ids = { owner: world.control.state.findUser('owner')!.id, bob: world.control.state.findUser('bob')!.id };
  });
  after(() => world?.close());

  test('no body or query says whose it is: a key that the operation does not know is refused', async () => {
    const changing = Object.entries(operations as unknown as Record<string, Operation>);
    let asked = 0;
    for (const [id, { method, path, body }] of changing) {
      if (body === undefined || id.startsWith('finish') || id.startsWith('signIn')) continue;
      const known = (accessTable as Record<string, { readonly body?: object }>)[id]?.body ?? {};
      for (const more of [
        { userId: ids.owner },
        { ownerId: ids.bob },
        { orgId: 1 },
        { __proto__: null, constructor: {} },
      ]) {
        const sent = { ...known, ...more };
        const answer = await owner.call(method, path.replace(/\{\w+\}/g, ids.bob), { body: sent });
        assert.ok(answer.status >= 400 && answer.status < 500, `${id}: ${answer.status}`);
        asked++;
      }
    }
    assert.ok(asked > 40, String(asked));
  });

  test('a user changes himself, whatever the body, the query or a second field name', async () => {
    const tries: readonly [string, object][] = [
      ['/me', { displayName: 'x', id: ids.owner }],
      ['/me', { displayName: 'x', user: 'owner' }],
      [`/me?user=${ids.owner}&id=${ids.owner}`, { displayName: 'Bob himself' }],
    ];
    for (const [path, body] of tries) await bob.call('PATCH', path, { body });
    assert.notEqual(world.control.state.findUser('owner')!.displayName, 'x');
    assert.notEqual(world.control.state.findUser('owner')!.displayName, 'Bob himself');
    const role = await bob.call('PATCH', '/me', { body: { displayName: 'x', role: 'owner' } });
    assert.ok(role.status >= 400, String(role.status));
    assert.equal(world.control.state.findUser('bob')!.role, 'viewer');
  });

  test('the id in the path is the one that counts, and the role is asked for that', async () => {
    for (const user of [
      ids.owner,
      'owner',
      'OWNER',
      `${ids.bob}/../${ids.owner}`,
      encodeURIComponent(`${ids.bob}/../${ids.owner}`),
    ]) {
      for (const [method, path, body] of [
        ['PATCH', `/users/${user}`, { displayName: 'taken' }],
        ['DELETE', `/users/${user}`, undefined],
        ['POST', `/users/${user}/link`, {}],
        ['DELETE', `/users/${user}/totp`, undefined],
        ['DELETE', `/users/${user}/sessions`, undefined],
        ['GET', `/users/${user}/sessions`, undefined],
      ] as const) {
        const answer = await bob.call(method, path, body === undefined ? {} : { body });
        assert.ok([403, 404].includes(answer.status), `${method} ${path}: ${answer.status}`);
      }
    }
    assert.equal((await owner.call('GET', '/me')).status, 200);
  });

  test('a session, a passkey or a key of another is not there, for every verb that takes its id', async () => {
    const { items: sessions } = (await owner.call('GET', '/me/sessions')).body;
    const made = await owner.call('POST', '/api-keys', {
      body: { name: 'mine', days: 1, scopes: ['status:read'] },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const theirs: readonly [string, string][] = [
      ['DELETE', `/me/sessions/${sessions[0].id}`],
      ['DELETE', `/me/passkeys/${sessions[0].id}`],
      ['DELETE', `/api-keys/${made.body.id ?? made.body.item?.id ?? 'mine'}`],
      ['DELETE', `/api-keys/mine`],
    ];
    for (const [method, path] of theirs) {
      const { status } = await bob.call(method, path);
      assert.ok([403, 404].includes(status), `${method} ${path}: ${status}`);
    }
    assert.equal((await owner.call('GET', '/me')).status, 200, 'the session of the owner is still there');
    assert.equal(
      (
        await world
          .browser()
          .call('POST', '/sign-in/password', { body: { name: 'bob', password, user: 'owner' } })
      ).status,
      422,
    );
  });
});

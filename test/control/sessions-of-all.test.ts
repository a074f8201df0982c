// The list of all browsers that are signed in, and ending one of them: by those who may, and nobody else's end with it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signInWorld, type SignInWorld } from './sign-in-world.ts';

describe('sessions of all users', () => {
  let world: SignInWorld;
  before(async () => {
    world = await signInWorld();
    for (const [name, role] of [
      ['olga', 'owner'],
      ['adam', 'admin'],
      ['vic', 'viewer'],
    ] as const)
      await world.addUser(name, role);
  });
  after(() => world?.close());

  interface Row {
    readonly id: string;
    readonly userName: string;
    readonly address: string;
    readonly isCurrent: boolean;
  }
  const rows = async (client: { call: SignInWorld['local']['call'] }, query = ''): Promise<Row[]> => {
    const { status, body } = await client.call('GET', `/sessions${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.items as Row[];
  };

  test('says who, where and since when; sorted as asked, found by user, address or browser', async () => {
    const [olga, vic] = [world.browser('192.0.2.9'), world.browser('192.0.2.10')];
    await olga.signIn('olga');
    world.clock.advance(1_000);
    await vic.signIn('vic');
    world.clock.advance(1_000);
    await world.browser('192.0.2.8').signIn('adam');
    const names = async (query: string): Promise<string[]> =>
      (await rows(olga, query)).map(({ userName }) => userName);
    assert.deepEqual(await names(''), ['adam', 'olga', 'vic']);
    assert.deepEqual(await names('?sort=address'), ['adam', 'olga', 'vic']);
    assert.deepEqual(await names('?sort=since&order=desc'), ['adam', 'vic', 'olga']);
    assert.deepEqual(await names('?search=192.0.2.10'), ['vic']);
    assert.deepEqual(await names('?search=nothing%20of%20that'), []);
    const current = (await rows(olga)).filter(({ isCurrent }) => isCurrent);
    assert.deepEqual(
      current.map(({ userName }) => userName),
      ['olga'],
    );
    assert.doesNotMatch(JSON.stringify(await rows(olga)), /hash|secret/i);
  });

  test('one is ended, and no other, and the audit log has it', async () => {
    const [first, second, olga] = [world.browser(), world.browser(), world.browser()];
    await first.signIn('vic');
    const known = new Set((await rows(world.local, '?search=vic')).map(({ id }) => id));
    await second.signIn('vic');
    await olga.signIn('olga');
    const { id } = (await rows(olga, '?search=vic')).find((row) => !known.has(row.id))!;
    assert.equal((await olga.call('DELETE', `/sessions/${id}`)).status, 204);
    assert.equal((await second.call('GET', '/me')).status, 401);
    assert.equal((await first.call('GET', '/me')).status, 200);
    assert.equal((await olga.call('DELETE', `/sessions/${id}`)).status, 404, 'it is gone');
    const [event] = (await world.audit()).filter(
      ({ noun, objectId }) => noun === 'session' && objectId === id,
    );
    assert.deepEqual([event!.action, event!.objectName, event!.actor.name], ['ended', 'vic', 'olga']);
    const directory = await world.signIn.directory();
    assert.ok(!directory.sessions.some((session) => session.id === id), 'the edge is told that it is over');
  });

  test('a viewer sees none, an admin ends none, and nobody ends what is above him', async () => {
    const [adam, vic] = [world.browser(), world.browser()];
    await adam.signIn('adam');
    await vic.signIn('vic');
    assert.equal((await vic.call('GET', '/sessions')).status, 403);
    const [{ id }] = (await rows(adam, '?search=olga')) as [Row];
    assert.equal((await adam.call('DELETE', `/sessions/${id}`)).status, 403);
    assert.ok((await rows(world.local, '?search=olga')).some((row) => row.id === id));
  });
});

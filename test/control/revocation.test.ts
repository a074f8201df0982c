// What is taken away ends at once, also where it is in use: streams of live state are cut within a second.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { signInWorld } from './sign-in-world.ts';

const minuteMs = 60_000;

/** Lets seconds pass until the stream is cut. */
async function cutAfter(
  world: { clock: { advance: (ms: number) => void } },
  ended: Promise<void>,
): Promise<void> {
  let isCut = false;
  void ended.then(() => (isCut = true));
  await eventually('the stream is cut', () => {
    if (!isCut) world.clock.advance(1_000);
    return isCut;
  });
}

test('a stream ends with the session, the key, or the role that it was opened with', async (t) => {
  const world = await signInWorld();
  t.after(() => world.close());
  await world.addUser('ada', 'owner');
  const ways: Readonly<Record<string, string>> = {
    'sign-out': 'DELETE /users/NAME/sessions',
    disabled: 'PATCH /users/NAME {"isDisabled":true}',
    demoted: 'PATCH /users/NAME {"role":"viewer"}',
    removed: 'DELETE /users/NAME',
  };
  for (const [way, act] of Object.entries(ways)) {
    const name = `user-${way}`;
    await world.addUser(name, 'admin');
    const browser = world.browser();
    await browser.signIn(name);
    const cookie = [...browser.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const stream = await world.openStream({ cookie, 'sec-fetch-site': 'same-origin' });
    const key = { name: `key-${way}`, scopes: ['status:read'], user: name };
    const made = await world.local.call('POST', '/api-keys', { body: key });
    const keyStream = await world.openStream({ authorization: `Bearer ${made.body.key as string}` });
    const [method, path, body] = act.replace('NAME', name).split(' ');
    const answer = await world.local.call(method!, path!, body ? { body: JSON.parse(body) } : {});
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    await cutAfter(world, stream.ended);
    // A viewer may see status still, and a key is no session.
    if (way === 'sign-out' || way === 'demoted') await world.local.call('DELETE', `/api-keys/key-${way}`);
    await cutAfter(world, keyStream.ended);
  }
});

test('a stream that is left open is no use of the session', async (t) => {
  const world = await signInWorld();
  t.after(() => world.close());
  await world.addUser('ada', 'owner');
  const browser = world.browser();
  await browser.signIn('ada');
  const cookie = [...browser.cookies].map(([key, value]) => `${key}=${value}`).join('; ');
  const { ended } = await world.openStream({ cookie, 'sec-fetch-site': 'same-origin' });
  world.clock.advance(7 * 24 * 60 * minuteMs);
  await cutAfter(world, ended);
});

// Codes beside the password, over real HTTP: set up, used once, recovered, removed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { totpCode } from '#control/sign-in/proofs/totp.ts';
import { type Browser, password, signInWorld, type SignInWorld } from './sign-in-world.ts';

describe('codes', () => {
  let world: SignInWorld;
  let ada: Browser;
  let secret: string;
  let recoveryCodes: string[];
  before(async () => {
    world = await signInWorld();
    await world.addUser('ada', 'owner');
    ada = world.browser();
    await ada.signIn('ada');
  });
  after(() => world.close());

  const code = () => totpCode(secret, world.clock.wallMs());
  const nextCode = () => {
    world.clock.advance(30_000);
    return code();
  };
  const signIn = (totp?: string, browser = world.browser()) =>
    browser.call('POST', '/sign-in/password', { body: { name: 'ada', password, ...(totp ? { totp } : {}) } });

  test('a secret counts once it is confirmed by a code; a wrong one may be tried again', async () => {
    const start = await ada.call('POST', '/me/totp/start');
    secret = start.body.secret as string;
    assert.match(start.body.uri as string, new RegExp(`^otpauth://totp/Sallyport:ada\\?secret=${secret}&`));
    assert.equal((await signIn()).body.state, 'signed-in', 'not yet');
    const confirm = (given: string) =>
      ada.call('POST', '/me/totp/confirm', { body: { ticket: start.body.ticket, code: given } });
    assert.equal((await confirm('000000')).status, 403);
    const confirmed = await confirm(code());
    assert.deepEqual(
      [confirmed.status, confirmed.body.user.hasTotp, confirmed.body.user.recoveryCodesLeft],
      [200, true, 10],
    );
    recoveryCodes = confirmed.body.recoveryCodes as string[];
    assert.equal((await confirm(nextCode())).status, 409, 'the ticket is used up');
  });

  test('the right password asks for the code, a wrong one does not', async () => {
    assert.deepEqual((await signIn()).body, { state: 'totp', user: null });
    const wrong = await world.browser().call('POST', '/sign-in/password', {
      body: { name: 'ada', password: 'wrong wrong wrong', totp: nextCode() },
    });
    assert.equal(wrong.status, 401);
    assert.match(wrong.body.detail as string, /name or the password/);
  });

  test('a code counts once, however many ask with it at once', async () => {
    const given = nextCode();
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(given)));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 401, 401, 401, 401],
    );
    assert.equal((await signIn('123')).status, 401);
    assert.equal((await signIn(nextCode())).status, 200);
  });

  test('guessing codes with the right password is slowed down for strangers', async () => {
    const strangers = Array.from({ length: 12 }, (_, i) => world.browser(`198.51.100.${i}`));
    const statuses: number[] = [];
    for (const stranger of strangers) statuses.push((await signIn('000000', stranger)).status);
    assert.equal(statuses.at(-1), 429);
    world.clock.advance(3_600_001);
  });

  test('a recovery code stands in for a code, once', async () => {
    const [first] = recoveryCodes;
    const typed = first!.toUpperCase().replaceAll('-', ' ');
    const used = await signIn(typed);
    assert.deepEqual([used.status, used.body.user.recoveryCodesLeft], [200, 9]);
    assert.equal((await signIn(first)).status, 401);
  });

  test('new recovery codes take a code, and the old ones count no more', async () => {
    const browser = world.browser();
    await signIn(nextCode(), browser);
    const renew = (given: string) =>
      browser.call('POST', '/me/totp/recovery-codes', { body: { code: given } });
    assert.equal((await renew('000000')).status, 403);
    const renewed = await renew(nextCode());
    assert.equal(renewed.body.recoveryCodes.length, 10);
    assert.equal((await signIn(recoveryCodes[1])).status, 401);
    recoveryCodes = renewed.body.recoveryCodes as string[];
  });

  test('codes are removed with a code, or by an owner', async () => {
    const browser = world.browser();
    await signIn(nextCode(), browser);
    const remove = (given: string) => browser.call('POST', '/me/totp/remove', { body: { code: given } });
    assert.equal((await remove('000000')).status, 403);
    assert.equal((await remove(recoveryCodes[0]!)).status, 200);
    assert.equal((await signIn()).body.state, 'signed-in');
    assert.equal((await remove(code())).status, 409);
  });

  test('neither the store nor the audit log holds a secret in the clear', async () => {
    const stored = JSON.stringify([await world.store.load(), await world.audit(500)]);
    assert.ok(!stored.includes(secret));
    for (const each of recoveryCodes) assert.ok(!stored.includes(each.replaceAll('-', '')));
  });
});

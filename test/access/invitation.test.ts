// An invitation by mail, through a real mail server: to guests and viewers, with a page that works without script, on which
// whoever was invited signs in once and chooses a password.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { MailOutbox } from '#base/mail/mail-outbox.ts';
import { sendMail } from '#base/mail/send-mail.ts';
import { createTextSigner } from '#base/secrets/signed-text.ts';
import { createPassage } from '#model/access/sign-in-passage.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { type Answer, signInWorld, type SignInWorld } from '../control/sign-in-world.ts';
import { startMailServer } from '../support/mail-server.ts';
import { PageBrowser } from './page-browser.ts';

const hour = 3_600_000;
const chosen = 'seven quiet otters swim';

describe('an invitation by mail', () => {
  let world: SignInWorld;
  let mails: Awaited<ReturnType<typeof startMailServer>>;
  before(async () => {
    mails = await startMailServer({ security: 'none' });
    const outbox = new MailOutbox({
      ...{ clock: new FakeClock(), log: silentLog, send: sendMail },
      settings: () => ({
        ...{ host: '127.0.0.1', port: mails.port, security: 'none' as const },
        ...{ from: 'edge@example.com', fromName: 'Home' },
      }),
    });
    const passage = createPassage(createTextSigner([new Uint8Array(32).fill(7)]));
    world = await signInWorld({
      outbox,
      visitors: { passage, httpsPort: () => 8443, announced: () => Promise.resolve() },
    });
    await world.addUser('olga', 'owner');
  });
  after(async () => {
    await world?.close();
    await mails?.close();
  });

  let count = 0;
  const invite = (name: string, more: object = {}): Promise<Answer> =>
    world.local.call('POST', '/users', {
      body: { name, role: 'guest', email: `${name}@example.com`, mail: true, ...more },
    });
  /** Invites, and gives the path of the link in the mail with its token. */
  const invited = async (
    name: string,
    more: object = {},
  ): Promise<{ path: string; token: string; text: string }> => {
    const { status, body } = await invite(name, more);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.isMailed, true);
    const { text, to } = await mails.nth(++count);
    assert.deepEqual(to, [`${name}@example.com`]);
    const [, path, token] = /https:\/\/sallyport\.example\.com(\/access\/invitation\?token=([\w-]{43}))/.exec(
      text,
    )!;
    return { path: path!, token: token!, text };
  };
  const browser = (): PageBrowser => new PageBrowser(world.pagesPort);
  const formPath = '/access/invitation';

  test('the mail says who invites to what; its page signs in by a button, keeps the password, and is good once', async () => {
    const { path, token, text } = await invited('gus');
    assert.match(
      text,
      /Hello gus,[^]* invites you to Sallyport\. This link signs you in, once, within 24 hours/,
    );
    const guest = browser();
    for (let i = 0; i < 3; i++) {
      const page = await guest.open(path);
      assert.equal(page.status, 200, 'looking uses nothing up');
      assert.match(page.body, /<form method="post" action="\/access\/invitation">/);
      assert.doesNotMatch(page.body, /<script/);
    }
    const page = await guest.open(formPath, { token, password: chosen });
    assert.equal(page.status, 200, page.body);
    assert.match(page.body, /Welcome, gus/);
    assert.ok(guest.cookies.has('__Host-sallyport'));
    const again = await browser().open(formPath, { token, password: chosen });
    assert.equal(again.status, 401);
    assert.match(again.body, /has been used or has run out/);
    const later = world.browser('203.0.113.9');
    assert.equal((await later.signIn('gus', chosen)).status, 200, 'the password is his');
  });

  test('without a password it signs in all the same, and an unfit one is said and uses nothing up', async () => {
    const { token } = await invited('vic', { role: 'viewer' });
    const guest = browser();
    for (const [password, fault] of [
      ['short', /at least 12 characters/],
      ['passwordpassword', /one of those that everybody tries first/],
    ] as const) {
      const refused = await guest.open(formPath, { token, password });
      assert.equal(refused.status, 422, password);
      assert.match(refused.body, fault);
      assert.match(refused.body, new RegExp(`name="token" value="${token}"`));
      assert.equal(guest.cookies.has('__Host-sallyport'), false);
    }
    assert.equal((await guest.open(formPath, { token, password: '' })).status, 200);
    assert.ok(guest.cookies.has('__Host-sallyport'));
  });

  test('it runs out after a day, and is worth nothing to other sites, disabled users and guessers', async () => {
    const late = await invited('late');
    const off = await invited('off');
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    assert.equal((await browser().open(formPath, { token: off.token }, foreign)).status, 403);
    await world.local.call('PATCH', '/users/off', { body: { isDisabled: true } });
    assert.equal((await browser().open(formPath, { token: off.token })).status, 401);
    world.clock.advance(24 * hour);
    assert.equal((await browser().open(formPath, { token: late.token })).status, 401);
    assert.equal((await browser().open(formPath, { token: 'A'.repeat(43) })).status, 401);
    assert.equal((await browser().open(`${formPath}?token=x`)).status, 401);
  });

  test('who would run the edge gets none, nor who has no address; nobody is made then', async () => {
    for (const [more, fault] of [
      [{ role: 'owner' }, /must not run the edge/],
      [{ role: 'admin' }, /must not run the edge/],
      [{ email: null }, /needs a mail address/],
    ] as const) {
      const answer = await invite('mallory', more);
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      assert.match(JSON.stringify(answer.body), fault);
    }
    assert.equal((await world.local.call('GET', '/users/mallory')).status, 404);
    const plain = await world.local.call('POST', '/users', { body: { name: 'mallory', role: 'guest' } });
    assert.equal(plain.body.isMailed, false);
    assert.equal(mails.mails.length, count, 'no mail went out for them');
  });

  test('without a mail server it is refused, in words, and the plain link works in its page, too', async (t) => {
    const bare = await signInWorld();
    t.after(() => bare.close());
    const body = { name: 'gus', role: 'guest', email: 'gus@example.com', mail: true };
    const refused = await bare.local.call('POST', '/users', { body });
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail as string, /no mail server; add a mail section to edge\.yml/);
    const made = await world.local.call('POST', '/users', { body: { name: 'tom', role: 'guest' } });
    const token = (made.body.link.url as string).split('#token=')[1]!;
    assert.match((await browser().open(formPath, { token })).body, /Welcome, tom/);
  });
});

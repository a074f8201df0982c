// Signing in with a one-time link by mail, through a real mail server: once, within a quarter of an hour, in the browser that
// asked, and with no word about who is known.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLog } from '#base/log.ts';
import { MailOutbox } from '#base/mail/mail-outbox.ts';
import { sendMail } from '#base/mail/send-mail.ts';
import { totpCode } from '#control/sign-in/proofs/totp.ts';
import { createTextSigner } from '#base/secrets/signed-text.ts';
import { askMs, createPassage, hashOfNonce } from '#model/access/sign-in-passage.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { signInWorld, type SignInWorld } from '../control/sign-in-world.ts';
import { eventually } from '../support/eventually.ts';
import { startMailServer } from '../support/mail-server.ts';
import { type Page, PageBrowser } from './page-browser.ts';

const passage = createPassage(createTextSigner([new Uint8Array(32).fill(7)]));
describe('a one-time link by mail', () => {
  let world: SignInWorld;
  let mails: Awaited<ReturnType<typeof startMailServer>>;
  let clock: FakeClock;
  const lines: string[] = [];

  before(async () => {
    mails = await startMailServer({ security: 'none' });
    const log = createLog({ level: 'info', format: 'console', write: (line) => lines.push(line) });
    const outbox = new MailOutbox({
      ...{ clock: new FakeClock(), log, send: sendMail },
      settings: () => ({
        ...{ host: '127.0.0.1', port: mails.port, security: 'none' as const },
        ...{ from: 'edge@example.com', fromName: 'Home' },
      }),
    });
    world = await signInWorld({
      outbox,
      visitors: { passage, httpsPort: () => 8443, announced: () => Promise.resolve() },
    });
    clock = world.clock;
    const users = [
      ['gus', 'guest', 'gus@example.com'],
      ['vic', 'viewer', 'vic@example.com'],
      ['ada', 'owner', 'ada@example.com'],
    ] as const;
    for (const [name, role, email] of users)
      await world.local.call('POST', '/users', { body: { name, role, email } });
  });
  after(async () => {
    await world?.close();
    await mails?.close();
  });

  const browser = (): PageBrowser => new PageBrowser(world.pagesPort);
  const askPath = (page = 'mail'): string => {
    const ask = passage.formatAsk({
      ...{ host: 'photos.example.com', path: '/album?x=1', nonceHash: hashOfNonce('n') },
      expiresAtMs: clock.wallMs() + askMs,
    });
    return `/access/${page}?ask=${encodeURIComponent(ask)}`;
  };
  /** Asks, and gives the path of the link in the mail. */
  const linkFor = async (visitor: PageBrowser, address: string): Promise<string> => {
    const count = mails.mails.length;
    const page = await visitor.open(askPath(), { address });
    assert.equal(page.status, 200, page.body);
    const { text, to } = await mails.nth(count + 1);
    assert.deepEqual(to, [address.toLowerCase()]);
    const [, path] = /https:\/\/sallyport\.example\.com(\/access\/mail-link\?token=[\w-]{43})/.exec(text)!;
    return path!;
  };
  const tokenOf = (path: string): string => path.split('token=')[1]!;

  test('signs a visitor in, by a button and not by itself, and leads on to the page that was wanted', async () => {
    const visitor = browser();
    assert.match((await visitor.open(askPath('sign-in'))).body, /Send me a link by mail/);
    const path = await linkFor(visitor, 'gus@example.com');
    for (let i = 0; i < 3; i++)
      assert.equal((await visitor.open(path)).status, 200, 'looking uses nothing up');
    const page = await visitor.open(path, { token: tokenOf(path) });
    assert.equal(page.status, 200, page.body);
    assert.match(page.body, /content="0; url=https:\/\/photos\.example\.com:8443\/album\?x=1"/);
    assert.ok(visitor.cookies.has('__Host-sallyport'));
    const again = await visitor.open(path, { token: tokenOf(path) });
    assert.equal(again.status, 401);
    assert.match(again.body, /has been used/);
    const [event] = (await world.audit()).filter(({ action }) => action === 'signed in');
    assert.equal((event!.after as { method: string }).method, 'mail');
  });

  test('is good in the browser that asked, and in no other, which does not use it up', async () => {
    const visitor = browser();
    const path = await linkFor(visitor, 'vic@example.com');
    const thief = browser();
    assert.match((await thief.open(path)).body, /another browser asked/);
    thief.cookies.set('__Host-sallyport-mail', 'A'.repeat(43));
    assert.equal((await thief.open(path, { token: tokenOf(path) })).status, 401);
    assert.equal(thief.cookies.has('__Host-sallyport'), false);
    assert.equal((await visitor.open(path, { token: tokenOf(path) })).status, 200);
  });

  test('runs out after a quarter of an hour', async () => {
    const visitor = browser();
    const path = await linkFor(visitor, 'gus@example.com');
    clock.advance(15 * 60_000);
    assert.equal((await visitor.open(path, { token: tokenOf(path) })).status, 401);
  });

  test('tells nobody who is known, and goes to no owner', async () => {
    const count = mails.mails.length;
    const answers: string[] = [];
    for (const address of ['nobody@example.com', 'ada@example.com', 'not an address', '"x"@example.com']) {
      const page = await browser().open(askPath(), { address });
      assert.equal(page.status, 200);
      answers.push(page.body.replaceAll(/If .* is known/g, 'If it is known'));
    }
    const visitor = browser();
    await linkFor(visitor, 'VIC@example.com'.toLowerCase());
    const known = await browser().open(askPath(), { address: 'gus@example.com' });
    answers.push(known.body.replaceAll(/If .* is known/g, 'If it is known'));
    assert.equal(new Set(answers).size, 1);
    await mails.nth(count + 2);
    assert.equal(mails.mails.length, count + 2, 'only for the two who are known and may');
  });

  test('is not sent again and again: a mailbox has its limit, known or not', async () => {
    for (const address of ['nobody-at-all@example.com', 'limit@example.com']) {
      const statuses: number[] = [];
      for (let i = 0; i < 5; i++) statuses.push((await browser().open(askPath(), { address })).status);
      assert.deepEqual(statuses, [200, 200, 200, 200, 429], address);
    }
  });

  test('takes no form of another site, and no disabled user', async () => {
    const visitor = browser();
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    assert.equal((await visitor.open(askPath(), { address: 'gus@example.com' }, foreign)).status, 403);
    clock.advance(3_600_000);
    const path = await linkFor(visitor, 'vic@example.com');
    assert.equal((await visitor.open(path, { token: tokenOf(path) }, foreign)).status, 403);
    await world.local.call('PATCH', '/users/vic', { body: { isDisabled: true } });
    assert.equal((await visitor.open(path, { token: tokenOf(path) })).status, 401);
  });

  test('who has an authenticator gives its code beside the link: none, a wrong one and a used one sign nobody in', async () => {
    await world.addUser('tess', 'viewer');
    await world.local.call('PATCH', '/users/tess', { body: { email: 'tess@example.com' } });
    const own = world.browser('203.0.113.77');
    await own.signIn('tess');
    const { body } = await own.call('POST', '/me/totp/start');
    const { secret, ticket } = body as { secret: string; ticket: string };
    const codeNow = (): string => totpCode(secret, clock.wallMs());
    const first = codeNow();
    const confirmed = await own.call('POST', '/me/totp/confirm', { body: { ticket, code: first } });
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
    const visitor = browser();
    const path = await linkFor(visitor, 'tess@example.com');
    const give = (code: string): Promise<Page> => visitor.open(path, { token: tokenOf(path), code });
    for (const code of ['', '000000', first]) {
      const refused = await give(code);
      assert.equal(refused.status, 401, code);
      assert.match(refused.body, /name="code"/, 'and is asked for it again');
      assert.equal(visitor.cookies.has('__Host-sallyport'), false);
    }
    clock.advance(30_000);
    const right = codeNow();
    const page = await give(right);
    assert.equal(page.status, 200, page.body);
    assert.ok(visitor.cookies.has('__Host-sallyport'));
    const another = browser();
    const next = await linkFor(another, 'tess@example.com');
    assert.equal(
      (await another.open(next, { token: tokenOf(next), code: right })).status,
      401,
      'a code is good once',
    );
  });

  test('a clock that is set back makes no link last longer, and a corrected one takes none away', async () => {
    clock.advance(3_600_000);
    const visitor = browser();
    const path = await linkFor(visitor, 'gus@example.com');
    clock.shiftWall(-86_400_000);
    assert.equal((await visitor.open(path, { token: tokenOf(path) })).status, 401);
    assert.equal(visitor.cookies.has('__Host-sallyport'), false);
    clock.shiftWall(86_400_000);
    clock.advance(3_600_000);
    const second = await linkFor(visitor, 'gus@example.com');
    clock.shiftWall(-20_000);
    assert.equal((await visitor.open(second, { token: tokenOf(second) })).status, 200);
    clock.shiftWall(20_000);
  });

  test('a mail server that is away is told to the log, and to nobody else', async () => {
    await mails.close();
    clock.advance(3_600_000);
    const page = await browser().open(askPath(), { address: 'gus@example.com' });
    assert.equal(page.status, 200);
    await eventually('a line in the log', () =>
      lines.find((line) => /No connection to the mail server 127\.0\.0\.1:\d+ .*tried again/.test(line)),
    );
  });
});

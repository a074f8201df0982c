// A real browser signs in to a protected site by every way there is, in two hostnames with one sign-in, loses both when it is
// taken back, and needs no script. And pictures of what a visitor sees, for people to look at: test/output/access.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { totpCode } from '#control/sign-in/proofs/totp.ts';
import { clientSecret, startIssuer } from '../control/issuer.ts';
import {
  launchBrowser,
  looks,
  missingBrowser,
  openPage,
  patienceMs,
  signInByLink,
} from '../dashboard/browser.ts';
import { startMailServer } from '../support/mail-server.ts';
import { eventually } from '../support/eventually.ts';
import { repositoryRoot } from '../support/process.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { password } from './world.ts';

const pictures = join(repositoryRoot, 'test', 'output', 'access');

describe('a browser at a protected site', { skip: missingBrowser }, () => {
  let edge: OwnEdge;
  let origin: RecordingOrigin;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  let browser: Browser;
  let mail: Awaited<ReturnType<typeof startMailServer>>;
  let totpSecret: string;

  before(async () => {
    const answer = '<title>The site</title><h1>The site itself</h1>';
    origin = await RecordingOrigin.start(
      () => `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`,
    );
    edge = await OwnEdge.create();
    issuer = await startIssuer({ redirectUri: `${edge.url}/api/v1/sign-in/oidc/test/callback` });
    issuer.users.set('carol', { preferred_username: 'carol' });
    issuer.next.subject = 'carol';
    const secretFile = join(edge.folder, 'client-secret');
    writeFileSync(secretFile, clientSecret);
    const oidc = [
      {
        id: 'test',
        name: 'the house',
        issuer: issuer.url,
        clientId: 'sallyport',
        clientSecretFile: secretFile,
        role: 'viewer',
        allowNew: true,
      },
    ];
    const config = JSON.parse(readFileSync(edge.configFile, 'utf8')) as object;
    mail = await startMailServer({ security: 'none' });
    const post = { host: '127.0.0.1', port: mail.port, security: 'none', from: 'edge@example.com' };
    writeFileSync(edge.configFile, JSON.stringify({ ...config, signIn: { oidc }, mail: post }));
    await edge.start();
    await edge.serve('home', ['app.localhost', 'other.localhost'], origin.url);
    for (const route of ['app.localhost', 'other.localhost'])
      await edge.api.updateRoute({ params: { route }, body: { access: 'private' } });
    await edge.api.createRoute({
      body: { hostname: 'app.localhost', path: '/refused', tunnel: 'home', access: ['user:nobody'] },
    });
    browser = await launchBrowser(edge.ca);
    for (const name of ['ada', 'bob']) await setUp(name);
  });
  after(async () => {
    await browser?.close();
    await edge?.close();
    issuer?.close();
    await mail?.close();
    await origin?.close();
  });

  const at = (hostname: string, path = '/'): string => `https://${hostname}:${edge.port}${path}`;

  /** A user with a password, who came by his one-time link; bob has an authenticator, too. */
  const setUp = async (name: string): Promise<void> => {
    const body = { name, role: 'viewer', email: `${name}@example.com` } as const;
    const { link } = await edge.api.createUser({ body });
    const { page, context } = await openPage(browser);
    await signInByLink(page, link.url);
    const call = (
      method: string,
      path: string,
      body?: object,
    ): Promise<{ status: number; json: Record<string, string> }> =>
      page.evaluate(
        async (sent) => {
          const answer = await fetch(`/api/v1${sent.path}`, {
            method: sent.method,
            headers: { 'content-type': 'application/json' },
            ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
          });
          return { status: answer.status, json: (await answer.json()) as Record<string, string> };
        },
        { method, path, body },
      );
    const answer = await call('PUT', '/me/password', { password });
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    if (name === 'bob') {
      const { status, json } = await call('POST', '/me/totp/start');
      assert.equal(status, 200, JSON.stringify(json));
      totpSecret = json['secret']!;
      // The step before this one, so that the code of now is still unused.
      const code = totpCode(totpSecret, Date.now() - 30_000);
      assert.equal((await call('POST', '/me/totp/confirm', { ticket: json['ticket'], code })).status, 200);
    }
    await context.close();
  };

  /** Led to the sign-in, whose page no other looks like. */
  const knock = async (page: Page, hostname = 'app.localhost'): Promise<void> => {
    await page.goto(at(hostname, '/wanted?y=1'));
    await page.getByText(`Sign in to go on to ${hostname}`).waitFor();
    assert.equal(new URL(page.url()).hostname, 'sallyport.localhost');
  };
  const fillIn = async (page: Page, name: string, code = ''): Promise<void> => {
    await page.locator('input[name=name]').fill(name);
    await page.locator('input[name=password]').fill(password);
    if (code !== '') await page.locator('input[name=code]').fill(code);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const isThere = async (page: Page, hostname = 'app.localhost'): Promise<void> => {
    await page.getByRole('heading', { name: 'The site itself' }).waitFor();
    assert.equal(page.url(), at(hostname, '/wanted?y=1'));
  };

  /** Whoever has a way in already is led to the first page, not to his account. */
  const enterByLink = async (page: Page, url: string): Promise<void> => {
    await page.goto(url);
    await page.getByRole('button', { name: 'Sign in with this link' }).click();
    await page.waitForURL((at) => !at.pathname.startsWith('/sign-in'), { timeout: patienceMs });
    await page.getByRole('navigation').first().waitFor();
  };

  /** Opens a page of the site and sees whether the browser ends at the sign-in. */
  const isLedAway = async (page: Page, hostname: string): Promise<boolean> => {
    await page.goto(at(hostname, '/again'));
    return new URL(page.url()).hostname === 'sallyport.localhost';
  };

  /** Passes at the second hostname without being asked again, and is out at both when the user's sign-ins are taken back. */
  const inBothAndOut = async (page: Page, user: string): Promise<void> => {
    await isThere(page);
    await page.goto(at('other.localhost', '/wanted?y=1'));
    await isThere(page, 'other.localhost');
    await edge.api.endUserSessions({ params: { user } });
    for (const hostname of ['app.localhost', 'other.localhost'])
      await eventually(`${hostname} asks to sign in again`, () => isLedAway(page, hostname));
  };

  test('by password, in two hostnames with one sign-in, and loses both when it is taken back', async (t) => {
    const { page, context, complaints } = await openPage(browser);
    await knock(page);
    await fillIn(page, 'ada');
    await isThere(page);
    await page.goto(at('other.localhost', '/wanted?y=1'));
    await isThere(page, 'other.localhost');
    assert.deepEqual(complaints, []);
    const revokedAt = performance.now();
    await edge.api.endUserSessions({ params: { user: 'ada' } });
    let tries = 0;
    await eventually('the browser is asked to sign in again', async () => {
      tries++;
      return await isLedAway(page, 'app.localhost');
    });
    t.diagnostic(`out after ${Math.round(performance.now() - revokedAt)} ms, ${tries} requests`);
    const before = origin.requests.length;
    for (const hostname of ['app.localhost', 'other.localhost']) await knock(page, hostname);
    assert.equal(origin.requests.length, before, 'nothing reached a site any more');
    await context.close();
  });

  test('by password and a code of an authenticator', async () => {
    const { page, context } = await openPage(browser);
    await knock(page);
    await fillIn(page, 'bob', '000000');
    await page.getByRole('alert').waitFor();
    await fillIn(page, 'bob', totpCode(totpSecret, Date.now()));
    await inBothAndOut(page, 'bob');
    await context.close();
  });

  test('by a one-time link', async () => {
    const { url } = await edge.api.createUserLink({ params: { user: 'ada' } });
    const { page, context } = await openPage(browser);
    await enterByLink(page, url);
    await page.goto(at('app.localhost', '/wanted?y=1'));
    await inBothAndOut(page, 'ada');
    await context.close();
  });

  test('by a one-time link that comes by mail', async () => {
    const { page, context } = await openPage(browser);
    await knock(page);
    await page.getByRole('link', { name: 'Send me a link by mail' }).click();
    await page.locator('input[name=address]').fill('ada@example.com');
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
    const { text } = await mail.nth(1);
    const [url] = /https:\/\/\S+\/mail-link\?token=[\w-]+/.exec(text)!;
    await page.goto(url);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await inBothAndOut(page, 'ada');
    await context.close();
  });

  test('by a passkey, made in this browser', async () => {
    const { page, context } = await openPage(browser);
    const session = await context.newCDPSession(page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
    const { url } = await edge.api.createUserLink({ params: { user: 'ada' } });
    await enterByLink(page, url);
    await page.goto(`${edge.url}/account`);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Go on in the browser' }).click();
    await page.getByText('Passkey added').waitFor();
    await context.clearCookies();
    await knock(page);
    await page.getByRole('link', { name: 'Passkey and other ways' }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await inBothAndOut(page, 'ada');
    await context.close();
  });

  test('by an OpenID Connect issuer', async () => {
    const { page, context } = await openPage(browser);
    await knock(page);
    await page.getByRole('link', { name: 'Sign in with the house' }).click();
    await inBothAndOut(page, 'carol');
    await context.close();
  });

  test('without script, and out everywhere by the page that says so', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await knock(page);
    await fillIn(page, 'ada');
    await isThere(page);
    await page.goto(at('other.localhost', '/wanted?y=1'));
    await isThere(page, 'other.localhost');
    await page.goto(at('app.localhost', '/.well-known/sallyport/sign-out'));
    await page.getByText('End your sign-in at every site').waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Signed out' }).waitFor();
    for (const hostname of ['app.localhost', 'other.localhost'])
      await eventually(`${hostname} asks to sign in again`, () => isLedAway(page, hostname));
    await context.close();
  });

  test('what visitors see, in light and dark, wide and narrow', async () => {
    await mkdir(pictures, { recursive: true });
    const signedIn = await openPage(browser);
    await knock(signedIn.page);
    await fillIn(signedIn.page, 'ada');
    await isThere(signedIn.page);
    await edge.api.setPagePassword({
      params: { password: 'door' },
      body: { password: 'open sesame, please' },
    });
    await edge.api.createRoute({
      body: { hostname: 'app.localhost', path: '/door', tunnel: 'home', access: ['password:door'] },
    });
    await eventually('the page password is asked for', async () => {
      const answer = await signedIn.page.goto(at('app.localhost', '/door'));
      return answer?.status() === 401;
    });
    for (const look of looks) {
      const shoot = async (page: Page, name: string): Promise<void> => {
        await page.screenshot({ path: join(pictures, `${name}-${look.name}.png`) });
        const isWide = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
        assert.ok(!isWide, `${name} at ${look.name} is wider than its window`);
      };
      const stranger = await openPage(browser, look);
      await knock(stranger.page);
      await shoot(stranger.page, 'sign-in');
      await fillIn(stranger.page, 'nobody-of-that-name');
      await stranger.page.getByRole('alert').waitFor();
      await shoot(stranger.page, 'sign-in-failed');
      await stranger.page.goto(at('app.localhost', '/door'));
      await stranger.page.getByText('This page has a password').waitFor();
      await shoot(stranger.page, 'page-password');
      await stranger.context.close();
      const known = await openPage(browser, look, signedIn.context);
      await known.page.goto(at('app.localhost', '/refused'));
      await known.page.getByText(/403/).first().waitFor();
      await shoot(known.page, 'refused');
      await known.page.goto(`${edge.url}/access/sign-out`);
      await known.page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
      await shoot(known.page, 'sign-out');
      await known.context.close();
    }
    await signedIn.context.close();
  });

  test("the owner's look, set in the dashboard, is on the sign-in pages, light and dark, with and without script", async () => {
    const { link } = await edge.api.createUser({ body: { name: 'olga', role: 'owner' } });
    const owner = await openPage(browser);
    await signInByLink(owner.page, link.url);
    await owner.page.goto(`${edge.url}/settings`);
    await owner.page.getByLabel('Title').fill('The old mill');
    await owner.page.getByRole('textbox', { name: 'Colour', exact: true }).fill('#7a1fa2');
    const logo = await drawLogo(owner.page);
    await owner.page
      .getByLabel('Logo file')
      .setInputFiles({ name: 'mill.png', mimeType: 'image/png', buffer: logo });
    await owner.page.getByAltText('The logo').waitFor();
    await owner.page.screenshot({ path: join(pictures, 'settings-light-1280.png') });
    await owner.page.getByRole('button', { name: 'Save' }).click();
    await owner.page.getByText('Settings saved').waitFor();
    assert.deepEqual(owner.complaints, []);
    await owner.context.close();
    for (const look of looks) {
      const context = await browser.newContext({
        ...{ javaScriptEnabled: false, colorScheme: look.colorScheme, viewport: look.viewport },
      });
      const page = await context.newPage();
      page.setDefaultTimeout(patienceMs);
      await knock(page);
      await page.getByRole('heading', { name: 'The old mill' }).waitFor();
      await page.screenshot({ path: join(pictures, `own-sign-in-${look.name}.png`) });
      await page.goto(at('app.localhost', '/door'));
      await page.getByText('This page has a password').waitFor();
      await page.getByText('The old mill').waitFor();
      await page.screenshot({ path: join(pictures, `own-page-password-${look.name}.png`) });
      await context.close();
      const withScript = await openPage(browser, look);
      await withScript.page.goto(`${edge.url}/sign-in`);
      await withScript.page.getByRole('heading', { name: 'The old mill' }).waitFor();
      // As text: what runs in the page has names that this program has not.
      const [drawn, fill, ink] = await withScript.page.evaluate<[number, string, string]>(`(() => {
        const { backgroundColor, color } = getComputedStyle(document.querySelector('button[type=submit]'));
        return [document.querySelector('header img').naturalWidth, backgroundColor, color];
      })()`);
      assert.equal(drawn, 96, 'the policy of the page lets the logo be drawn');
      // The owner's violet, lighter where the ground is dark; what is written on it is the ground.
      const expected =
        look.colorScheme === 'light'
          ? ['rgb(122, 31, 162)', 'rgb(253, 252, 250)']
          : [fill, 'rgb(25, 29, 31)'];
      assert.deepEqual([fill, ink], expected);
      await withScript.page.screenshot({ path: join(pictures, `own-dashboard-sign-in-${look.name}.png`) });
      assert.deepEqual(withScript.complaints, []);
      await withScript.context.close();
    }
  });
});

/** A wheel, as a browser's own PNG. */
async function drawLogo(page: Page): Promise<Buffer> {
  const url = await page.evaluate<string>(`(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [96, 96];
    const context = canvas.getContext('2d');
    context.strokeStyle = '#7a1fa2';
    context.lineWidth = 10;
    context.arc(48, 48, 38, 0, 7);
    context.moveTo(48, 10);
    context.lineTo(48, 86);
    context.moveTo(10, 48);
    context.lineTo(86, 48);
    context.stroke();
    return canvas.toDataURL('image/png');
  })()`);
  return Buffer.from(url.split(',')[1]!, 'base64');
}

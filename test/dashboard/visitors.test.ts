// Who gets in, in the dashboard: all sessions, share links, page passwords and presets, made and taken back by an owner in a
// real browser, and what becomes of it at the sites. And pictures in the four looks: test/output/dashboard.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

describe('the page of visitors', { skip: missingBrowser }, () => {
  let edge: OwnEdge;
  let origin: RecordingOrigin;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  before(async () => {
    const answer = '<h1>The album itself</h1>';
    origin = await RecordingOrigin.start(
      () => `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`,
    );
    edge = await OwnEdge.start();
    await edge.serve('home', ['photos.localhost', 'films.localhost'], origin.url);
    await edge.api.updateRoute({
      params: { route: 'photos.localhost' },
      body: { access: ['signed-in', 'link', 'password:door'] },
    });
    browser = await launchBrowser(edge.ca);
    const { link } = await edge.api.createUser({ body: { name: 'olga', role: 'owner' } });
    ({ page, complaints } = await openPage(browser));
    await signInByLink(page, link.url);
    await page.goto(`${edge.url}/visitors`);
    await page.getByRole('heading', { level: 1, name: 'Visitors' }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await edge?.close();
    await origin?.close();
  });

  const at = (hostname: string, path = '/'): string => `https://${hostname}:${edge.port}${path}`;
  const table = (name: string): Locator => page.getByRole('table', { name, exact: true });
  const row = (name: string, text: string): Locator => table(name).getByRole('row').filter({ hasText: text });
  const press = (name: string, within: Locator | Page = page): Promise<void> =>
    within.getByRole('button', { name, exact: true }).click();
  const dialog = (name: string): Locator => page.getByRole('dialog', { name });

  test('sessions of everybody: found, sorted, ended; whose browser it was is out', async () => {
    const { link } = await edge.api.createUser({ body: { name: 'gus', role: 'guest' } });
    const guest = await openPage(browser);
    await signInByLink(guest.page, link.url);
    await page.reload();
    await row('Sessions', 'gus').waitFor();
    assert.equal(await table('Sessions').getByRole('row').count(), 3);
    await row('Sessions', 'olga').getByText('this browser').waitFor();
    await press('User', table('Sessions'));
    await press('User', table('Sessions'));
    await table('Sessions').locator('[aria-sort=descending]').waitFor();
    assert.match(await table('Sessions').getByRole('row').nth(1).innerText(), /olga/);
    await page.getByLabel('Find by user, address or browser').fill('gus');
    await eventually('one is left', async () => (await table('Sessions').getByRole('row').count()) === 2);
    await press('Sign out', row('Sessions', 'gus'));
    await press('Sign out', dialog('Sign gus out'));
    await page.getByText('gus is signed out there').waitFor();
    await page.getByText('No session fits').waitFor();
    await guest.page.goto(`${edge.url}/account`);
    await guest.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    await guest.context.close();
    await page.getByLabel('Find by user, address or browser').fill('');
  });

  test('a share link is made, shown once, opens its page, and opens nothing once it is revoked', async () => {
    await press('Make a share link');
    const form = dialog('Make a share link');
    await form.getByLabel('Page').fill(at('photos.localhost', '/album'));
    await form.getByLabel('Browsers').fill('3');
    await form.getByLabel('Note').fill('for Tom');
    await press('Make link', form);
    const shown = dialog('The link to photos.localhost/album');
    const text = await shown.locator('code, pre').first().innerText();
    assert.match(text, /^https:\/\/photos\.localhost:\d+\/\.well-known\/sallyport\/share\?token=/);
    await shown.getByText('It is shown only now').waitFor();
    await page.keyboard.press('Escape');
    await shown.waitFor({ state: 'hidden' });
    await row('Share links', 'for Tom').getByText('0 of 3').waitFor();
    assert.ok(!(await page.content()).includes('share?token='), 'it is nowhere on the page any more');
    const friend = await openPage(browser);
    await friend.page.goto(text);
    await friend.page.getByRole('heading', { name: 'The album itself' }).waitFor();
    await page.reload();
    await row('Share links', 'for Tom').getByText('1 of 3').waitFor();
    await press('Revoke', row('Share links', 'for Tom'));
    await press('Revoke link', dialog('Revoke the share link'));
    await page.getByText('There is no share link.').waitFor();
    await eventually('whoever held it is out', async () => {
      const answer = await friend.page.goto(at('photos.localhost', '/album'));
      return answer?.status() !== 200 || !(await friend.page.content()).includes('The album itself');
    });
    await friend.context.close();
  });

  test('a page password is set, names its routes, is changed and removed', async () => {
    await press('Set a password');
    const form = dialog('Set a page password');
    await form.getByLabel('Name').fill('door');
    await form.getByLabel('Page password', { exact: true }).fill('1');
    await press('Set password', form);
    await form
      .getByText(/at least \d+ characters/)
      .first()
      .waitFor();
    await form.getByLabel('Page password', { exact: true }).fill('open sesame, please');
    await press('Set password', form);
    await row('Page passwords', 'door').getByText('photos.localhost').waitFor();
    const friend = await openPage(browser);
    await eventually('the page asks for it', async () => {
      await friend.page.goto(at('photos.localhost', '/x'));
      return await friend.page.getByText('This page has a password').isVisible();
    });
    await friend.page.getByLabel('Page password').fill('open sesame, please');
    await friend.page.getByRole('button', { name: 'Open', exact: true }).click();
    await friend.page.getByRole('heading', { name: 'The album itself' }).waitFor();
    await press('Change', row('Page passwords', 'door'));
    await dialog('Change the page password door')
      .getByLabel('Page password', { exact: true })
      .fill('another one, please');
    await press('Set password', dialog('Change the page password door'));
    await page.getByText('Page password door set').last().waitFor();
    await eventually('the one before lets nobody in', async () => {
      await friend.page.goto(at('photos.localhost', '/x'));
      return await friend.page.getByText('This page has a password').isVisible();
    });
    await friend.context.close();
    await press('Remove', row('Page passwords', 'door'));
    await dialog('Remove the page password door').getByText('photos.localhost').waitFor();
    await press('Remove password', dialog('Remove the page password door'));
    await page.getByText('There is no page password.').waitFor();
  });

  test('a preset is chosen for a route, shown in full, and its applications pass', async () => {
    await page.goto(`${edge.url}/routes/films.localhost`);
    await page.getByLabel('Who may').fill('group:family, preset:jellyfin');
    await press('Save');
    const opened = table('Opened by jellyfin');
    await opened.waitFor();
    await page.getByRole('heading', { name: 'Without a sign-in' }).waitFor();
    const first = await opened.getByRole('row').nth(1).innerText();
    assert.match(first, /\//, 'paths are shown');
    const stranger = await openPage(browser);
    await eventually('its pages ask for a sign-in', async () => {
      await stranger.page.goto(at('films.localhost', '/web/index.html'));
      return await stranger.page.getByText('Sign in to go on to films.localhost').isVisible();
    });
    await stranger.page.goto(at('films.localhost', '/System/Info/Public'));
    await stranger.page.getByRole('heading', { name: 'The album itself' }).waitFor();
    await stranger.context.close();
    await page.goto(`${edge.url}/visitors`);
  });

  test('in the four looks', async () => {
    await mkdir(screenshotFolder, { recursive: true });
    await edge.api.createShareLink({
      body: { url: at('photos.localhost', '/album'), days: 7, uses: 3, note: 'for Tom' },
    });
    await edge.api.setPagePassword({
      params: { password: 'door' },
      body: { password: 'open sesame, please' },
    });
    const from = page.context();
    for (const look of looks) {
      const seen = await openPage(browser, look, from);
      await seen.page.goto(`${edge.url}/visitors`);
      await seen.page.getByText('for Tom').first().waitFor();
      await seen.page.getByText('photos.localhost').last().waitFor();
      await seen.page.getByText('olga').first().waitFor();
      await seen.page.screenshot({
        path: join(screenshotFolder, `visitors-${look.name}.png`),
        fullPage: true,
      });
      const isWide = await seen.page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      assert.ok(!isWide, look.name);
      assert.deepEqual(seen.complaints, []);
      await seen.context.close();
    }
    assert.deepEqual(complaints, []);
  });
});

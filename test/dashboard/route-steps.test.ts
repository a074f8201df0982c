// What an edge does with a route's requests, written in the dashboard: fields made of the schema that edge.yml has too, faults
// beside the field that they are about, and the edge doing what was saved.
import assert from 'node:assert/strict';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { startProcess } from '../support/process.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

describe('the steps of a route', { skip: missingBrowser }, () => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;

  before(async () => {
    demo = await startDemo();
    const added = startProcess(sallyportCommand, [
      ...['route', 'add', 'wiki.localhost', '--tunnel', 'demo', '--socket', demo.adminSocket],
    ]);
    assert.equal(await added.ended, 0, added.stderr());
    browser = await launchBrowser(demo.ca);
    ({ page } = await openPage(browser));
    await signInByLink(page, demo.dashboard.signInLink!);
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
  });

  const steps = () => page.getByRole('group', { name: 'Steps', exact: true });
  const save = () => page.getByRole('button', { name: 'Save', exact: true });

  async function openRoute(): Promise<void> {
    await page.goto(`${demo.dashboard.url}/routes/wiki.localhost`);
    await save().waitFor();
  }

  /** Adds a setting of a group by its name in the menu. */
  async function add(group: string, setting: RegExp): Promise<void> {
    const within = page.getByRole('group', { name: group, exact: true });
    await within.getByRole('button', { name: 'Add a setting', exact: true }).last().click();
    await page.getByRole('menuitem', { name: setting }).click();
  }

  /** Where the edge sends a visitor of a path. */
  function locationOf(path: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const options = {
        ...{ host: '127.0.0.1', port: demo.httpsPort, path, ca: demo.ca, servername: 'wiki.localhost' },
        ...{ headers: { Host: `wiki.localhost:${demo.httpsPort}` }, agent: false as const },
      };
      const request = requestHttps(options, (response) => {
        response.resume();
        resolve(response.headers.location);
      });
      request.on('error', reject).end();
    });
  }

  test('are added from a menu that says what each does', async () => {
    await openRoute();
    await steps().getByRole('button', { name: 'Add a setting' }).click();
    await page.getByRole('menuitem', { name: /^Redirects/ }).waitFor();
    await page.getByRole('menuitem', { name: /^Redirects/ }).click();
    await page.getByRole('region', { name: 'Redirects 1', exact: true }).waitFor();
    await add('Redirects 1', /^Path/);
  });

  test('tell what is wrong beside the field, and keep what was written', async () => {
    const entry = page.getByRole('region', { name: 'Redirects 1', exact: true });
    await entry.getByRole('textbox', { name: 'Path', exact: true }).fill('/old');
    await entry.getByRole('textbox', { name: 'To', exact: true }).fill('nowhere');
    await save().click();
    await entry.getByText('must be a path, or a web address').waitFor();
    assert.equal(await entry.getByRole('textbox', { name: 'To', exact: true }).inputValue(), 'nowhere');
  });

  test('do what they say once they are saved', async () => {
    const entry = page.getByRole('region', { name: 'Redirects 1', exact: true });
    await entry.getByRole('textbox', { name: 'To', exact: true }).fill('/new');
    await save().click();
    await page.getByText('Route changed').waitFor();
    assert.equal(await locationOf('/old'), '/new');
  });

  test('of several kinds stand beside each other, and are read back as they were written', async () => {
    await openRoute();
    await add('Steps', /^Cache/);
    await add('Cache: By settings', /^Set cookie/);
    await add('Cache: By settings', /^Rules/);
    await add('Rules 1', /^TTL/);
    await page
      .getByRole('region', { name: 'Rules 1', exact: true })
      .getByLabel('TTL', { exact: true })
      .fill('5m');
    await add('Steps', /^Compression/);
    await page.getByRole('combobox', { name: 'Compression', exact: true }).click();
    await page.getByRole('option', { name: 'Off', exact: true }).click();
    await save().click();
    await page.getByText('Route changed').last().waitFor();
    await openRoute();
    await page.getByRole('region', { name: 'Rules 1', exact: true }).waitFor();
    const shown = startProcess(sallyportCommand, [
      ...['route', 'show', 'wiki.localhost', '--output', 'json', '--socket', demo.adminSocket],
    ]);
    assert.equal(await shown.ended, 0, shown.stderr());
    const route = JSON.parse(shown.stdout()) as Record<string, unknown>;
    assert.equal(route['compression'], 'off');
    assert.deepEqual(route['redirects'], [{ path: '/old', to: '/new', status: 308 }]);
    assert.partialDeepStrictEqual(route['cache'], { rules: [{ ttl: '5m' }] });
  });

  for (const look of looks) {
    test(`are whole at ${look.name}`, async () => {
      const { page: shown, context } = await openPage(browser, look, page.context());
      await shown.goto(`${demo.dashboard.url}/routes/wiki.localhost`);
      await shown.getByRole('region', { name: 'Rules 1', exact: true }).waitFor();
      const overflow = Number(await shown.evaluate('document.documentElement.scrollWidth - innerWidth'));
      await shown.screenshot({
        path: join(screenshotFolder, `route-steps-${look.name}.png`),
        fullPage: true,
      });
      assert.ok(overflow <= 0, `${overflow} px too wide`);
      await context.close();
    });
  }
});

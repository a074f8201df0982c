// Bans in the dashboard: who is kept out stands there with since when, why and for how long, is found by a word, and comes in again
// when he is let in.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { request as requestHttps } from 'node:https';
import type { Browser, Page } from 'playwright-core';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { startProcess } from '../support/process.ts';
import { launchBrowser, missingBrowser, openPage, signInByLink } from './browser.ts';

describe('bans', { skip: missingBrowser }, () => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;

  before(async () => {
    demo = await startDemo();
    await sallyport(
      'route',
      'add',
      'wiki.localhost',
      '--tunnel',
      'demo',
      '--guard',
      '{ban: {after: 1, for: 1h}}',
    );
    browser = await launchBrowser(demo.ca);
    ({ page } = await openPage(browser));
    await signInByLink(page, demo.dashboard.signInLink!);
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
  });

  async function sallyport(...args: string[]): Promise<void> {
    const running = startProcess(sallyportCommand, [...args, '--socket', demo.adminSocket]);
    assert.equal(await running.ended, 0, running.stderr());
  }

  /** The status that a visitor gets. */
  function statusOf(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = {
        ...{ host: '127.0.0.1', port: demo.httpsPort, path, ca: demo.ca, servername: 'wiki.localhost' },
        ...{ headers: { Host: `wiki.localhost:${demo.httpsPort}` }, agent: false as const, timeout: 30_000 },
      };
      requestHttps(options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('timeout', () => reject(new Error(`no answer to ${path}`)))
        .on('error', reject)
        .end();
    });
  }

  test('who is banned is listed with why, since when and for how long, found by a word, and let in again', async () => {
    await page.goto(`${demo.dashboard.url}/bans`);
    await page.getByText('Nobody is banned.').waitFor();
    assert.equal(await statusOf('/wp-login.php'), 403);
    const open = await statusOf('/');
    assert.equal(open, 403, 'he is kept out of the whole site');
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: '127.0.0.1' });
    await row.getByText('asked for /wp-login.php, at wiki.localhost').waitFor();
    assert.match(await row.innerText(), /now|ago/);
    assert.match(await row.innerText(), /min|1 h/);
    await page.getByLabel('Find an address or reason').fill('phpmyadmin');
    await page.getByText('No ban fits.').waitFor();
    await page.getByLabel('Find an address or reason').fill('wp-login');
    await row.getByRole('button', { name: 'Let in 127.0.0.1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Let in', exact: true }).click();
    await page.getByText('127.0.0.1 may come in again').waitFor();
    await page.getByText('No ban fits.').waitFor();
    assert.notEqual(await statusOf('/'), 403);
  });
});

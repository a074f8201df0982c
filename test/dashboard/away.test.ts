// The edge goes away while somebody looks, and comes back: the page says so in plain words, and mends itself.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, type RunningProcess } from '../support/process.ts';
import { launchBrowser, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

interface Ready {
  readonly caFile: string;
  readonly dashboard: { readonly url: string; readonly signInLink: string | null };
}

describe('the dashboard without its edge', { skip: missingBrowser }, () => {
  let folder: string;
  let port: number;
  let demo: RunningProcess;
  let ready: Ready;
  let browser: Browser;

  async function start(): Promise<void> {
    const ports = ['--https-port', String(port), '--http-port', '0'];
    demo = startSallyport(['demo', '--output', 'json', '--data', folder, ...ports]);
    const line = await eventually('the demo is ready', () => {
      if (demo.exitCode() !== null) throw new Error(demo.stderr());
      return /^\{.*"ready".*$/m.exec(demo.stdout())?.[0];
    });
    ready = JSON.parse(line) as Ready;
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-away-'));
    port = await freePort();
    await start();
    browser = await launchBrowser(readFileSync(ready.caFile, 'utf8'));
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an edge that is gone is said plainly, and the page heals by itself when it is back (S0-39)', async () => {
    const { page } = await openPage(browser);
    await signInByLink(page, ready.dashboard.signInLink!);
    await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
    await page.getByText('This edge').waitFor();
    await demo.stop();
    const banner = page.getByText('What you see is the last that was known');
    await banner.waitFor();
    await page.screenshot({ path: join(screenshotFolder, 'edge-away-light-1280.png') });
    await start();
    await banner.waitFor({ state: 'detached' });
    await page.getByText('All is well').waitFor();
  });
});

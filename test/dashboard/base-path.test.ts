// The dashboard below a path, by an edge.yml as a person writes one: deep links, reloading, assets and the API all stand there.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { sallyportCommand, startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, run, type RunningProcess } from '../support/process.ts';
import { launchBrowser, missingBrowser, openPage, signInByLink } from './browser.ts';

describe('the dashboard at a base path', { skip: missingBrowser }, () => {
  let folder: string;
  let port: number;
  let edge: RunningProcess;
  let browser: Browser;
  let link: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-base-'));
    port = await freePort();
    const config = {
      hostname: 'localhost',
      dataDir: folder,
      internalCa: true,
      publicPort: port,
      listen: { https: `127.0.0.1:${port}`, http: `127.0.0.1:${await freePort()}`, metrics: '127.0.0.1:0' },
      dashboard: { hostname: 'sallyport.localhost', path: '/admin' },
    };
    writeFileSync(join(folder, 'edge.yml'), JSON.stringify(config));
    const file = join(folder, 'edge.yml');
    // edge.yml is there already, so that this keeps it and makes the first owner's link.
    const init = ['edge', 'init', '--config', file, '--address', '127.0.0.1', '--output', 'json'];
    link = (JSON.parse(await run(sallyportCommand, init)) as { signInLink: string }).signInLink;
    edge = startSallyport(['edge', 'run', '--config', file]);
    await eventually('the edge is ready', () => {
      if (edge.exitCode() !== null) throw new Error(edge.stderr());
      return /The edge is ready/.test(edge.stdout() + edge.stderr());
    });
    browser = await launchBrowser(readFileSync(join(folder, 'ca.pem'), 'utf8'));
  });
  after(async () => {
    await browser?.close();
    await edge?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('works as at the root: links, deep links, reloading, signing in (S4-37, S4-38)', async () => {
    const base = `https://sallyport.localhost:${port}/admin`;
    assert.match(link, new RegExp(`^${base}/link#`));
    const { page, complaints } = await openPage(browser);
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(`${base}/`) && request.url() !== base) elsewhere.push(request.url());
    });
    await signInByLink(page, link);
    await page.getByRole('navigation').getByRole('link', { name: 'Tunnels' }).click();
    await page.getByRole('heading', { level: 1, name: 'Tunnels' }).waitFor();
    assert.equal(page.url(), `${base}/tunnels`);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Tunnels' }).waitFor();
    // A name with dots is a page too, and no file.
    await page.goto(`${base}/tunnels/home.lan`);
    await page
      .getByText(/no tunnel/i)
      .first()
      .waitFor();
    await page.goto(base);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    assert.deepEqual({ elsewhere, complaints }, { elsewhere: [], complaints: [] });
  });
});

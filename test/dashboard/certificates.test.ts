// The certificate pages as an owner uses them, against an edge that gets its certificates from Pebble: what there is and why,
// the log of an order, one that fails, renewing, bringing a pair and taking it away. Screenshots in every look.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext } from 'playwright-core';
import { createCertificate } from '#testkit/certificates.ts';
import { AcmeWorld } from '../certs/world.ts';
import { sallyportCommand } from '../support/demo.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { startProcess } from '../support/process.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

const missing = missingBrowser || (await pebbleIsMissing()) || false;
const [dashboard, blog, broken, own] = ['edge', 'blog', 'broken', 'own'].map(
  (name) => `${name}.lab.localhost`,
);

describe('certificates in the dashboard', { skip: missing }, () => {
  let world: AcmeWorld;
  let browser: Browser;
  let signedIn: BrowserContext;
  let url: string;

  before(async () => {
    mkdirSync(screenshotFolder, { recursive: true });
    world = await AcmeWorld.create({
      hostnames: [blog!, broken!],
      acme: { methods: ['http-01'], namesPerCertificate: 1 },
      edge: { hostname: dashboard, dashboard: { hostname: dashboard } },
    });
    await world.pebble.dns('/set-servfail', { host: `${broken}.` });
    world.writeConfig({
      edge: { hostname: dashboard, dashboard: { hostname: dashboard }, publicPort: world.httpsPort },
    });
    await world.startEdge();
    await world.trusted(dashboard!);
    await world.trusted(blog!);
    await world.eventually('an order has failed', () => world.said(/broken\.lab\.localhost by http-01/));
    const socket = join(world.folder, 'data/admin.sock');
    const invite = startProcess(sallyportCommand, [
      ...['user', 'create', 'owner', '--role', 'owner', '--output', 'json', '--socket', socket],
    ]);
    assert.equal(await invite.ended, 0, invite.stderr());
    const [link] = /https:\/\/[^"]+/.exec(invite.stdout()) ?? [];
    // Of the chain that the edge sends: its root is not in it.
    browser = await launchBrowser(await world.pebble.managed('/intermediates/0'));
    const { page, context } = await openPage(browser);
    signedIn = context;
    url = new URL(link!).origin;
    await signInByLink(page, link!);
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  for (const look of looks) {
    test(`S0-19 state, method, reason and the log of an order are shown at ${look.name}`, async () => {
      const { page, context, complaints } = await openPage(browser, look, signedIn);
      await page.goto(`${url}/certificates`);
      const list = page.getByRole('table', { name: 'Certificates' });
      await list.getByText('last order failed').waitFor();
      await page.screenshot({
        path: join(screenshotFolder, `acme-certificates-${look.name}.png`),
        fullPage: true,
      });
      await list.getByRole('link', { name: blog!, exact: true }).click();
      const orders = page.getByRole('region', { name: 'Orders' });
      await orders.getByText(/first certificate; http-01/).waitFor();
      await page.getByText(/HTTP file \(HTTP-01\): no DNS provider covers the name/).waitFor();
      await page.screenshot({
        path: join(screenshotFolder, `acme-certificate-${look.name}.png`),
        fullPage: true,
      });
      await page.goto(`${url}/certificates/${broken}`);
      await page.getByText(/There is no certificate yet\. It is tried again at/).waitFor();
      await page.screenshot({ path: join(screenshotFolder, `acme-failed-${look.name}.png`), fullPage: true });
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      assert.deepEqual({ overflow, complaints }, { overflow: 0, complaints: [] });
      await context.close();
    });
  }

  test('a certificate is renewed at the press of a button, and its log appears', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    const before = await world.shown(blog!);
    await page.goto(`${url}/certificates/${blog}`);
    await page.getByRole('button', { name: 'Renew now' }).click();
    await page
      .getByRole('region', { name: 'Orders' })
      .getByText(/renewal asked for by hand/)
      .first()
      .waitFor();
    await world.eventually('another is shown', async () => {
      const now = await world.shown(blog!);
      return now.certificate.fingerprint256 !== before.certificate.fingerprint256;
    });
    await context.close();
  });

  test('a pair is brought by paste, refused when it does not fit, and taken away again', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    const pair = createCertificate({ name: 'home', names: [own!] });
    await page.goto(`${url}/certificates`);
    await page.getByRole('button', { name: 'Import certificate' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Certificate and chain').fill(pair.cert);
    await dialog.getByLabel('Private key').fill(createCertificate({ name: 'x', names: [own!] }).key);
    await dialog.getByRole('button', { name: 'Import certificate' }).click();
    await dialog.getByText(/The key does not belong to the certificate/).waitFor();
    await page.screenshot({ path: join(screenshotFolder, 'acme-import-light-1280.png') });
    await dialog.getByLabel('Private key').fill(pair.key);
    await dialog.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByRole('heading', { level: 1, name: new RegExp(own!) }).waitFor();
    await page.getByText('imported', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove certificate' }).click();
    await page.getByRole('heading', { level: 1, name: 'Certificates', exact: true }).waitFor();
    await context.close();
  });
});

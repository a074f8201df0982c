// The pages of names and zones against an edge that answers for a zone of its own and has a provider that is away: states,
// owners, TTLs, cures, drift, the plan. Screenshots in every look.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { freePort } from '../support/process.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

describe('names in the dashboard', { skip: missingBrowser }, () => {
  let edge: OwnEdge;
  let browser: Browser;
  let signedIn: BrowserContext;

  before(async () => {
    mkdirSync(screenshotFolder, { recursive: true });
    edge = await OwnEdge.create({ config: await configuration() });
    writeFileSync(join(edge.folder, 'key'), Buffer.alloc(32, 7).toString('base64'));
    await edge.start();
    const made = await edge.command('tunnel', 'create', 'home', '--remote', '--output', 'json');
    assert.equal(made.code, 0, made.err);
    for (const hostname of ['blog.lab.test', 'taken.lab.test', 'shop.example.test', 'far.elsewhere.test']) {
      const added = await edge.command('route', 'add', hostname, '--tunnel', 'home');
      assert.equal(added.code, 0, added.err);
    }
    await eventually('the names are looked after', async () => {
      const { items } = await edge.api.listNames({ query: {} });
      return items.length === 5 && items.every(({ state }) => state !== 'pending');
    });
    const invite = await edge.command('user', 'create', 'owner', '--role', 'owner', '--output', 'json');
    const [link] = /https:\/\/[^"]+/.exec(invite.out) ?? [];
    browser = await launchBrowser(edge.ca);
    const { page, context } = await openPage(browser);
    signedIn = context;
    await signInByLink(page, link!);
  });
  after(async () => {
    await browser?.close();
    await edge?.close();
  });

  for (const look of looks) {
    test(`S4-45 states, owners and cures are shown at ${look.name}`, async () => {
      const { page, context, complaints } = await openPage(browser, look, signedIn);
      await page.goto(`${edge.url}/names`);
      const names = page.getByRole('table', { name: 'Hostnames' });
      await names.getByText('CNAME edge.lab.test.').first().waitFor();
      await names.getByText(/taken\.lab\.test is A 198\.51\.100\.1 .*made by hand\. Delete it/).waitFor();
      await names.getByText(/No zone that is managed here covers far\.elsewhere\.test/).waitFor();
      const zones = page.getByRole('table', { name: 'Zones' });
      await zones.getByText('not reachable').waitFor();
      await page.screenshot({ path: join(screenshotFolder, `dns-names-${look.name}.png`), fullPage: true });
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      await zones.getByRole('link', { name: 'lab.test', exact: true }).click();
      const records = page.getByRole('table', { name: 'Records' });
      await records.getByText("marks blog.lab.test as this edge's").waitFor();
      await page.screenshot({ path: join(screenshotFolder, `dns-zone-${look.name}.png`), fullPage: true });
      const zoneWide = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      assert.deepEqual({ wide, zoneWide, complaints }, { wide: 0, zoneWide: 0, complaints: [] });
      await context.close();
    });
  }

  test('the overview tells of names and zones in trouble, and leads to them', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    await page.goto(`${edge.url}/`);
    await page.getByRole('link', { name: "taken.lab.test is in somebody else's hands" }).click();
    await page.waitForURL(/names\?search=taken\.lab\.test/);
    await page.getByRole('heading', { level: 1, name: 'Names' }).waitFor();
    await context.close();
  });

  test('the plan is shown before it is carried out', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    await page.goto(`${edge.url}/names`);
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.getByRole('dialog').getByText('Nothing is to be changed.').waitFor();
    await page.screenshot({ path: join(screenshotFolder, 'dns-plan-light-1280.png') });
    await context.close();
  });
});

/** A zone of its own with a record of the owner's, and one at a server that does not answer. */
async function configuration(): Promise<Readonly<Record<string, unknown>>> {
  const [dnsPort, deadPort] = [await freePort(), await freePort()];
  return {
    hostname: 'edge.lab.test',
    dns: {
      addresses: ['203.0.113.7', '2001:db8::7'],
      resolvers: [`127.0.0.1:${dnsPort}`],
      serve: {
        listen: `127.0.0.1:${dnsPort}`,
        zones: [
          { name: 'lab.test', records: [{ name: 'taken', type: 'A', ttl: '5m', values: ['198.51.100.1'] }] },
        ],
      },
      providers: [
        {
          ...{ name: 'home-knot', type: 'rfc2136', server: `127.0.0.1:${deadPort}`, zones: ['example.test'] },
          ...{ keyName: 'key', keyFile: 'key' },
        },
      ],
    },
  };
}

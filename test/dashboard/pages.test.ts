// Every page of the dashboard in every look: nothing too wide, nothing that the policy or the console complains about, nothing
// that keeps a screen reader or a keyboard out. Screenshots of all of them go to test/output/dashboard/, for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createApiClient } from '#api/client.ts';
import { sendToEdge } from '#roles/commands/send-to-edge.ts';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { freePort, startProcess } from '../support/process.ts';
import { launchBrowser, looks, missingBrowser, openPage, screenshotFolder, signInByLink } from './browser.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Addresses below the dashboard's, by the name of the screenshot, and a word that shows that the page is there. */
const pages: Readonly<Record<string, readonly [path: string, shows: RegExp]>> = {
  overview: ['', /Traffic/],
  health: ['health', /can serve/],
  exposed: ['exposed', /tcp:/],
  bans: ['bans', /asked for \/\.env/],
  requests: ['requests', /Requests/],
  explain: ['explain?url=https%3A%2F%2Fblog.localhost%2F', /Origin/],
  'explain-port': ['explain?url=tls%3Anobody.localhost', /No port/],
  'explain-stops': ['explain?url=https%3A%2F%2Fnobody.localhost%2F', /Not reached|No route/],
  cache: ['cache', /Hit ratio/],
  tunnels: ['tunnels', /demo/],
  connectors: ['tunnels?view=connectors', /Connected for/],
  tunnel: ['tunnels/demo', /Connectors/],
  route: ['routes/wiki.localhost', /On the way/],
  routes: ['routes', /blog\.localhost/],
  ports: ['ports', /tcp:/],
  'ports-none': ['ports?search=nothing', /No port fits/],
  names: ['names', /does not look after DNS/],
  certificates: ['certificates', /blog\.localhost/],
  certificate: ['certificates/blog.localhost', /Orders/],
  users: ['users', /owner/],
  user: ['users/owner', /Signed in/],
  visitors: ['visitors', /Page passwords/],
  'api-keys': ['api-keys', /API keys/],
  notifications: ['notifications', /tried by hand/],
  audit: ['audit', /Audit/],
  account: ['account', /Where you are signed in/],
  settings: ['settings', /Title/],
  lab: ['lab', /Apply a file/],
  'not-found': ['no/such/page', /no page at this address/],
};

interface AxeFinding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** Serious and critical findings of axe-core on the page as it is. */
async function findings(page: Page): Promise<string[]> {
  // Evaluated, not added as a script: the page's policy allows no inline one.
  await page.evaluate(axeSource);
  const violations = (await page.evaluate(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
  )) as AxeFinding[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

describe('the dashboard shows every page', { skip: missingBrowser }, () => {
  let demo: Demo;
  let browser: Browser;
  let signedIn: BrowserContext;

  before(async () => {
    mkdirSync(screenshotFolder, { recursive: true });
    demo = await startDemo();
    // A route of the store, whose page has a form.
    const added = startProcess(sallyportCommand, [
      ...['route', 'add', 'wiki.localhost', '--tunnel', 'demo', '--cache', '{setCookie: strip}'],
      ...['--redirects', '[{outside: /blog, to: "/blog{rest}"}]', '--guard', '{ban: {after: 1, for: 1h}}'],
      ...['--socket', demo.adminSocket],
    ]);
    assert.equal(await added.ended, 0, added.stderr());
    const opened = startProcess(sallyportCommand, [
      ...['port', 'add', `tcp:${await freePort()}`, '--tunnel', 'demo', '--hostname', 'db.localhost'],
      ...['--address', '127.0.0.1', '--from', '127.0.0.0/8', '--socket', demo.adminSocket],
    ]);
    assert.equal(await opened.ended, 0, opened.stderr());
    const edge = createApiClient((path, init) =>
      sendToEdge({ kind: 'socket', file: demo.adminSocket }, path, init),
    );
    const nobody = `http://127.0.0.1:${await freePort()}`;
    for (const name of ['phone', 'tablet'])
      await edge.createChannel({
        body: {
          ...{ name, quiet: '22:00-07:00 Europe/Berlin' },
          settings: { kind: 'ntfy', server: nobody, topic: 'a-long-topic' },
        },
      });
    await edge.testChannel({ params: { channel: 'phone' } });
    await edge.setMute({ body: { subject: 'nas.localhost', hours: 8 } });
    browser = await launchBrowser(demo.ca);
    const { page, context } = await openPage(browser);
    signedIn = context;
    await signInByLink(page, demo.dashboard.signInLink!);
    // Something to be seen in the access log.
    await page.goto(`${demo.hostnames['blog.localhost']!}/`);
    // And somebody who is banned.
    await page.goto(`https://wiki.localhost:${demo.httpsPort}/.env`);
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
  });

  for (const look of looks) {
    test(`whole and accessible at ${look.name}`, async () => {
      const { page, context, complaints } = await openPage(browser, look, signedIn);
      const faults: string[] = [];
      for (const [name, [path, shows]] of Object.entries(pages)) {
        await page.goto(`${demo.dashboard.url}/${path}`);
        try {
          await page.getByRole('main').getByText(shows).first().waitFor();
          await page.locator('[aria-label^=Reading]').first().waitFor({ state: 'detached' });
        } catch (error) {
          // The other pages are of interest all the same.
          faults.push(`${name} does not show ${shows}: ${String(error).split('\n')[0]}`);
        }
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        if (overflow > 0) faults.push(`${name} is ${overflow} px too wide`);
        for (const finding of await findings(page)) faults.push(`${name}: ${finding}`);
        await page.screenshot({ path: join(screenshotFolder, `${name}-${look.name}.png`), fullPage: true });
      }
      assert.deepEqual({ faults, complaints }, { faults: [], complaints: [] });
      await context.close();
    });

    test(`the sign-in page at ${look.name}`, async () => {
      const { page, context, complaints } = await openPage(browser, look);
      await page.goto(`${demo.dashboard.url}/tunnels`);
      await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
      assert.match(page.url(), /\/sign-in\?next=/);
      const faults = await findings(page);
      await page.screenshot({ path: join(screenshotFolder, `sign-in-${look.name}.png`) });
      assert.deepEqual({ faults, complaints }, { faults: [], complaints: [] });
      await context.close();
    });
  }

  test('nothing is asked of anybody but the edge, and the policy has no hole', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).hostname));
    const response = await page.goto(`${demo.dashboard.url}/`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const policy = response!.headers()['content-security-policy']!;
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /style-src 'self' 'nonce-[^']+'(;|$)/);
    assert.deepEqual([...hosts], [new URL(demo.dashboard.url).hostname]);
    await context.close();
  });

  test('the palette finds a tunnel by the keyboard alone', async () => {
    const { page, context } = await openPage(browser, looks[0], signedIn);
    await page.goto(`${demo.dashboard.url}/`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Search/ }).fill('demo');
    await page.getByRole('option', { name: /demo.*Tunnel/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /^demo/ }).waitFor();
    await context.close();
  });
});

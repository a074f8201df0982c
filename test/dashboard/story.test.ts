// The whole story in a browser, against a real edge: sign in, create a tunnel, start a connector with the very line shown, add
// a hostname, see a request arrive, break the origin and read the words, rotate, revoke, delete.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningProcess, startProcess } from '../support/process.ts';
import { launchBrowser, missingBrowser, type OpenPage, openPage, signInByLink } from './browser.ts';

describe('the dashboard tells a story', { skip: missingBrowser }, () => {
  let demo: Demo;
  let browser: Browser;
  let opened: OpenPage;
  let page: Page;
  let origin: Server;
  const connectors: RunningProcess[] = [];

  before(async () => {
    demo = await startDemo();
    browser = await launchBrowser(demo.ca);
    opened = await openPage(browser);
    page = opened.page;
    origin = createServer((_request, response) => response.end('hello from home'));
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
  });
  after(async () => {
    for (const connector of connectors) await connector.stop();
    await browser?.close();
    await demo?.close();
    origin?.close();
  });

  const button = (name: string | RegExp) =>
    page.getByRole('button', { name, exact: typeof name === 'string' });
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });
  const go = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  const dialog = (name?: RegExp) => page.getByRole('dialog', name === undefined ? {} : { name });

  /** GET through the edge. */
  function get(host: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const options = {
        ...{ host: '127.0.0.1', port: demo.httpsPort, path: '/hello', ca: demo.ca, servername: host },
        ...{ headers: { Host: `${host}:${demo.httpsPort}` }, agent: false as const },
      };
      requestHttps(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  /** Runs a line as a person would who pastes it into a shell that has sallyport in its path. */
  function paste(line: string): RunningProcess {
    const path = `${dirname(sallyportCommand)}:${process.env['PATH']}`;
    const running = startProcess('sh', ['-c', `exec ${line} --metrics 127.0.0.1:0`], { env: { PATH: path } });
    connectors.push(running);
    return running;
  }

  /** The line for a shell in the dialog that is open. */
  async function shownLine(title: RegExp): Promise<string> {
    const line = await dialog(title).getByLabel('lines for Shell', { exact: true }).innerText();
    assert.match(line, /^sallyport tunnel run --token \S+$/);
    return line.trim();
  }

  let brokenAt: string | undefined;
  /** One step of the story; after one that failed, the others could only fail slowly. */
  function step(name: string, run: () => Promise<void>): void {
    test(name, async () => {
      if (brokenAt !== undefined) throw new Error(`the story ended before, at “${brokenAt}”`);
      try {
        await run();
      } catch (error) {
        brokenAt = name;
        const shown = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
        throw new Error(`${(error as Error).message}\nThe page showed: ${shown}`, { cause: error });
      }
    });
  }

  step(
    'the link that the edge printed signs the owner in, with nothing set up by hand (S4-33, S4-38)',
    async () => {
      await signInByLink(page, demo.dashboard.signInLink!);
      await page.getByText('You have no way to sign in again.').waitFor();
      await button('Set a password').click();
      await dialog().getByLabel('New password').fill('correct horse battery');
      await dialog().getByRole('button', { name: 'Set password' }).click();
      await page.getByText('A password is set.').waitFor();
    },
  );

  step('a name and a password sign in; a wrong one is told in one sentence', async () => {
    await button(/owner/).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    // The account page has a name and a section called Password of its own; it may be there a moment longer.
    await button('Sign in').waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('owner');
    await page.getByLabel('Password', { exact: true }).fill('wrong horse battery');
    await button('Sign in').click();
    await page
      .getByRole('alert')
      .getByText(/not right|wrong/)
      .waitFor();
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await button('Sign in').click();
    await heading('Overview').waitFor();
  });

  step('a tunnel is created, and its connector started with the line shown', async () => {
    await go('Tunnels');
    await button('Create tunnel').first().click();
    await dialog().getByRole('textbox', { name: 'Name' }).fill('home');
    await dialog().getByRole('button', { name: 'Create', exact: true }).click();
    await dialog().getByText('Waiting for the first connector').waitFor();
    for (const way of ['systemd', 'Docker', 'Kubernetes', 'NixOS', 'Shell']) {
      await dialog().getByRole('tab', { name: way, exact: true }).click();
      await dialog().getByLabel(`lines for ${way}`, { exact: true }).waitFor();
    }
    paste(await shownLine(/Start a connector/));
    await dialog().getByText('A connector is connected.').waitFor();
    await dialog().getByRole('link', { name: 'Go to the tunnel' }).click();
    await heading(/^home/).waitFor();
    await page.getByText('healthy').first().waitFor();
  });

  step('a hostname is added in three fields, and answers from home', async () => {
    await go('Routes');
    await button('Add route').first().click();
    await dialog().getByRole('textbox', { name: 'Hostname' }).fill('app.localhost');
    await dialog().getByRole('combobox', { name: 'Tunnel' }).click();
    await page.getByRole('option', { name: 'home' }).click();
    await dialog()
      .getByRole('textbox', { name: 'Service' })
      .fill(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`);
    await dialog().getByRole('button', { name: 'Add route' }).click();
    await heading(/^app\.localhost/).waitFor();
    await eventually(
      'the hostname answers',
      async () => (await get('app.localhost')).body === 'hello from home',
    );
    await button('Explain').click();
    await page
      .getByText(/answers 200|works/i)
      .first()
      .waitFor();
  });

  step('a request is seen as it arrives, and opened hop by hop', async () => {
    await go('Requests');
    await heading('Requests').waitFor();
    await page.getByLabel('Host, or *.suffix').fill('app.localhost');
    await page.waitForURL(/host=app\.localhost/);
    await get('app.localhost');
    await page.getByRole('link', { name: 'GET app.localhost/hello' }).first().click();
    await page.getByText('Origin, until its first byte').waitFor();
    await button('Send again').click();
    await page.getByText(/Sent again: 200/).waitFor();
  });

  step('an origin that breaks is told in words that name the hop (S0-39)', async () => {
    origin.closeAllConnections();
    await new Promise((resolve) => origin.close(resolve));
    await eventually('the edge answers 502', async () => (await get('app.localhost')).status === 502);
    await go('Requests');
    await page.getByRole('row', { name: /502/ }).getByRole('link').first().click();
    await page.getByText('It failed between the connector and the origin.').waitFor();
    await page
      .getByText(/refused/)
      .first()
      .waitFor();
    await go('Explain');
    await page.getByLabel('URL or hostname').fill('https://app.localhost/hello');
    await button('Explain').click();
    await page
      .getByRole('listitem')
      .filter({ hasText: 'Origin' })
      .getByText(/refused|not running/i)
      .first()
      .waitFor();
  });

  step('the key is rotated with two keys valid, and the old one goes when all have moved', async () => {
    await go('Tunnels');
    await page.getByRole('table').getByRole('link', { name: 'home', exact: true }).click();
    await button('Rotate key').click();
    await dialog()
      .getByText(/On the edge/)
      .waitFor();
    await button('Make a second key').click();
    const line = await shownLine(/new token/);
    await dialog(/new token/)
      .getByRole('button', { name: 'Close' })
      .click();
    await page.getByText(/0 of 1 connectors have moved/).waitFor();
    paste(line);
    await page.getByText(/1 of 2 connectors have moved/).waitFor();
    await connectors[0]!.stop();
    await page.getByText('Every connector has moved').waitFor();
    await button('Revoke the old key').click();
    await dialog().getByRole('button', { name: 'Revoke the old key' }).click();
    await page.getByText('Rotation under way').waitFor({ state: 'detached' });
    assert.equal(connectors[1]!.exitCode(), null);
  });

  step('deleting names what depends on it, and asks (S0-16, S4-50)', async () => {
    await button('More actions').click();
    await page.getByRole('menuitem', { name: /Delete tunnel/ }).click();
    await dialog().getByRole('button', { name: 'Delete tunnel' }).click();
    await dialog().getByText('app.localhost').waitFor();
    await dialog().getByText('On the edge').waitFor();
    await dialog().getByRole('button', { name: 'Delete it with all that depends on it' }).waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await heading(/^home/).waitFor();
  });

  step('revoking cuts the connector off, which says so', async () => {
    await button('More actions').click();
    await page.getByRole('menuitem', { name: /Revoke every key/ }).click();
    await dialog()
      .getByLabel(/Type home/)
      .fill('home');
    await dialog().getByRole('button', { name: 'Revoke', exact: true }).click();
    await shownLine(/new token/);
    await eventually('the connector says that it was refused', () =>
      /revoked|refused|no longer/i.test(connectors[1]!.stderr()),
    );
    await dialog(/new token/)
      .getByRole('button', { name: 'Close' })
      .click();
    await page.getByText('down').first().waitFor();
    await go('Overview');
    await page.getByRole('region', { name: 'What is wrong' }).getByText(/home/).first().waitFor();
  });

  step('all of it stands in the audit, with what it was before and after', async () => {
    await go('Audit');
    await page
      .getByRole('button', { name: /app\.localhost.*created/i })
      .first()
      .click();
    await page.getByText('hostname', { exact: true }).waitFor();
    assert.deepEqual(opened.complaints, []);
  });
});

// A real Chromium for the dashboard's tests: trusted by the demo's CA's key, with everything gathered that its console, the
// content security policy or a failed request complain about.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { repositoryRoot } from '../support/process.ts';

const executablePath = '/usr/bin/chromium';

/** What is missing, for a test that is skipped; false when nothing is. */
export const missingBrowser: string | false = existsSync(executablePath)
  ? false
  : 'Chromium is not installed; test/system-packages.sh installs it';

/** Where screenshots go, for people to look at. */
export const screenshotFolder = join(repositoryRoot, 'test', 'output', 'dashboard');

const [wide, narrow] = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

/** The looks that every page must have. */
export const looks = [
  { name: 'light-1280', colorScheme: 'light', viewport: wide },
  { name: 'dark-1280', colorScheme: 'dark', viewport: wide },
  { name: 'light-390', colorScheme: 'light', viewport: narrow },
  { name: 'dark-390', colorScheme: 'dark', viewport: narrow },
] as const;
export type Look = (typeof looks)[number];

/** How long a page may take to show what it was asked for: generous, for a machine with other things to do. */
export const patienceMs = 60_000;

/** Starts Chromium; `ca` is the PEM of the CA that signed what it will see. */
export function launchBrowser(ca: string): Promise<Browser> {
  const spki = new X509Certificate(ca).publicKey.export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(spki).digest('base64');
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
      `--ignore-certificate-errors-spki-list=${hash}`,
    ],
  });
}

/** A page in a context of its own, and what was complained about in it. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
}

/** Opens an empty page with this look; `from` gives it the cookies of another context. */
export async function openPage(
  browser: Browser,
  look: Look = looks[0],
  from?: BrowserContext,
): Promise<OpenPage> {
  const context = await browser.newContext({
    colorScheme: look.colorScheme,
    viewport: look.viewport,
    // A click on what still moves can miss it on a busy machine.
    reducedMotion: 'reduce',
    ...(from === undefined ? {} : { storageState: await from.storageState() }),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  page.setDefaultNavigationTimeout(patienceMs);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // A refusal of the API is an answer; what the page makes of it is tested where it happens.
    if (!/Failed to load resource: the server responded/.test(message.text()))
      complaints.push(`${message.text()} ${message.location().url} on ${page.url()}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, context, complaints };
}

/** Signs in with a one-time link, as the edge printed it. */
export async function signInByLink(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign in with this link' }).click();
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
}

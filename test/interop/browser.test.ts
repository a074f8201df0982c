// A real Chromium reads the sample blog through edge, tunnel and connector, by HTTP/2 and with the demo's CA trusted:
// every page, its links, live events, WebSockets, and the error pages. Screenshots of each go to test/output/, for
// people to look at.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page, type Response } from 'playwright-core';
import { type Demo, startDemo } from '../support/demo.ts';
import { freePort, repositoryRoot } from '../support/process.ts';
import { WebSocketOrigin } from './websocket-origin.ts';

const executablePath = '/usr/bin/chromium';
const output = join(repositoryRoot, 'test', 'output');
const [wide, narrow] = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
const looks = [
  { name: 'light-1280', colorScheme: 'light', viewport: wide },
  { name: 'dark-1280', colorScheme: 'dark', viewport: wide },
  { name: 'light-390', colorScheme: 'light', viewport: narrow },
  { name: 'dark-390', colorScheme: 'dark', viewport: narrow },
] as const;

describe('Chromium', { skip: existsSync(executablePath) ? false : 'Chromium is not installed' }, () => {
  let origin: WebSocketOrigin;
  let demo: Demo;
  let browser: Browser;

  before(async () => {
    origin = await WebSocketOrigin.start();
    const gone = await freePort();
    demo = await startDemo({
      services: { 'ws.localhost': origin.url, 'gone.localhost': `http://127.0.0.1:${gone}` },
    });
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--ignore-certificate-errors-spki-list=${spkiHash(demo.ca)}`,
      ],
    });
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
    await origin?.close();
  });

  function url(name: string, path: string): string {
    return `https://${name}.localhost:${demo.httpsPort}${path}`;
  }

  /** Opens a page in a context of its own; what its console and its network complain about is gathered. */
  async function open(
    address: string,
    look: (typeof looks)[number] = looks[0],
  ): Promise<{ page: Page; context: BrowserContext; response: Response; complaints: string[] }> {
    const context = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (failed) => {
      const error = failed.failure()?.errorText;
      // The browser's own doing: it gives up what a page was still loading when it leaves the page. A fault of the edge's
      // has other names (ERR_HTTP2_PROTOCOL_ERROR, ERR_EMPTY_RESPONSE, ERR_CONNECTION_*).
      if (error !== 'net::ERR_ABORTED') complaints.push(`${failed.url()} ${error}`);
    });
    const response = await page.goto(address);
    assert.ok(response);
    return { page, context, response, complaints };
  }

  /** `h2`, as the browser names the protocol of the page it shows. */
  function protocolOf(page: Page): Promise<string> {
    return page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") as Promise<string>;
  }

  test('reads every page that links lead to, by HTTP/2 and without a complaint', async () => {
    const { page, context, complaints } = await open(url('blog', '/'));
    const waiting = [url('blog', '/')];
    const seen = new Set<string>();
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const response = await page.goto(next);
      if (next.endsWith('/gone')) {
        assert.equal(response?.status(), 404, next);
        continue;
      }
      assert.equal(response?.status(), 200, next);
      assert.equal(await protocolOf(page), 'h2', next);
      if (next.endsWith('.xml')) continue;
      assert.match(await page.title(), /The Postern/);
      const links = (await page.evaluate('[...document.links].map((link) => link.href)')) as string[];
      waiting.push(
        ...links.map((link) => link.replace(/#.*/, '')).filter((link) => link.startsWith(url('blog', '/'))),
      );
    }
    // The post promises a page that does not exist.
    const surprises = complaints.filter((text) => !/status of 404/.test(text));
    assert.deepEqual(surprises, []);
    assert.ok(seen.size >= 8, [...seen].join(' '));
    await context.close();
  });

  test('follows a link to a post and back', async () => {
    const { page, context, complaints } = await open(url('blog', '/'));
    await page.click('article h2 a');
    await page.waitForURL(/\/posts\//);
    await page.goBack();
    assert.equal(page.url(), url('blog', '/'));
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('shows live events as they come', async () => {
    const { page, context, complaints } = await open(url('blog', '/events'));
    await page.waitForFunction('document.querySelectorAll("#events li").length >= 3', undefined, {
      timeout: 8_000,
    });
    assert.match(await page.innerText('#events li:last-child'), /^event 1 at /);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('speaks to a WebSocket origin', async () => {
    const { page, context } = await open(url('ws', '/page'));
    const echoed = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket('wss://' + location.host + '/echo', 'chat');
      socket.onopen = () => socket.send('x'.repeat(100000));
      socket.onmessage = ({ data }) => { resolve(data.length + ' ' + socket.protocol); socket.close(1000); };
      socket.onerror = () => reject(new Error('the WebSocket failed'));
    })`);
    assert.equal(echoed, '100000 chat');
    await context.close();
  });

  test('sends a megabyte and gets it back', async () => {
    const { page, context } = await open(url('blog', '/about'));
    const length = await page.evaluate(`fetch('/echo', { method: 'POST', body: 'y'.repeat(1000000) })
      .then((response) => response.text()).then((text) => text.length - text.indexOf('yyy'))`);
    assert.equal(length, 1_000_000);
    await context.close();
  });

  for (const [name, host, status, code] of [
    ['a hostname without a route', 'nobody', 404, 'no-such-host'],
    ['a service that is not running', 'gone', 502, 'origin-refused'],
  ] as const) {
    test(`is told about ${name} by a page`, async () => {
      const { page, context, response } = await open(url(host, '/some/page'));
      assert.equal(response.status(), status);
      assert.equal(response.headers()['x-sallyport-error'], code);
      assert.match(response.headers()['content-type']!, /^text\/html/);
      assert.match(await page.innerText('footer'), new RegExp(`${code} · request `));
      await context.close();
    });
  }

  for (const look of looks) {
    test(`shows every page whole at ${look.name}`, async () => {
      const pages = {
        home: url('blog', '/'),
        post: url('blog', '/posts/what-happens-on-a-bad-day'),
        about: url('blog', '/about'),
        events: url('blog', '/events'),
        echo: url('blog', '/echo'),
        'not-found': url('blog', '/gone'),
        'error-host': url('nobody', '/'),
        'error-origin': url('gone', '/'),
      };
      const { page, context } = await open(pages.home, look);
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        assert.ok(Number(overflow) <= 0, `${name} is ${String(overflow)} px too wide`);
        await page.screenshot({ path: join(output, `${name}-${look.name}.png`), fullPage: true });
      }
      await context.close();
    });
  }
});

/** What Chromium's flag wants to trust a key: base64 of SHA-256 over the SubjectPublicKeyInfo. */
function spkiHash(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

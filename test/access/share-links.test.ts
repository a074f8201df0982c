// Share links: what they open, how long and how often, what happens to those that are revoked, and where their token goes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import type { Visitor } from './visitor.ts';
import { type AccessWorld, accessWorld } from './world.ts';

const passName = '__Host-sallyport-pass';
const asBrowser = { 'sec-fetch-mode': 'navigate' };

describe('share links', () => {
  let world: AccessWorld;
  before(async () => {
    world = await accessWorld();
    await world.protect('app.localhost', '/album', ['link']);
    await world.protect('app.localhost', '/private', 'private');
    await eventually('the routes are in force', async () => {
      const { status } = await world.visitor().ask(world.at('app.localhost', '/album/x'));
      return status === 403;
    });
  });
  after(() => world?.close());

  const share = async (path: string, more: { uses?: number } = {}) => {
    const made = await world.api.createShareLink({
      body: { url: world.at('app.localhost', path), ...more },
    });
    await eventually('the edge knows the link', async () => {
      const { status } = await world.visitor().ask(made.url);
      return status !== 403;
    });
    return made;
  };
  const status = async (visitor: Visitor, path: string): Promise<number> =>
    (await visitor.ask(world.at('app.localhost', path))).status;

  test('a link opens its path and what is below, for the browser that opened it, and the token leaves the address', async () => {
    const { url } = await share('/album/summer');
    const visitor = world.visitor();
    const led = await visitor.ask(url, { headers: asBrowser });
    assert.equal(led.status, 303);
    assert.equal(led.headers.location, world.at('app.localhost', '/album/summer'));
    assert.equal(led.headers['referrer-policy'], 'no-referrer');
    const [cookie = ''] = led.headers['set-cookie'] ?? [];
    assert.match(cookie, /^__Host-sallyport-pass=.*; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/);
    const site = await visitor.open(url);
    assert.equal(site.body, 'the site saw /album/summer');
    assert.doesNotMatch(JSON.stringify(world.served), /token=|sallyport-pass/);
    assert.equal(await status(visitor, '/album/summer/1.jpg'), 200);
    for (const path of [
      '/album/winter',
      '/album/summer2',
      '/album',
      '/album/summer/..%2Fwinter',
      '/private/x',
    ])
      assert.notEqual(await status(visitor, path), 200, path);
    assert.equal(await status(world.visitor(), '/album/summer'), 403);
    const line = await eventually('the log names the link', async () => {
      const { items } = await world.api.listRequests({ query: { path: '/album/summer/1.jpg' } });
      return items[0];
    });
    assert.match(String(line.accessRule), /^1 link [0-9a-f]{8}$/);
  });

  test('a cookie or a token of one hostname opens nothing at another', async () => {
    await world.protect('other.localhost', '/album', ['link']);
    const { url } = await share('/album/summer');
    const visitor = world.visitor();
    await visitor.open(url);
    const stolen = visitor.cookies.get('app.localhost')!.get(passName)!;
    const elsewhere = world.visitor();
    await eventually('the other route is in force', async () => {
      const at = world.at('other.localhost', '/album/summer');
      return (await elsewhere.ask(at)).status === 403;
    });
    const headers = { cookie: `${passName}=${stolen}` };
    const asked = [world.at('other.localhost', '/album/summer'), url.replace('app.', 'other.')];
    for (const each of asked) assert.equal((await elsewhere.ask(each, { headers })).status, 403, each);
  });

  test('texts that were not signed here, or for something else, are none', async () => {
    const { url } = await share('/album/summer');
    const { searchParams } = new URL(url);
    const token = searchParams.get('token')!;
    const wrong = ['', 'x', `${token}x`, token.slice(1), `${token.slice(0, -2)}AA`, token.split('.')[0]!];
    for (const each of wrong) {
      const { status: answer, headers } = await world
        .visitor()
        .ask(url.replace(token, encodeURIComponent(each)), { headers: asBrowser });
      assert.deepEqual([answer, headers['x-sallyport-error']], [403, 'link-ended'], each);
    }
    const headers = { cookie: `${passName}=${token}` };
    const seen = await world.visitor().ask(world.at('app.localhost', '/album/summer'), { headers });
    assert.equal(seen.status, 403);
  });

  test('a counted link lets in so many browsers; each comes back as often as it likes, and looking at it does not count', async () => {
    const { url, link } = await share('/album/counted', { uses: 2 });
    // A chat that shows a preview, and a prefetch: a page with a button, and nothing is counted.
    for (const headers of [{}, { ...asBrowser, 'sec-purpose': 'prefetch' }] as readonly Record<
      string,
      string
    >[]) {
      const page = await world.visitor().ask(url, { headers });
      assert.match(page.body, /<form method="post">/);
      assert.doesNotMatch(page.body, /<script/);
    }
    const first = world.visitor();
    for (let i = 0; i < 3; i++) assert.equal((await first.ask(url, { headers: asBrowser })).status, 303);
    // By the button.
    const second = world.visitor();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await second.ask(url, { method: 'POST', headers: form })).status, 303);
    const third = await world.visitor().ask(url, { headers: asBrowser });
    assert.deepEqual([third.status, third.headers['x-sallyport-error']], [403, 'link-ended']);
    for (const visitor of [first, second]) assert.equal(await status(visitor, '/album/counted/1'), 200);
    const { items } = await world.api.listShareLinks();
    const seen = items.find(({ id }) => id === link.id)!;
    assert.deepEqual([seen.uses, seen.state], [2, 'used-up']);
  });

  test('of browsers that open a link at once, no more get in than may', async () => {
    const { url } = await share('/album/rush', { uses: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => (await world.visitor().ask(url, { headers: asBrowser })).status),
    );
    assert.equal(answers.filter((answer) => answer === 303).length, 3, answers.join(' '));
  });

  test('a revoked link opens nothing, and whom it let in is out, open downloads too', async () => {
    const { url, link } = await share('/album/gone');
    const visitor = world.visitor();
    assert.equal((await visitor.open(url)).status, 200);
    const endless = visitor.ask(world.at('app.localhost', '/album/gone/endless'));
    const isEnded = assert.rejects(endless);
    await eventually('the download runs', () =>
      world.served.some(({ url: path }) => path === '/album/gone/endless'),
    );
    await world.api.deleteShareLink({ params: { link: link.id } });
    await isEnded;
    assert.equal(await status(visitor, '/album/gone'), 403);
    assert.equal((await world.visitor().ask(url)).status, 403);
    const { events } = await world.api.listAudit({ query: { noun: 'share-link' } }).then(({ items }) => ({
      events: items.map(({ action, objectName }) => `${action} ${objectName}`),
    }));
    assert.ok(events.includes('revoked app.localhost/album/gone'), events.join('; '));
  });

  test('a link to what no link may open is refused where it is made', async () => {
    await assert.rejects(
      world.api.createShareLink({ body: { url: world.at('app.localhost', '/private/x') } }),
      /knows no share links.*add a rule for "link"/,
    );
  });
});

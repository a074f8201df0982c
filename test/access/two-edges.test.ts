// Two edges of one store: who has signed in at one is known at the other, a sign-in begun at one ends at the other, share links
// open at both, and when keys are exchanged or taken back at one, they are at both.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { form, type Seen, Visitor } from './visitor.ts';
import { addUser, password } from './world.ts';

const site = 'app.localhost';
const visitName = '__Host-sallyport-visit';

/** Nobody serves the site: who may pass is told that no connector is online, everybody else something of access. */
const passed = 530;

describe('two edges of one store', () => {
  let postgres: PostgresServer | undefined;
  let first: OwnEdge;
  let second: OwnEdge;
  before(async () => {
    postgres = await startPostgres();
    const config = { store: await postgres.createDatabase() };
    first = await OwnEdge.start({ config });
    // As docs/store.md says: what is sealed in the store is sealed with one key.
    second = await OwnEdge.create({ config });
    mkdirSync(second.dataDir, { mode: 0o700 });
    copyFileSync(join(first.dataDir, 'seal.key'), join(second.dataDir, 'seal.key'));
    await second.start();
    await first.api.createTunnel({ body: { name: 'home' } });
    for (const [path, access] of [
      ['/', 'private'],
      ['/album', ['link']],
    ] as const) {
      const body = {
        hostname: site,
        path,
        tunnel: 'home',
        access: typeof access === 'string' ? access : [...access],
      };
      await first.api.createRoute({ body });
    }
    await addUser({ api: first.api, visitor: visitor(), dashboard: first.url }, 'ada');
    for (const edge of [first, second])
      await eventually('the route is in force', async () => (await ask(visitor(), edge, '/')).status === 302);
  });
  after(async () => {
    await first?.close();
    await second?.close();
    await postgres?.close();
  });

  const visitor = (): Visitor => new Visitor({ port: first.port, ca: [first.ca, second.ca] });
  const at = (edge: OwnEdge, path: string): string => `https://${site}:${edge.port}${path}`;
  const ask = (who: Visitor, edge: OwnEdge, path: string): Promise<Seen> => who.ask(at(edge, path));
  const signedIn = async (edge: OwnEdge): Promise<Visitor> => {
    const browser = visitor();
    const page = await browser.open(at(edge, '/page'));
    assert.equal((await browser.signIn(page, 'ada', password)).status, passed);
    return browser;
  };
  const keysAt = async (edge: OwnEdge): Promise<string[]> => {
    const { body } = await ask(visitor(), edge, '/.well-known/sallyport/keys');
    return (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };

  test('a cookie of one is good at the other, in both directions', async () => {
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const browser = await signedIn(one);
      await eventually('the other knows the session', async () => {
        return (await ask(browser, other, '/page')).status === passed;
      });
    }
  });

  test('a sign-in begun at one is finished at the other', async () => {
    const browser = visitor();
    const asked = await ask(browser, second, '/page');
    const page = await browser.open(asked.headers.location!.replace(String(second.port), String(first.port)));
    const [, action] = /<form method="post" action="([^"]*)"/.exec(page.body)!;
    const url = new URL(action!.replaceAll('&amp;', '&'), page.url).href;
    const onward = ({ headers, body, url: from }: Seen): URL => {
      const [, refresh] = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(body) ?? [];
      return new URL(headers.location ?? refresh!.replaceAll('&amp;', '&'), from);
    };
    let back = onward(await browser.ask(url, form(url, { name: 'ada', password })));
    for (let hops = 0; hops < 3 && back.hostname !== site; hops++)
      back = onward(await browser.ask(back.href));
    // The session is younger than the second's look at the store, so it is waited for there.
    const arrived = await ask(browser, second, `${back.pathname}${back.search}`);
    assert.equal(arrived.status, 303, arrived.body);
    assert.equal((await ask(browser, second, '/page')).status, passed);
    assert.equal((await ask(browser, first, '/page')).status, passed);
  });

  test('a share link of one opens at the other, and its cookie holds at both', async () => {
    const { url } = await first.api.createShareLink({ body: { url: at(first, '/album') } });
    const { pathname, search } = new URL(url);
    const browser = visitor();
    await eventually('the second knows the link', async () => {
      return (await ask(browser, second, `${pathname}${search}`)).status === 303;
    });
    for (const edge of [first, second]) {
      await eventually('its cookie opens', async () => {
        return (await ask(browser, edge, '/album/x')).status === passed;
      });
    }
  });

  test('both publish the same keys; new ones are published at both before they sign, and nobody notices', async () => {
    const browser = await signedIn(first);
    const [before] = [await keysAt(first)];
    assert.deepEqual(await keysAt(second), before);
    const { code, out, err } = await second.command('access', 'rotate-keys');
    assert.equal(code, 0, err);
    assert.match(out, /ES256 .* next /);
    const after = await eventually('the first publishes them, too', async () => {
      const keys = await keysAt(first);
      return keys.length === before!.length + 1 ? keys : undefined;
    });
    assert.deepEqual(await keysAt(second), after);
    for (const edge of [first, second]) assert.equal((await ask(browser, edge, '/page')).status, passed);
  });

  test('keys taken back at one are worth nothing at both; everybody signs in again, and can', async () => {
    const browser = await signedIn(first);
    await eventually(
      'it is good at the second',
      async () => (await ask(browser, second, '/page')).status === passed,
    );
    const before = await keysAt(first);
    const { code, err } = await first.command('access', 'rotate-keys', '--at-once');
    assert.equal(code, 0, err);
    for (const edge of [first, second]) {
      await eventually(
        'the cookie is worth nothing',
        async () => (await ask(browser, edge, '/page')).status === 302,
      );
      for (const kid of await keysAt(edge)) assert.ok(!before.includes(kid), kid);
    }
    assert.deepEqual(await keysAt(first), await keysAt(second));
    const { items } = await first.api.listAudit({ query: { noun: 'access-key' } });
    assert.deepEqual(
      items.map(({ action, after: how }) => [action, how]),
      [
        ['rotated', { atOnce: true }],
        ['rotated', { atOnce: false }],
      ],
    );
    // Still signed in at the dashboard: one redirect there and back.
    const again = await browser.open(at(second, '/page'));
    assert.equal(again.status, passed, again.body);
    assert.ok(browser.cookies.get(site)!.has(visitName));
    assert.equal((await ask(browser, first, '/page')).status, passed);
  });

  test('an edge that comes back while the store is away has the keys that all of them have', async () => {
    const browser = await signedIn(first);
    await second.running.stop();
    await postgres!.stop();
    try {
      await second.start();
      const seen = await ask(browser, second, '/.well-known/sallyport/keys');
      assert.equal(seen.status, 200);
      const kids = (JSON.parse(seen.body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
      assert.deepEqual(kids, await keysAt(first));
    } finally {
      await postgres!.start();
    }
    await second.says(/The control plane is back/);
    await eventually(
      'it knows the session again',
      async () => (await ask(browser, second, '/page')).status === passed,
    );
  });
});

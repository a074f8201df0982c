// Page passwords: the page that asks, what a right one opens and for how long, and what happens to those who guess.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { form, type Seen, type Visitor } from './visitor.ts';
import { type AccessWorld, accessWorld } from './world.ts';

describe('page passwords', () => {
  let world: AccessWorld;
  before(async () => {
    world = await accessWorld();
    const set = (name: string, password: string) =>
      world.api.setPagePassword({ params: { password: name }, body: { password } });
    await set('door', '482915');
    await set('cellar', 'a longer text');
    await set('guessed', '112233');
    await world.protect('app.localhost', '/door', ['password:door']);
    await world.protect('app.localhost', '/guessed', ['password:guessed']);
    await world.protect('app.localhost', '/both', ['signed-in', 'password:door', 'password:cellar']);
    await world.protect('app.localhost', '/shut', [{ deny: 'ip:127.0.0.0/8' }, 'password:door']);
    await world.protect('other.localhost', '/door', ['password:door']);
    for (const host of ['app.localhost', 'other.localhost'])
      await eventually(
        `the door of ${host} is there`,
        async () => (await knock(world.visitor(), '/door/x', host)).status === 401,
      );
  });
  after(() => world?.close());

  const knock = (visitor: Visitor, path: string, host = 'app.localhost'): Promise<Seen> =>
    visitor.ask(world.at(host, path));

  const give = async (
    visitor: Visitor,
    page: Seen,
    password: string,
    more: Record<string, string> = {},
  ): Promise<Seen> => {
    const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(page.body) ?? [];
    const [, ask = ''] = /name="ask" value="([^"]*)"/.exec(page.body) ?? [];
    const url = new URL(action, page.url).href;
    return await visitor.ask(url, form(url, { ask, password, ...more }));
  };

  test('a policy that names a password which nobody has set is a trouble, until somebody sets it', async () => {
    await world.protect('app.localhost', '/unset', ['password:unset']);
    const found = async (): Promise<string[]> =>
      (await world.api.getStatus()).troubles
        .filter(({ id }) => id.startsWith('password:'))
        .map(({ title }) => title);
    assert.deepEqual(await found(), ['app.localhost/unset asks for a page password that is not set']);
    await world.api.setPagePassword({ params: { password: 'unset' }, body: { password: '998877' } });
    assert.deepEqual(await found(), []);
  });

  test('the page asks without script; the right one leads back and opens, at this hostname alone', async () => {
    const visitor = world.visitor();
    const page = await knock(visitor, '/door/x?y=1');
    assert.equal(page.status, 401);
    assert.match(page.body, /This page has a password/);
    assert.doesNotMatch(page.body, /<script|Sign in instead/);
    assert.equal(page.headers['x-frame-options'], 'DENY');
    const wrong = await give(visitor, page, '482916');
    assert.deepEqual([wrong.status, /That is not the password/.test(wrong.body)], [401, true]);
    const led = await give(visitor, wrong, '482915');
    assert.deepEqual([led.status, led.headers.location], [303, world.at('app.localhost', '/door/x?y=1')]);
    assert.equal((await knock(visitor, '/door/x')).body, 'the site saw /door/x');
    assert.doesNotMatch(JSON.stringify(world.served.at(-1)), /sallyport-pass|482915/);
    assert.equal((await knock(visitor, '/door/x', 'other.localhost')).status, 401);
    assert.equal((await knock(visitor, '/guessed/x')).status, 401, 'one password is not another');
    assert.equal((await knock(world.visitor(), '/door/x')).status, 401);
  });

  test('where a sign-in opens it, too, the page says so, and any of its passwords will do', async () => {
    const visitor = world.visitor();
    const page = await knock(visitor, '/both/x');
    const [, href = ''] = /<a class="way" href="([^"]*)">Sign in instead/.exec(page.body) ?? [];
    assert.equal(new URL(href).origin, world.dashboard.origin);
    assert.equal((await give(visitor, page, 'a longer text')).status, 303);
    assert.equal((await knock(visitor, '/both/x')).status, 200);
  });

  test('who would not pass with the password either is not asked, and programs get 401', async () => {
    assert.equal((await knock(world.visitor(), '/shut/x')).status, 403);
    const headers = { accept: '*/*' };
    const seen = await world.visitor().ask(world.at('app.localhost', '/door/x'), { headers });
    assert.deepEqual([seen.status, seen.headers['x-sallyport-error']], [401, 'sign-in-required']);
  });

  test('a form of another site, of another hostname, or made up, opens nothing', async () => {
    const page = await knock(world.visitor(), '/door/x');
    const url = world.at('app.localhost', '/.well-known/sallyport/password');
    const [, ask = ''] = /name="ask" value="([^"]*)"/.exec(page.body) ?? [];
    const send = async (
      target: string,
      fields: Record<string, string>,
      headers: Record<string, string> = {},
    ) => {
      const asking = form(target, fields);
      const seen = await world
        .visitor()
        .ask(target, { ...asking, headers: { ...asking.headers, ...headers } });
      return [seen.status, seen.headers['set-cookie'], seen.headers['x-sallyport-error']];
    };
    const refused = [403, undefined, 'sign-in-failed'];
    const password = '482915';
    assert.deepEqual(await send(url, { ask, password }, { 'sec-fetch-site': 'cross-site' }), refused);
    assert.deepEqual(await send(url, { ask, password }, { 'sec-fetch-site': 'same-site' }), refused);
    assert.deepEqual(await send(url.replace('app.', 'other.'), { ask, password }), refused);
    for (const made of ['', 'x', ask.slice(1), `${ask}x`])
      assert.deepEqual(await send(url, { ask: made, password }), refused);
    const long = await send(url, { ask, password: 'x'.repeat(20_000) });
    assert.deepEqual(long, [400, undefined, 'bad-request']);
  });

  test('a page does not lead elsewhere, whatever its address', async () => {
    for (const path of ['/door//evil.example/x', '/door/x?next=//evil.example', '/door/@evil.example']) {
      const visitor = world.visitor();
      const led = await give(visitor, await knock(visitor, path), '482915');
      assert.equal(new URL(led.headers.location!).host, new URL(world.at('app.localhost', '/')).host);
    }
  });

  test('guesses are slowed down, the right one among them, and say how long to wait', async () => {
    const visitor = world.visitor();
    const page = await knock(visitor, '/guessed/x');
    const untilRefused = async (): Promise<number> => {
      const seen: number[] = [];
      for (let i = 0; i < 30 && !seen.includes(429); i++)
        seen.push((await give(visitor, page, String(100_000 + i))).status);
      assert.equal(seen.at(-1), 429, seen.join(' '));
      return seen.length;
    };
    assert.ok((await untilRefused()) > 5, 'a slip of the finger costs nothing');
    let blocked = await give(visitor, page, '112233');
    // The first waits are a second or two, which a busy machine may need to ask again.
    for (let round = 0; round < 5 && blocked.status !== 429; round++) {
      await untilRefused();
      blocked = await give(visitor, page, '112233');
    }
    assert.equal(blocked.status, 429);
    assert.match(String(blocked.headers['retry-after']), /^\d+$/);
    assert.match(blocked.body, /Too many attempts/);
  });
});

describe('a page password that is changed', () => {
  let world: AccessWorld;
  before(async () => {
    world = await accessWorld();
  });
  after(() => world?.close());

  test('ends what the one before let in, open downloads too, and is in no answer and no audit row', async () => {
    const set = (password: string) =>
      world.api.setPagePassword({ params: { password: 'door' }, body: { password } });
    await set('the first one');
    await world.protect('app.localhost', '/door', ['password:door']);
    const visitor = world.visitor();
    const at = world.at('app.localhost', '/door/x');
    const page = await eventually('the door is there', async () => {
      const seen = await visitor.ask(at);
      return seen.status === 401 ? seen : undefined;
    });
    const [, ask = ''] = /name="ask" value="([^"]*)"/.exec(page.body) ?? [];
    const url = world.at('app.localhost', '/.well-known/sallyport/password');
    assert.equal((await visitor.ask(url, form(url, { ask, password: 'the first one' }))).status, 303);
    assert.equal((await visitor.ask(at)).status, 200);
    const isEnded = assert.rejects(visitor.ask(world.at('app.localhost', '/door/endless')));
    await eventually('the download runs', () =>
      world.served.some(({ url: path }) => path === '/door/endless'),
    );
    await set('the second one');
    await isEnded;
    assert.equal((await visitor.ask(at)).status, 401);
    const { items: audit } = await world.api.listAudit({ query: { noun: 'page-password' } });
    const { items } = await world.api.listPagePasswords();
    assert.deepEqual(
      items.map(({ name, routes }) => ({ name, routes })),
      [{ name: 'door', routes: ['app.localhost/door'] }],
    );
    assert.equal(audit.length, 2);
    assert.doesNotMatch(JSON.stringify([audit, items]), /argon2|second one/);
  });
});

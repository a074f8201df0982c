// A client that sends a service token as name and password gets a cookie of that hostname for it: WebDAV and media clients
// with a cookie jar pass with it, and may use the Authorization field for the service's own password.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { tokenPassMs } from '#model/access/access-pass.ts';
import { type AccessDirectory, emptyDirectory } from '#model/access/access-state.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { plainAnswer, RecordingOrigin } from '../support/recording-origin.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';

const key = `sp_${'a1'.repeat(22)}`;
const other = `sp_${'b2'.repeat(22)}`;
const basicOf = (name: string, secret: string): string =>
  `Authorization: Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}\r\n`;
const passOf = ({ fields }: RawResponse): string | undefined =>
  /__Host-sallyport-pass=[^;]+/.exec(fields['set-cookie'] ?? '')?.[0];

describe('name and password are exchanged for a session', () => {
  let origin: RecordingOrigin;
  let world: DeskWorld;
  before(async () => {
    origin = await RecordingOrigin.start();
    const paths = {
      '/': ['signed-in', 'token:media'],
      '/other': ['token:other'],
      '/open': 'public',
    } as const;
    world = await startDeskWorld(
      ['dav.test', 'b.test'].map((hostname) => ({
        ...{ hostname, service: origin.url },
        paths: Object.fromEntries(
          Object.entries(paths).map(([path, policy]) => [path, policy === 'public' ? policy : [...policy]]),
        ),
      })),
    );
  });
  beforeEach(() => {
    origin.reset();
    world.desk.apply(directory());
  });
  after(async () => {
    await world?.edge.close();
    await origin?.close();
  });

  const directory = (change: Partial<AccessDirectory> = {}): AccessDirectory => ({
    ...emptyDirectory,
    ...directoryOf(world.clock, ['ada']),
    tokens: [
      ['media', key],
      ['other', other],
    ].map(([name, text]) => ({
      ...{ id: `id-${name}`, name: name!, clientId: text!.slice(0, 11), expiresAtMs: null },
      hash: createHash('sha256').update(text!).digest('base64url'),
    })),
    ...change,
  });
  const ask = async (lines: string, { host = 'dav.test', target = '/', method = 'PROPFIND' } = {}) => {
    const bytes = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n${lines}\r\n`;
    return (await world.edge.ask(bytes))[0]!;
  };
  /** The cookie that a first request with name and password is given. */
  const exchange = async (): Promise<string> => {
    const answer = await ask(basicOf('media', key));
    assert.equal(answer.status, 200);
    return passOf(answer)!;
  };

  test('the cookie is bound to its hostname, short, and neither it nor the token reaches the service', async () => {
    const answer = await ask(basicOf('media', key));
    assert.match(
      answer.fields['set-cookie']!,
      new RegExp(
        `^__Host-sallyport-pass=[\\w.-]+; Path=/; Max-Age=${tokenPassMs / 1_000}; HttpOnly; Secure; SameSite=Lax$`,
      ),
    );
    assert.ok(!answer.fields['set-cookie']!.includes(key));
    const cookie = passOf(answer)!;
    assert.equal((await ask(`Cookie: own=1; ${cookie}\r\n`)).status, 200);
    for (const { fields } of origin.requests) {
      const seen = JSON.stringify(fields);
      assert.doesNotMatch(seen, /sp_|__Host-sallyport/);
      assert.match(seen.toLowerCase(), /"x-sallyport-token","media"|"x-sallyport-token":"media"/);
    }
  });

  test("with it the Authorization field is free for the service's own password", async () => {
    const cookie = await exchange();
    const own = basicOf('bob', 'his own password');
    assert.equal((await ask(own)).status, 401, 'which opens nothing here');
    assert.equal((await ask(`${own}Cookie: ${cookie}\r\n`)).status, 200);
    assert.ok(JSON.stringify(origin.requests.at(-1)!.fields).includes(own.split(': ')[1]!.trim()));
  });

  test('it opens what the token opens, at its hostname, and nothing else', async () => {
    const lines = `Cookie: ${await exchange()}\r\n`;
    assert.equal((await ask(lines, { target: '/other/x' })).status, 403);
    assert.equal((await ask(lines, { host: 'b.test' })).status, 401);
    const both = await ask(`${lines}${basicOf('other', other)}`, { target: '/other/x' });
    assert.equal(both.status, 200, 'a token that is sent counts before one that was');
    assert.equal((await ask(`Cookie: ${passOf(both)!}\r\n`)).status, 200, 'both are held now');
  });

  test('it is given to those who sent name and password, and again when half of its time is over', async () => {
    assert.equal(passOf(await ask(`Authorization: Bearer ${key}\r\n`)), undefined);
    const pair = `CF-Access-Client-Id: ${key.slice(0, 11)}\r\nCF-Access-Client-Secret: ${key}\r\n`;
    assert.equal(passOf(await ask(pair)), undefined);
    const cookie = await exchange();
    const lines = `${basicOf('media', key)}Cookie: ${cookie}\r\n`;
    assert.equal(passOf(await ask(lines)), undefined);
    assert.equal(passOf(await ask(`Cookie: ${cookie}\r\n`)), undefined, 'it never lengthens itself');
    world.clock.advance(tokenPassMs / 2);
    assert.notEqual(passOf(await ask(lines)), undefined);
    assert.equal((await ask(`Cookie: ${cookie}\r\n`)).status, 200);
    world.clock.advance(tokenPassMs / 2);
    assert.equal((await ask(`Cookie: ${cookie}\r\n`)).status, 401);
  });

  test('no page of another site, and no link, makes a browser hold it (login CSRF)', async () => {
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await ask(`${basicOf('media', key)}Sec-Fetch-Site: ${site}\r\n`, { method: 'GET' });
      assert.deepEqual([answer.status, passOf(answer)], [200, undefined], site);
    }
    const own = await ask(`${basicOf('media', key)}Sec-Fetch-Site: same-origin\r\n`, { method: 'GET' });
    assert.notEqual(passOf(own), undefined);
    const refused = await ask(basicOf('media', other));
    assert.deepEqual([refused.status, passOf(refused)], [401, undefined], 'nothing was proved');
  });

  test('a forged, cut or foreign text in its place opens nothing, and a person signed in stays that person', async () => {
    const cookie = await exchange();
    for (const text of [
      `${cookie}x`,
      cookie.slice(0, -2),
      '__Host-sallyport-pass=id-media',
      `${cookie}; ${cookie}y`,
    ])
      assert.equal((await ask(`Cookie: ${text}\r\n`)).status, 401, text);
    const visit = world.visit('dav.test', 'session-ada', 'id-ada');
    assert.equal((await ask(`Cookie: ${visit}; ${cookie}\r\n`)).status, 200);
    assert.match(JSON.stringify(origin.requests.at(-1)!.fields).toLowerCase(), /x-sallyport-user/);
  });

  test('it goes with its token: revoked or expired, an open stream of it ends too', async () => {
    const lines = `Cookie: ${await exchange()}\r\n`;
    const { tokens } = directory();
    world.desk.apply(
      directory({ tokens: tokens.map((token) => ({ ...token, expiresAtMs: world.clock.wallMs() - 1 })) }),
    );
    assert.equal((await ask(lines)).status, 401);
    world.desk.apply(directory());
    assert.equal((await ask(lines)).status, 200);
    origin.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst';
    // As the edge's own process does (roles/edge-instance.ts).
    const stop = world.desk.listen(() => world.edge.edge.endVisits((grant) => world.desk.isGrantGood(grant)));
    const stream = await world.edge.client();
    stream.send(`GET /film HTTP/1.1\r\nHost: dav.test\r\n${lines}\r\n`);
    await stream.waitFor('first');
    world.desk.apply(directory({ tokens: tokens.filter(({ name }) => name !== 'media') }));
    await stream.waitForClose();
    stop();
    origin.answer = plainAnswer;
    assert.equal((await ask(lines)).status, 401);
  });
});

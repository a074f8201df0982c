// Attacks on a sign-in through the edge that need its keys or its clock to try: texts taken to another hostname or used for
// another purpose, twice or late; cookies tossed, forged, cut or huge; clocks that jump; and that whoever compares secrets does so
// in constant time. What a browser can try is in sign-in.test.ts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { hashOfNonce } from '#model/access/sign-in-passage.ts';
import { eventually } from '../support/eventually.ts';
import { repositoryRoot } from '../support/process.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';
import { form } from './visitor.ts';
import { accessWorld, password } from './world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('what the edge signed', () => {
  let origin: RecordingOrigin;
  let world: DeskWorld;
  before(async () => {
    origin = await RecordingOrigin.start();
    const paths = { '/': 'private' } as const;
    world = await startDeskWorld(
      ['a.test', 'b.test'].map((hostname) => ({ hostname, service: origin.url, paths })),
    );
  });
  beforeEach(() => {
    origin.reset();
    world.desk.apply(directoryOf(world.clock, ['ada', 'bob']));
  });
  after(async () => {
    await world?.edge.close();
    await origin?.close();
  });

  const ask = async (host: string, cookie: string, target = '/', accept = '*/*'): Promise<RawResponse> => {
    const lines = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: ${accept}\r\n${lines}\r\n`;
    return (await world.edge.ask(bytes))[0]!;
  };
  const statusOf = async (host: string, cookie: string): Promise<number> => (await ask(host, cookie)).status;
  const nonce = 'n'.repeat(43);
  const tried = `__Host-sallyport-try=${nonce}`;
  let numbers = 0;
  const handOver = (change: object = {}): string =>
    world.passage.formatHandOver({
      ...{
        host: 'a.test',
        path: '/x',
        nonceHash: hashOfNonce(nonce),
        expiresAtMs: world.clock.wallMs() + minuteMs,
      },
      ...{ sessionId: 'session-ada', userId: 'id-ada', number: `number-${numbers++}`.padEnd(20, 'x') },
      ...change,
    });
  const arrive = (token: string, { host = 'a.test', cookie = tried } = {}): Promise<RawResponse> =>
    ask(host, cookie, `/.well-known/sallyport/sign-in?token=${token}`);
  /** The same, while time goes on; `meanwhile` happens after the first quarter of a second. */
  const arriveInTime = async (token: string, meanwhile = (): void => {}): Promise<number> => {
    let status = 0;
    const arrived = arrive(token).then((answer) => (status = answer.status));
    let waits = 0;
    await eventually('it is answered', () => {
      world.clock.advance(250);
      if (++waits === 2) meanwhile();
      return status !== 0;
    });
    return await arrived;
  };

  test('a cookie has exactly the attributes that bind it to its hostname', async () => {
    const { status, fields } = await arrive(handOver());
    assert.equal(status, 303);
    const attributes = 'Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax';
    const [visit, cleared] = fields['set-cookie']!.split(', ');
    assert.match(visit!, new RegExp(`^__Host-sallyport-visit=[\\w.-]+; ${attributes}$`));
    assert.equal(cleared, '__Host-sallyport-try=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax');
    assert.deepEqual([fields['cache-control'], fields['referrer-policy']], ['no-store', 'no-referrer']);
    const led = await ask('a.test', '', '/', 'text/html');
    assert.match(
      led.fields['set-cookie']!,
      /^__Host-sallyport-try=[\w-]{43}; Path=\/; Max-Age=900; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('a cookie or a hand-over of one hostname opens no other', async () => {
    const visit = world.visit('a.test', 'session-ada', 'id-ada');
    assert.deepEqual([await statusOf('a.test', visit), await statusOf('b.test', visit)], [200, 401]);
    assert.equal((await arrive(handOver(), { host: 'b.test' })).status, 403);
    assert.equal((await arrive(handOver({ host: 'b.test' }))).status, 403);
    for (const host of ['A.TEST', 'a.test.', 'a.test:443'])
      assert.equal(await statusOf(host, visit), 200, host);
  });

  test('what was signed for one purpose is worth nothing for another', async () => {
    const visit = world.visit('a.test', 'session-ada', 'id-ada');
    const ticket = handOver();
    const { formatAsk } = world.passage;
    const asked = formatAsk({
      host: 'a.test',
      path: '/',
      nonceHash: hashOfNonce(nonce),
      expiresAtMs: world.clock.wallMs() + minuteMs,
    });
    for (const text of [ticket, asked])
      assert.equal(await statusOf('a.test', `__Host-sallyport-visit=${text}`), 401);
    for (const text of [visit.split('=')[1]!, asked]) assert.equal((await arrive(text)).status, 403);
  });

  test('a hand-over is good once, in the browser that began, while its session lives', async () => {
    const token = handOver();
    assert.equal(
      (await arrive(token, { cookie: '' })).status,
      403,
      'no session is fixed in a browser that did not ask',
    );
    assert.equal((await arrive(token, { cookie: `__Host-sallyport-try=${'m'.repeat(43)}` })).status, 403);
    assert.equal((await arrive(token)).status, 303);
    assert.equal((await arrive(token)).status, 403);
    assert.equal(await arriveInTime(handOver({ userId: 'id-bob' })), 403, "another's session");
    assert.equal(await arriveInTime(handOver({ sessionId: 'session-x' })), 403);
    const late = handOver();
    world.clock.advance(minuteMs);
    assert.equal((await arrive(late)).status, 403);
  });

  test('a session that began at another edge a moment ago is waited for', async () => {
    const begun = handOver({ sessionId: 'session-eve', userId: 'id-eve' });
    const status = arriveInTime(begun, () => world.desk.apply(directoryOf(world.clock, ['ada', 'eve'])));
    assert.equal(await status, 303);
    assert.equal((await arrive(begun)).status, 403, 'and is good once');
  });

  test('a clock that jumps makes nothing good twice, and nothing good for longer', async () => {
    for (const jumpMs of [-10 * minuteMs, -90_000, -30_000, -1, 1, 30_000]) {
      const token = handOver();
      assert.equal((await arrive(token)).status, 303, String(jumpMs));
      world.clock.shiftWall(jumpMs);
      assert.equal((await arrive(handOver())).status, 303, 'a new one works');
      assert.equal((await arrive(token)).status, 403, `replayed after a jump of ${jumpMs} ms`);
      world.clock.shiftWall(-jumpMs);
      assert.equal((await arrive(token)).status, 403, `and back from ${jumpMs} ms`);
      world.clock.advance(5 * minuteMs);
    }
    const forward = handOver();
    world.clock.shiftWall(2 * hourMs);
    assert.equal((await arrive(forward)).status, 403);
    const visit = world.visit('a.test', 'session-ada', 'id-ada');
    world.desk.apply(directoryOf(world.clock, ['ada']));
    assert.equal(await statusOf('a.test', visit), 200);
    world.clock.shiftWall(-13 * hourMs);
    assert.equal(await statusOf('a.test', visit), 401, 'a cookie of the far future is none');
    world.clock.shiftWall(13 * hourMs);
    assert.equal(await statusOf('a.test', visit), 200);
    world.clock.advance(12 * hourMs);
    assert.equal(await statusOf('a.test', visit), 401, 'an old one is none either');
  });

  test('a session that is taken back is out at the next request, kept cookie or not', async () => {
    const visit = world.visit('a.test', 'session-ada', 'id-ada');
    assert.equal(await statusOf('a.test', visit), 200);
    world.desk.apply(directoryOf(world.clock, ['bob']));
    assert.equal(await statusOf('a.test', visit), 401);
    world.desk.apply(directoryOf(world.clock, ['ada']));
    assert.equal(await statusOf('a.test', visit), 200);
    world.clock.advance(25 * hourMs);
    assert.equal(await statusOf('a.test', visit), 401);
  });

  test('a cookie that was tossed beside the real one makes nobody of its bearer, never somebody else', async () => {
    const [ada, bob] = ['ada', 'bob'].map((name) =>
      world.visit('a.test', `session-${name}`, `id-${name}`),
    ) as [string, string];
    for (const cookie of [
      `${ada}; ${bob}`,
      `${bob}; ${ada}`,
      `${ada}\r\nCookie: ${bob}`,
      `${ada}; __Host-sallyport-visit=`,
      `__Host-sallyport-visit=x; ${ada}`,
    ])
      assert.equal(await statusOf('a.test', cookie), 401, cookie);
    assert.equal(await statusOf('a.test', `${ada}; ${ada}`), 200, 'the same twice is the same');
    for (const name of [
      'sallyport-visit',
      '__Secure-sallyport-visit',
      '__host-sallyport-visit',
      ' x__Host-sallyport-visit',
      '__Host-sallyport-visit2',
    ])
      assert.equal(await statusOf('a.test', ada.replace('__Host-sallyport-visit', name)), 401, name);
  });

  test('forged, cut, stretched and huge cookies are no cookies, and cost nothing', async () => {
    const visit = world.visit('a.test', 'session-ada', 'id-ada');
    const [name, text] = visit.split('=') as [string, string];
    const [payload, mac] = text.split('.') as [string, string];
    const flipped = Buffer.from(payload, 'base64url').toString().replace('ada', 'bob');
    const texts = [
      ...[
        '',
        '.',
        payload,
        `${payload}.`,
        `.${mac}`,
        `${payload}.${mac.slice(1)}`,
        `${payload}.${mac}.${mac}`,
      ],
      ...[
        `${Buffer.from(flipped).toString('base64url')}.${mac}`,
        `${payload}.${'A'.repeat(43)}`,
        `${payload}${payload}.${mac}`,
      ],
      ...[
        'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.',
        '{"host":"a.test"}',
        '%00',
        '../../access.key',
        'a'.repeat(8_000),
      ],
    ];
    for (const each of texts)
      assert.equal(await statusOf('a.test', `${name}=${each}`), 401, each.slice(0, 80));
    const { status } = await ask('a.test', `${name}=${'a'.repeat(40_000)}`);
    assert.ok(status === 431 || status === 400, String(status));
    assert.equal(origin.requests.length, 0);
    assert.equal(await statusOf('a.test', visit), 200);
  });

  test('a refusal cannot be framed, and is kept nowhere', async () => {
    const bob = world.visit('a.test', 'session-bob', 'id-bob');
    world.edge.apply({
      routes: world.edge.snapshot.routes.map((route) =>
        route.hostname === 'a.test' ? { ...route, access: ['user:ada'] } : route,
      ),
    });
    const refused = [await ask('a.test', bob, '/', 'text/html'), await ask('a.test', ''), await arrive('x')];
    assert.deepEqual(
      refused.map(({ status }) => status),
      [403, 401, 403],
    );
    for (const { fields } of refused) assert.match(fields['cache-control'] ?? '', /no-store/);
    const policy = refused[0]!.fields['content-security-policy'];
    assert.match(policy ?? '', /default-src 'none';.*frame-ancestors 'none'/);
  });
});

describe('the pages of the sign-in', () => {
  test('pages escape what people wrote, and guessing makes the next guess wait, for the right password, too', async (t) => {
    const world = await accessWorld();
    t.after(() => world.close());
    await world.protect('app.localhost', '/private', 'private');
    await world.addUser('ada');
    await world.addUser('bob');
    const evil = '"><script>alert(1)</script>';
    await world.api.updateSettings({ body: { title: evil } });
    const visitor = world.visitor();
    const asked = await visitor.open(world.at('app.localhost', `/private/x?${encodeURIComponent(evil)}`));
    const said = await visitor.ask(asked.url, form(asked.url, { name: evil, password: evil, code: evil }));
    for (const { body, status } of [
      asked,
      said,
      await visitor.ask(`${world.dashboard.origin}/access/sign-in?ask=${encodeURIComponent(evil)}`),
    ]) {
      assert.ok(status >= 200 && status < 500);
      assert.doesNotMatch(body, /<script/i);
      assert.match(body, /&lt;script&gt;/);
    }
    // From one address, over several accounts and names that nobody has.
    let answer = said;
    for (let i = 0; i < 12; i++) {
      const name = ['ada', 'bob', `nobody${i}`][i % 3]!;
      answer = await visitor.ask(asked.url, form(asked.url, { name, password: `wrong ${i}` }));
    }
    assert.match(answer.body, /Too many attempts; try again in \d+ seconds?/);
    const right = await visitor.ask(asked.url, form(asked.url, { name: 'ada', password }));
    assert.match(right.body, /Too many attempts/);
    assert.equal(right.headers['set-cookie'], undefined);
  });
});

describe('comparing secrets', () => {
  test('texts that prove something are compared in constant time, or looked up by their hash', () => {
    // By construction: nothing that is named like a proof stands beside an equality sign, but for what is listed here.
    const isCompared =
      /\b\w*(secret|mac|signature|nonce|digest|token|password|proof)\b(\.\w+|\(\w*\))* [!=]== |[!=]== \w*(secret|mac|signature|nonce|digest|password)\b/i;
    const harmless =
      /[!=]== (undefined|null|''|0|typeof)|typeof |\.length [!=]==|kind [!=]==|\b(state|code) ===/;
    const suspects: string[] = [];
    for (const room of ['edge/access', 'control/sign-in', 'control/http', 'http/access', 'base']) {
      const folder = join(repositoryRoot, 'src', room);
      for (const name of readdirSync(folder).filter(
        (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
      )) {
        for (const line of readFileSync(join(folder, name), 'utf8').split('\n'))
          if (isCompared.test(line) && !harmless.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line))
            suspects.push(`${room}/${name}: ${line.trim()}`);
      }
    }
    const known = [/token !== undefined && \(subject\.name === '\*' \|\| visit\.token === subject\.name\)/];
    assert.deepEqual(
      suspects.filter((line) => !known.some((each) => each.test(line))),
      [],
    );
    for (const file of [
      'src/base/secrets/signed-text.ts',
      'src/edge/access/sign-in-paths.ts',
      'src/control/sign-in/proofs/totp.ts',
      'src/base/secrets/password-hash.ts',
    ])
      assert.match(readFileSync(join(repositoryRoot, file), 'utf8'), /timingSafeEqual\(/, file);
    // A key is found by the hash of the whole: what a comparison of hashes could tell is nothing about the key.
    assert.equal(createHash('sha256').update('x').digest('base64url').length, 43);
  });
});

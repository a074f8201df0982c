// Deception and poisoning (edge.md section 6): whatever a stranger sends, nobody else is served what was made for him, and
// nothing private is kept for others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRaw, parseResponses } from '../support/raw-client.ts';
import { eventually } from '../support/eventually.ts';
import { answerText, type CacheWorld, counting, requestText, startCacheWorld } from './cache-world.ts';
import { maxVariants } from '#edge/cache/variants.ts';

let world: CacheWorld;
before(async () => void (world = await startCacheWorld()));
after(() => world.close());

/** An origin that gives back what it saw of the request, and lets everybody keep it. */
const mirror = (fields: Readonly<Record<string, string>> = { 'Cache-Control': 'max-age=60' }) => {
  return ({
    requestLine,
    fields: seen,
    body,
  }: {
    requestLine: string;
    fields: readonly (readonly [string, string])[];
    body: string;
  }) =>
    answerText(fields, `${requestLine}|${seen.map(([name, value]) => `${name}=${value}`).join('|')}|${body}`);
};

test('forwarding fields of a stranger reach no origin, so they poison no page', async () => {
  await world.begin(mirror());
  const evil = {
    'X-Forwarded-Host': 'evil.test',
    'X-Forwarded-Proto': 'http',
    'X-Original-URL': '/evil',
    'X-Rewrite-URL': '/evil',
    Forwarded: 'host=evil.test',
    X_Forwarded_Host: 'evil.test',
    'X.Forwarded.Host': 'evil.test',
    'CF-Connecting-IP': '6.6.6.6',
  };
  const first = await world.ask('/', { fields: evil });
  assert.doesNotMatch(first.body, /evil|6\.6\.6\.6/);
  assert.equal((await world.ask('/')).fields['cf-cache-status'], 'HIT');
});

test('the answer to a GET that is another method in disguise, or has a body, is kept for nobody', async () => {
  await world.begin(mirror());
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
    const answer = await world.ask('/', { fields: { [name]: 'DELETE' } });
    assert.equal(answer.fields['cf-cache-status'], 'BYPASS', name);
  }
  assert.equal((await world.ask('/', { body: 'fat' })).fields['cf-cache-status'], 'DYNAMIC');
  assert.equal((await world.ask('/')).fields['cf-cache-status'], 'MISS');
});

test('a GET with a body that is on its way when a hit would answer leaves nothing for the next request (CVE-2025-4366)', async () => {
  await world.begin(mirror());
  await world.ask('/');
  const client = await world.open();
  const smuggled = 'GET /admin HTTP/1.1\r\nHost: a.test\r\n\r\n';
  client.send(`GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
  client.send(requestText('/'));
  await client.waitForClose();
  const answers = parseResponses(client.text);
  assert.deepEqual(
    answers.map(({ fields }) => fields['cf-cache-status']),
    ['DYNAMIC', 'HIT'],
  );
  assert.ok(world.asked.every((line) => !line.includes('/admin')));
});

test('a page at an address that looks static is kept neither by extension nor by a rule for it', async () => {
  await world.begin(() => answerText({ 'Content-Type': 'text/html' }, 'my account'), {
    rules: [{ when: { path: ['*.css', '/static/*'] }, ttl: '1h' }],
  });
  for (const path of [
    '/account/x.css',
    '/account.php/x.css',
    '/account;x.css',
    '/account%2Fx.css',
    '/account%3Fx.css',
    '/account%23x.css',
  ]) {
    assert.equal((await world.ask(path)).fields['cf-cache-status'], 'BYPASS', path);
  }
  assert.equal(world.cache.entryCount, 0);
});

test('two spellings of one path are one entry, and no spelling leads past it', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  assert.equal(await world.see('/a/b'), 'MISS 1');
  for (const path of ['/a/./b', '/a/c/../b', '/%61/b', '/a/%62', '//a/b'])
    assert.equal(await world.see(path), 'HIT 1', path);
  assert.equal(await world.see('/A/b'), 'MISS 2');
});

test('the same path on two hosts, two schemes, or under another spelling of the host (CVE-2026-2836)', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  assert.equal(await world.see('/'), 'MISS 1');
  assert.equal(await world.see('/', { host: 'b.test' }), 'MISS 2');
  assert.equal(await world.see('/', { host: 'A.Test.' }), 'HIT 1');
  assert.equal(await world.see('/', { host: 'a.test:8080' }), 'HIT 1');
  const [overTls] = await world.edge.ask('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  assert.equal(overTls!.fields['cf-cache-status'], 'MISS');
});

test('an absolute target and Host that differ are refused, and nothing is kept under either', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  const client = await world.open();
  client.send('GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n');
  await client.waitForClose();
  assert.match(client.text, /^HTTP\/1\.1 400 /);
  assert.equal(world.cache.entryCount, 0);
});

test('cookies that an answer sets reach the client it was for and nobody else', async () => {
  let count = 0;
  await world.begin(() =>
    answerText({ 'Cache-Control': 'public, s-maxage=60', 'Set-Cookie': `sid=${++count}` }, 'page'),
  );
  const [first, second] = [await world.ask('/'), await world.ask('/')];
  assert.deepEqual([first.fields['set-cookie'], second.fields['set-cookie']], ['sid=1', 'sid=2']);
  assert.equal(first.fields['cf-cache-status'], 'BYPASS');

  world.setPolicy({ setCookie: 'strip' });
  const [third, fourth] = [await world.ask('/'), await world.ask('/')];
  assert.equal(fourth.fields['cf-cache-status'], 'HIT');
  assert.equal(third.fields['set-cookie'], undefined, 'stripped for all, so that all get the same');
  assert.equal(fourth.fields['set-cookie'], undefined);
});

test('who signs in with Authorization is not served what others got, nor are others served his', async () => {
  await world.begin(mirror());
  assert.equal(
    (await world.ask('/', { fields: { Authorization: 'Basic a' } })).fields['cf-cache-status'],
    'BYPASS',
  );
  assert.equal((await world.ask('/')).fields['cf-cache-status'], 'MISS');
  const his = await world.ask('/', { fields: { Authorization: 'Basic b' } });
  assert.equal(his.fields['cf-cache-status'], 'BYPASS');
  assert.match(his.body, /Authorization=Basic b/);
});

test('an answer that varies by who the client is, is kept for nobody', async () => {
  await world.begin(mirror({ 'Cache-Control': 'max-age=60', Vary: 'X-Forwarded-For' }));
  assert.equal((await world.ask('/')).fields['cf-cache-status'], 'BYPASS');
});

test('an error that one request provoked is not the answer for the next', async () => {
  for (const status of [408, 412, 413, 416, 417, 421, 425, 429, 431]) {
    await world.begin(() => answerText({ 'Cache-Control': 'max-age=60' }, 'no', status));
    await world.ask('/', { fields: { Range: 'bytes=99-', 'X-Huge': 'x'.repeat(8000) } });
    assert.equal(world.cache.entryCount, 0, String(status));
  }
});

test('variants that a stranger makes up are bounded, for one address and in one value', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60', Vary: 'X-Any' }));
  for (let i = 0; i < maxVariants * 2; i++) await world.ask('/', { fields: { 'X-Any': String(i) } });
  assert.ok(world.cache.entryCount <= maxVariants, String(world.cache.entryCount));
  const long = await world.ask('/', { fields: { 'X-Any': 'y'.repeat(9000) } });
  assert.equal(long.fields['cf-cache-status'], 'BYPASS');
  await world.begin(
    counting({
      'Cache-Control': 'max-age=60',
      Vary: Array.from({ length: 40 }, (_, i) => `a${i}`).join(','),
    }),
  );
  assert.equal((await world.ask('/')).fields['cf-cache-status'], 'BYPASS');
});

test('no field value of a client gets into a key as if it were another field', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60', Vary: 'A, B' }));
  assert.equal(await world.see('/', { fields: { A: '1\tb:2' } }), 'MISS 1');
  assert.equal(await world.see('/', { fields: { A: '1', B: '2' } }), 'MISS 2');
  assert.equal(await world.see('/', { fields: { A: '1' } }), 'MISS 3');
});

test('a split answer is cut at its end: what follows is no answer to the next request, and not kept', async () => {
  const extra = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nevil';
  await world.begin(({ requestLine }) =>
    requestLine.includes('/first')
      ? `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\ngood${extra}`
      : answerText({ 'Cache-Control': 'max-age=60' }, 'fine'),
  );
  assert.equal(await world.see('/first'), 'MISS good');
  assert.equal(await world.see('/second'), 'MISS fine');
  assert.deepEqual([await world.see('/first'), await world.see('/second')], ['HIT good', 'HIT fine']);
});

test('a client cannot make the origin work by asking for fresh copies', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  await world.ask('/');
  const wishes = [
    ['Cache-Control', 'no-cache'],
    ['Cache-Control', 'max-age=0'],
    ['Pragma', 'no-cache'],
  ] as const;
  for (const [name, value] of wishes)
    assert.equal(await world.see('/', { fields: { [name]: value } }), 'HIT 1');
  world.setPolicy({ clientRefresh: 'honour' });
  assert.equal(await world.see('/', { fields: { 'Cache-Control': 'no-cache' } }), 'EXPIRED 2');
});

test('an upgrade is none of the cache, and an upgraded connection gets no page from it', async () => {
  await world.begin(counting({ 'Cache-Control': 'max-age=60' }));
  await world.ask('/');
  const client = await openRaw({ port: world.edge.plainPort });
  client.send(
    'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await eventually('the origin was asked', () => world.asked.length === 2);
  client.close();
});

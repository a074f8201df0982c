// The security history of tunnels and proxies, repeated against us: the table is incidents-table.ts, and a row without a test
// fails. Here are the tests that stand nowhere else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { configFolders } from '#config/connector-config.ts';
import { decideAccess, unknownVisit } from '#http/access/access-decision.ts';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import { createApiKeyText } from '#control/sign-in/accounts/api-key-text.ts';
import { openAccessKeys } from '#roles/access/access-keys.ts';
import { repositoryRoot } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';
import { incidents } from './incidents-table.ts';

/** Tests of this file by the row they are for. */
const here = new Map<string, () => Promise<void> | void>();

let origin: RecordingOrigin;
let world: DeskWorld;
const key = createApiKeyText(systemRandom);

before(async () => {
  origin = await RecordingOrigin.start();
  const service = origin.url;
  world = await startDeskWorld([
    { hostname: 'open.test', service, paths: { '/': 'public', '/guarded': 'private' } },
    { hostname: 'token.test', service, paths: { '/': ['token:ci'] } },
    { hostname: 'away.test', service, paths: { '/': ['ip:203.0.113.0/24'] } },
    { hostname: 'notthere.test', service, paths: { '/': [{ deny: 'ip:10.0.0.0/8' }, 'anyone'] } },
  ]);
  const hash = createHash('sha256').update(key).digest('base64url');
  const token = { id: 't', name: 'ci', clientId: key.slice(0, 11), hash, expiresAtMs: null };
  world.desk.apply({ ...directoryOf(world.clock, ['ada']), tokens: [token] });
});
beforeEach(() => origin.reset());
after(async () => {
  await world?.edge.close();
  await origin?.close();
});

const ask = async (
  host: string,
  lines = '',
  { target = '/', body = '', sni = 'a.test' } = {},
): Promise<RawResponse> => {
  const method = body === '' ? 'GET' : 'POST';
  const bytes = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n${body}`;
  return (await world.edge.ask(bytes, { serverName: sni }))[0]!;
};
const seen = (): string => {
  assert.equal(origin.requests.length, 1);
  return origin.requests[0]!.raw;
};

here.set('frp CVE-2026-40910', async () => {
  const pair = (id: string, secret: string): string =>
    `CF-Access-Client-Id: ${id}\r\nCF-Access-Client-Secret: ${secret}\r\n`;
  const wrong = createApiKeyText(systemRandom);
  const refused = [
    `Proxy-Authorization: Bearer ${key}\r\n`,
    `Authorization: Bearer ${wrong}\r\nProxy-Authorization: Bearer ${key}\r\n`,
    `Authorization: Bearer ${wrong}\r\nAuthorization: Bearer ${key}\r\n`,
    `${pair(wrong.slice(0, 11), wrong)}Authorization: Bearer ${key}\r\n`,
    pair(key.slice(0, 11), wrong) + pair(key.slice(0, 11), key),
  ];
  for (const lines of refused)
    assert.match(String((await ask('token.test', lines)).status), /^40[13]$/, lines);
  assert.equal(origin.requests.length, 0);
  const answer = await ask(
    'token.test',
    `Authorization: Bearer ${key}\r\nProxy-Authorization: Bearer ${wrong}\r\n`,
  );
  assert.equal(answer.status, 200);
  assert.doesNotMatch(seen(), /authorization|sp_/i);
  assert.match(seen(), /X-Sallyport-Token: ci\r\n/);
});

here.set('frp v0.70.1', async () => {
  await ask(
    'open.test',
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  );
  assert.doesNotMatch(seen(), /upgrade|http2|h2c/i);
});

here.set('frp misc', async () => {
  assert.deepEqual(parseEdgeConfig('internalCa: true', 'test').trustedProxies, []);
  const fields = [
    'X-Forwarded-For',
    'X-Real-IP',
    'CF-Connecting-IP',
    'True-Client-IP',
    'Forwarded',
    'X-Client-IP',
  ];
  for (const name of fields) {
    const value = name === 'Forwarded' ? 'for=203.0.113.9' : '203.0.113.9';
    assert.equal((await ask('away.test', `${name}: ${value}\r\n`)).status, 403, name);
  }
});

here.set('Pangolin path rules', async () => {
  // Would take longer than any test may, were it not linear.
  const pattern = `/${'*a'.repeat(100)}b`;
  const policy = compilePolicy([
    { deny: 'anyone', paths: [pattern, `/${'*/'.repeat(100)}x`] },
    { allow: 'anyone' },
  ]);
  for (const path of [`/${'a'.repeat(60_000)}`, `/${'a/'.repeat(30_000)}`, `/${'%25'.repeat(20_000)}61`])
    assert.ok(decideAccess(policy, { ...unknownVisit, path }).verdict);
  for (const count of [257, 4_000]) {
    const deep = await ask('open.test', '', { target: `/${'a/'.repeat(count)}guarded` });
    assert.ok(deep.status === 400 || deep.status === 414, String(deep.status));
  }
  assert.equal(origin.requests.length, 0);
});

here.set('Pangolin badger', async () => {
  const answer = await ask('away.test', 'CF-Connecting-IP: 203.0.113.9\r\nCF-Ray: 1\r\n');
  assert.equal(answer.status, 403);
  // Judged at once, by what is in memory: there is nobody to whom a request could be sent.
  const source = readFileSync(join(repositoryRoot, 'src/http/access/access-decision.ts'), 'utf8');
  assert.doesNotMatch(source, /\b(async|await|fetch|Promise)\b/);
});

here.set('Traefik CVE-2024-45410', async () => {
  const names =
    'X-Forwarded-For, X-Real-IP, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id, X-Sallyport-Token, CDN-Loop, Host';
  const answer = await ask('token.test', `Authorization: Bearer ${key}\r\nConnection: ${names}\r\n`);
  assert.equal(answer.status, 200);
  for (const name of names.split(', ')) assert.match(seen(), new RegExp(`^${name}: .`, 'im'), name);
});

here.set('Traefik GHSA-6384-m2mw-rf54', async () => {
  const names = [
    ...[
      'X-Forwarded-Prefix',
      'X-Forwarded-Uri',
      'X-Forwarded-Method',
      'X-Forwarded-Tls-Client-Cert',
      'X-Forwarded-Server',
    ],
    ...[
      'X-Original-URL',
      'X-Original-Host',
      'X-Rewrite-URL',
      'Forwarded',
      'X-Real-IP',
      'X-Forwarded-Ssl',
      'X-Forwarded-Path',
    ],
  ];
  await ask('open.test', names.map((name) => `${name}: /evil\r\n`).join(''));
  assert.doesNotMatch(seen(), /evil/);
});

here.set('cloudflared CVE-2020-24356, CVE-2023-1314', () => {
  for (const folder of configFolders('/home/ada')) {
    assert.match(folder, /^(\/home\/ada\/|\/etc\/|\/usr\/local\/etc\/)/);
    assert.ok(!existsSync(folder) || (statSync(folder).mode & 0o002) === 0, folder);
  }
  const data = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
  try {
    openAccessKeys(data, { random: systemRandom, clock: systemClock });
    const files = readdirSync(data);
    assert.deepEqual(files, ['access.key']);
    assert.equal(statSync(join(data, files[0]!)).mode & 0o777, 0o600);
  } finally {
    rmSync(data, { recursive: true });
  }
});

here.set('cloudflared 2026.9.2 TUN-10804', async () => {
  await ask('open.test', '', { target: '/x/../%61/./b%2dc' });
  assert.match(seen(), /^GET \/a\/b-c HTTP/);
  const line = await world.edge.loggedLine('of it', ({ path }) => path === '/a/b-c');
  assert.equal(line['status'], 200);
});

here.set('sish defaults', () => {
  const folders = ['a', 'b'].map(() => mkdtempSync(join(tmpdir(), 'sallyport-keys-')));
  const [one, other] = folders.map(
    (folder) => openAccessKeys(folder, { random: systemRandom, clock: systemClock }).ring.passage[0]!.key,
  );
  for (const folder of folders) rmSync(folder, { recursive: true });
  assert.notDeepEqual(one, other);
  const given =
    /(password|secret|token|clientSecret)["']?\s*[:=]\s*["']?(admin|password|changeme|secret|123)/i;
  for (const name of readdirSync(join(repositoryRoot, 'examples'), { recursive: true, encoding: 'utf8' })) {
    const file = join(repositoryRoot, 'examples', name);
    if (statSync(file).isFile()) assert.doesNotMatch(readFileSync(file, 'utf8'), given, name);
  }
});

here.set('@fastify/express CVE-2026-33808, CVE-2026-22037; @fastify/middie CVE-2026-2880', async () => {
  const targets = [
    '/guarded',
    '/guarded/',
    '//guarded',
    '/./guarded',
    '/x/../guarded',
    '/%67uarded',
    '///guarded/x',
    '/guarded?x',
    '/guarded;x',
  ];
  for (const target of [...targets, '/GUARDED', '/guarded%2fx', '/%2fguarded', '/a//guarded/../../guarded']) {
    const { status } = await ask('open.test', 'Accept: */*\r\n', { target });
    assert.ok(status === 401 || status === 400, `${target} ${status}`);
  }
  assert.equal(origin.requests.length, 0);
});

here.set('authentik CVE-2024-47070', async () => {
  world.edge.apply({ trustedProxies: ['127.0.0.1/32'] });
  try {
    for (const value of [
      '',
      'unknown',
      '_hidden',
      '10.0.0.1.',
      '999.1.1.1',
      '"10.0.0.1',
      '203.0.113.9 ,x',
      '\xff',
    ]) {
      const away = await ask('away.test', `X-Forwarded-For: ${value}\r\n`);
      assert.equal(away.status, 403, value);
    }
    const policy = compilePolicy([{ deny: 'ip:10.0.0.0/8' }, { allow: 'anyone' }]);
    for (const address of ['', 'unknown', '10.0.0.1.', '999.1.1.1', '1', '::g'])
      assert.equal(decideAccess(policy, { ...unknownVisit, address }).reason, 'unknown', address);
    const there = await ask('notthere.test', 'X-Forwarded-For: ::ffff:10.1.1.1\r\n');
    assert.equal(there.status, 403);
  } finally {
    world.edge.apply({ trustedProxies: [] });
  }
});

here.set('pgAdmin CVE-2026-86863; netclaw SEC-005; ZimaOS CVE-2026-28798', async () => {
  await ask('open.test');
  assert.match(seen(), /^X-Forwarded-For: 127\.0\.0\.1\r\nX-Real-IP: 127\.0\.0\.1\r\n/m);
  assert.match(seen(), /^X-Forwarded-Proto: https\r\n/m);
});

here.set('request smuggling class', async () => {
  const heads = [
    ...['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ...[
      'Transfer-Encoding: xchunked\r\n',
      'Transfer-Encoding: chunked, identity\r\n',
      'Content-Length: +5\r\n',
    ],
    ...[
      'Accept: a\r\n folded\r\n',
      'Accept: a\nX: b\r\n',
      'Content-Length : 5\r\n',
      'Content-Length: 0x5\r\n',
    ],
  ];
  for (const lines of heads) {
    const { status } = await ask('open.test', lines, {
      body: '0\r\n\r\nGET /guarded HTTP/1.1\r\nHost: open.test\r\n\r\n',
    });
    assert.ok(status === 400 || status === 501, `${lines} ${status}`);
  }
  assert.equal(origin.requests.length, 0);
});

here.set('SNI other than Host', async () => {
  // One certificate for both: the connection may be used for either, and each request is judged for the host that it names.
  assert.equal((await ask('token.test', '', { sni: 'open.test' })).status, 401);
  assert.equal((await ask('open.test', '', { sni: 'token.test' })).status, 200);
  // Certificates of their own: misdirected.
  assert.equal(
    (await ask('token.test', `Authorization: Bearer ${key}\r\n`, { sni: 'alone.test' })).status,
    421,
  );
});

here.set('(b)', async () => {
  const open = [
    '/a//b',
    '/./a',
    '/a/../b',
    '/%2e%2e/a',
    '/a%2fb',
    '/a;x',
    '/a.',
    '/a%20',
    '/%25',
    `/${'a/'.repeat(200)}`,
  ];
  for (const target of open) assert.equal((await ask('open.test', '', { target })).status, 200, target);
  const refused = [
    ...[
      '/a%5cb',
      '/a\\b',
      '/%00',
      '/a%00b',
      '/%c0%ae%c0%ae/',
      '/%c0%af',
      '/%e0%80%af',
      '/%',
      '/%zz',
      '/a#b',
      '/a b',
      '/\x7f',
    ],
    ...[
      '/a%2f..%2fb',
      '/..;/a',
      '/..%3b/a',
      '/a//../b',
      '/%0d%0aX:y',
      '/%252e%252e/a',
      '/%252e%252e%252fa',
      '*',
      'a',
      '',
    ],
    ...[
      `/${'a/'.repeat(300)}`,
      `/${'../'.repeat(300)}`,
      '/guarded%2fx',
      '/%2fguarded',
      '/GUARDED',
      '/%2567uarded',
      '/guarded;x',
    ],
  ];
  for (const target of refused) assert.equal((await ask('open.test', '', { target })).status, 400, target);
  assert.equal((await ask('open.test', '', { target: `/${'a/'.repeat(10_000)}` })).status, 414);
  assert.equal(origin.requests.length, open.length);
});

here.set('(c)', async () => {
  const status = async (host: string, target = '/'): Promise<number> =>
    (await ask(host, '', { target })).status;
  for (const host of ['TOKEN.test', 'token.test.', 'token.test:443', 'Token.Test.:8443'])
    assert.equal(await status(host), 401, host);
  for (const target of ['http://token.test/', 'HTTPS://TOKEN.TEST:1/', 'https://token.test./x'])
    assert.equal(await status('token.test', target), 401, target);
  const refused: readonly (readonly [host: string, target: string])[] = [
    ['open.test', 'http://token.test/'],
    ['token.test', 'http://open.test/'],
    ['open.test', 'http://open.test@token.test/'],
    ['open.test', 'http://'],
    ['open.test', 'ftp://open.test/'],
    ...[
      'open.test@token.test',
      'open.test/x',
      '',
      'open.test,token.test',
      'open.test token.test',
      'open.test:x',
      'open.test..',
    ].map((host) => [host, '/'] as const),
  ];
  for (const [host, target] of refused) assert.equal(await status(host, target), 400, `${host} ${target}`);
  assert.equal((await ask('open.test', 'Host: token.test\r\n')).status, 400);
  assert.equal(origin.requests.length, 0);
});

describe('what has gone wrong elsewhere', () => {
  test('every row of the table is judged by a test that is there', () => {
    assert.equal(incidents.length, 33);
    assert.equal(new Set(incidents.map(({ id }) => id)).size, incidents.length);
    for (const { id, judges } of incidents) {
      assert.ok(judges.length > 0, id);
      assert.equal(judges.includes('here'), here.has(id), id);
      for (const judge of judges) {
        if (judge === 'here') continue;
        const [file, title] = judge;
        const source = readFileSync(join(repositoryRoot, file), 'utf8');
        const titles = source.match(/\b(test|describe)\(\s*(['"`])(.*?)\2,/gs) ?? [];
        assert.ok(
          titles.some((each) => each.includes(title)),
          `${id}: ${file} has no test "${title}"`,
        );
      }
    }
  });

  for (const [id, judge] of here) test(`${id} is not repeated`, judge);
});

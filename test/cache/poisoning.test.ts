// Poisoning and deception (edge.md section 6) by HTTP/1.1 and HTTP/2, each attack by its name: what a stranger makes the
// origin say is never what the next visitor gets, and what one visitor gets is never kept for a stranger.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CaseAnswer, CaseClient } from '../conformance/cache-case-runner.ts';
import type { CachePolicySettings } from '#model/routes/cache-policy.ts';
import { parseResponses } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recording-origin.ts';
import { worldForBothProtocols } from './both-protocols.ts';
import { answerText, type CacheWorld, requestText } from './cache-world.ts';

let world: CacheWorld;
const protocols = worldForBothProtocols((opened) => void (world = opened));

type Fields = ReadonlyArray<readonly [string, string]>;

/** Says back what it got of target, fields and body, and lets everybody keep it. */
function mirror(more: Readonly<Record<string, string>> = {}) {
  return ({ requestLine, fields, body }: RecordedRequest): string => {
    const text = fields.map(([name, value]) => `${name}=${value}`).join('|');
    return answerText({ 'Cache-Control': 'max-age=60', ...more }, `${requestLine}|${text}|${body}`);
  };
}

/** Fields by which frameworks take another host, address, scheme or client for the real one. */
const unkeyed: Fields = [
  ...([
    'X-Forwarded-Host',
    'X-Forwarded-Server',
    'X-Host',
    'X-Original-Host',
    'X-HTTP-Host-Override',
  ] as const),
  ...([
    'X-Forwarded-Proto',
    'X-Forwarded-Scheme',
    'X-Forwarded-Protocol',
    'X-Url-Scheme',
    'X-Forwarded-Ssl',
  ] as const),
  ...([
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Path',
    'X-Forwarded-Uri',
    'X-Original-URL',
  ] as const),
  ...([
    'X-Rewrite-URL',
    'X-Original-URI',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded',
    'X-Real-IP',
  ] as const),
  ...(['True-Client-IP', 'CF-Connecting-IP', 'Client-IP', 'X_Forwarded_Host', 'X.Forwarded.Host'] as const),
  ...([
    'Base-Url',
    'Request-Uri',
    'Destination',
    'Proxy',
    'Front-End-Https',
    'X-Amz-Website-Redirect-Location',
  ] as const),
].map((name) => [name, 'evil.test'] as const);

/** Paths that a server behind may take for a page of one visitor, and a careless cache for a file for all. */
const confusions = [
  ...['/account/x.css', '/account/;x.css', '/account;x.css', '/account%2Fx.css', '/account%2f..%2fx.css'],
  ...['/account%3Fx.css', '/account%23x.css', '/account%3B.css', '/account%5Cx.css', '/account%0A.css'],
  ...[
    '/account.css',
    '/account/%2e%2e/account/x.css',
    '/static/..%2faccount.css',
    '/static/%2e%2e%2faccount',
  ],
];

function attacks(protocol: string, client: () => CaseClient): void {
  const ask = (target: string, fields: Fields = [], method = 'GET', body?: string): Promise<CaseAnswer> =>
    client()({ method, target, fields, body });
  const word = ({ fields }: CaseAnswer): string | undefined => fields['cf-cache-status'];
  const isRefused = ({ status }: CaseAnswer): boolean => status === 400;

  describe(`over ${protocol}`, () => {
    test('unkeyed fields: whoever names another host, address or client poisons nobody', async () => {
      const poisonous: string[] = [];
      for (const [name, value] of unkeyed) {
        await world.begin(mirror());
        await ask('/', [[name, value]]);
        if ((await ask('/')).body.includes('evil')) poisonous.push(name);
      }
      assert.deepEqual(poisonous, []);
    });

    test('path confusion: the page at an address that looks like a file is kept for nobody', async () => {
      const rules: CachePolicySettings = {
        rules: [
          { when: { path: ['*.css', '/static/*'] }, ttl: '1h' },
          { when: { type: ['text/css'] }, ttl: '1h' },
        ],
      };
      for (const path of confusions) {
        let visits = 0;
        await world.begin(
          () => answerText({ 'Content-Type': 'text/html' }, `page of visitor ${(visits += 1)}`),
          rules,
        );
        const [first, second] = [await ask(path), await ask(path)];
        if (isRefused(first) && isRefused(second)) continue;
        assert.notEqual(first.body, second.body, path);
        assert.equal(world.cache.entryCount, 0, path);
      }
    });

    test('path confusion: a NUL in a path is refused', async () => {
      await world.begin(mirror());
      assert.equal((await ask('/account%00.css')).status, 400);
      assert.equal(world.asked.length, 0);
    });

    test('fat GET: what a body asked for is kept for nobody, and a stored page is no answer to it', async () => {
      await world.begin(mirror());
      assert.equal(word(await ask('/', [], 'GET', 'q=evil')), 'DYNAMIC');
      assert.doesNotMatch((await ask('/')).body, /evil/);
      assert.match((await ask('/', [], 'GET', 'q=mine')).body, /q=mine/);
    });

    test('method override: a GET that says it is a DELETE is kept for nobody', async () => {
      for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
        await world.begin(({ fields }) => {
          const isOther = fields.some(([each]) => each.toLowerCase() === name.toLowerCase());
          return isOther
            ? answerText({ 'Cache-Control': 'max-age=60' }, 'no such method', 404)
            : mirror()(world.lastRequest);
        });
        await ask('/', [[name, 'DELETE']]);
        assert.equal((await ask('/')).status, 200, name);
      }
    });

    test('CPDoS by an oversized header: the refusal of the edge or the origin is kept for nobody', async () => {
      await world.begin(
        ({ fields }) =>
          fields.some(([, value]) => value.length > 8000)
            ? answerText({}, 'too large', 400)
            : answerText({ 'Cache-Control': 'max-age=60' }, 'fine'),
        { rules: [{ when: { path: ['/*'] }, ttl: '1h' }] },
      );
      const large = await ask('/', [['X-Large', 'x'.repeat(9000)]]);
      assert.ok(large.status >= 400, String(large.status));
      const larger = await ask('/', [['X-Large', 'x'.repeat(15_000)]]).catch(() => undefined);
      assert.ok(larger === undefined || larger.status >= 400);
      assert.equal((await ask('/')).body, 'fine');
    });

    test('CPDoS by meta characters, ranges and hasty conditions: errors that one request provoked are not the next one’s', async () => {
      for (const status of [400, 403, 404, 405, 408, 412, 414, 416, 417, 429, 431, 500, 501, 502, 503]) {
        await world.begin(
          ({ fields }) =>
            fields.some(([name]) => name.toLowerCase() === 'x-meta')
              ? answerText({}, 'no', status)
              : answerText({ 'Cache-Control': 'max-age=60' }, 'fine'),
          { rules: [{ when: { path: ['/*'] }, ttl: '1h', defaultTtl: '1h', force: true }] },
        );
        await ask('/', [
          ['X-Meta', '\u00ff\u00fe'],
          ['Range', 'bytes=99999-'],
        ]);
        assert.equal((await ask('/')).body, 'fine', String(status));
      }
    });

    test('range: a part that one client asked for is not the page of the next', async () => {
      await world.begin(({ fields }) => {
        const isPart = fields.some(([name]) => name.toLowerCase() === 'range');
        const head = isPart
          ? 'HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/10\r\nContent-Length: 4'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 10';
        return `${head}\r\nCache-Control: max-age=60\r\nETag: "a"\r\n\r\n${isPart ? '0123' : '0123456789'}`;
      });
      assert.equal((await ask('/', [['Range', 'bytes=0-3']])).body, '0123');
      assert.equal((await ask('/')).body, '0123456789');
    });

    test('HEAD: it leaves no empty page, and nothing of its own fields', async () => {
      await world.begin(mirror());
      await ask('/', [['X-Any', 'evil']], 'HEAD');
      await world.quiet();
      assert.match((await ask('/')).body, /^GET \/ /);
    });

    test('key injection: no spelling of a query is another one, and what is dropped from the key reaches no origin', async () => {
      await world.begin(mirror(), { query: { drop: ['utm_*'], sort: true } });
      const hidden = [
        '?utm_x=1;callback=evil',
        '?%75tm_x=evil',
        '?utm_x=evil&utm_y=evil',
        '?utm_x=%26callback=evil',
      ];
      for (const query of hidden) assert.doesNotMatch((await ask(`/${query}`)).body, /evil/, query);
      const different = [
        '?a=1&b=2',
        '?a=1%26b=2',
        '?a=1%0Ab=2',
        '?a=1;b=2',
        '?a=1&b=2&b=3',
        '?b=3&a=1&b=2',
        '?A=1&b=2',
        '?a[]=1',
        '??a=1',
      ];
      await world.begin(mirror(), { query: { drop: ['utm_*'], sort: true } });
      for (const query of different) assert.equal(word(await ask(`/${query}`)), 'MISS', query);
      assert.equal(word(await ask('/?b=2&utm_x=1&a=1')), 'HIT');
    });

    test('Vary: what varies by everything, by cookie or by client is not shared', async () => {
      await world.begin(mirror({ Vary: '*' }));
      await ask('/', [['X-Any', 'evil']]);
      assert.doesNotMatch((await ask('/')).body, /evil/);
      await world.begin(mirror({ Vary: 'Cookie' }));
      await ask('/', [['Cookie', 'sid=evil']]);
      assert.doesNotMatch((await ask('/', [['Cookie', 'sid=mine']])).body, /evil/);
      assert.doesNotMatch((await ask('/')).body, /evil/);
    });

    test('cookies: none that was set for one visitor comes to another, by a 304 or a HEAD either', async () => {
      let round = 0;
      await world.begin(({ fields }) => {
        const isAsked = fields.some(([name]) => name.toLowerCase() === 'if-none-match');
        const setCookie = (round += 1) > 1 ? 'Set-Cookie: sid=evil\r\n' : '';
        const head = `ETag: "a"\r\nCache-Control: max-age=10\r\n${setCookie}`;
        return isAsked
          ? `HTTP/1.1 304 N\r\n${head}\r\n`
          : `HTTP/1.1 200 OK\r\n${head}Content-Length: 4\r\n\r\npage`;
      });
      await ask('/');
      world.pass(20);
      await ask('/');
      await ask('/', [], 'HEAD');
      assert.equal((await ask('/')).fields['set-cookie'], undefined);
    });

    test('response splitting: what a query holds escaped stays escaped on its way to the origin', async () => {
      await world.begin(mirror());
      const answer = await ask(
        '/?to=%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a<html>'.replace('<html>', '%3Chtml%3E'),
      );
      assert.equal(answer.fields['set-cookie'], undefined);
      assert.match(answer.body, /%0d%0aSet-Cookie/i);
    });
  });
}

for (const [protocol, client] of protocols) attacks(protocol, client);

test('hop-by-hop abuse: a field that Connection takes from the origin does not choose the variant either', async () => {
  await world.begin(({ fields }) => {
    const language = fields.find(([name]) => name.toLowerCase() === 'accept-language')?.[1] ?? 'none';
    return answerText({ 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }, `in ${language}`);
  });
  const client = await world.open();
  client.send(
    'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close, Accept-Language\r\nAccept-Language: de\r\n\r\n',
  );
  await client.waitForClose();
  assert.equal(parseResponses(client.text)[0]!.body, 'in none');
  assert.equal(await world.see('/', { fields: { 'Accept-Language': 'de' } }), 'MISS in de');
});

test('hop-by-hop abuse: Connection takes neither what the edge states nor what keys and rules are made of', async () => {
  const policy = {
    key: { headers: ['X-Site'], cookies: ['tier'] },
    rules: [{ when: { cookie: ['sid'] }, bypass: true }],
  };
  for (const named of [
    'X-Site',
    'Cookie',
    'Host',
    'X-Forwarded-Host',
    'X-Forwarded-For',
    'Cache-Control',
    'Content-Length',
  ]) {
    await world.begin(mirror(), policy);
    const client = await world.open();
    const fields = 'X-Site: evil\r\nCookie: tier=evil; sid=1\r\nCache-Control: max-age=0\r\n';
    client.send(`GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close, ${named}\r\n${fields}\r\n`);
    await client.waitForClose();
    assert.match(parseResponses(client.text)[0]!.body, /X-Forwarded-Host=a\.test/i, named);
    assert.match(parseResponses(client.text)[0]!.body, /X-Forwarded-For=127\.0\.0\.1/i, named);
    assert.doesNotMatch((await world.ask('/')).body, /evil/, named);
  }
});

test('host games: two hosts, an absolute target, ports, case and dots never make one site answer for another', async () => {
  const raw = async (text: string): Promise<string> => {
    const client = await world.open();
    client.send(text);
    await client.waitForClose();
    return client.text;
  };
  const refused = [
    'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.test\r\n Host: b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.test@b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.test/b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.test#b.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: \r\n\r\n',
    'GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n',
    'GET http://b.test@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n',
  ];
  await world.begin(mirror());
  for (const text of refused) assert.match(await raw(text), /^HTTP\/1\.1 400 /, text);
  assert.deepEqual([world.asked, world.cache.entryCount], [[], 0]);
  await world.ask('/', { host: 'b.test' });
  for (const host of ['a.test', 'A.TEST', 'a.test.', 'a.test:80', 'a.test:8443'])
    assert.match((await world.ask('/', { host })).body, /^GET \/ .*Host=a\.test/i, host);
  const close = 'Connection: close\r\n';
  assert.match(await raw(`GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n${close}\r\n`), /Host=a\.test/i);
});

test('pipelining: a request behind a hit, a refusal or a page with a body is answered for itself', async () => {
  await world.begin(mirror());
  await world.ask('/');
  const client = await world.open();
  const next = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;
  client.send(next('/') + next('/x') + next('/', 'Content-Length: 0\r\n') + next('/x') + requestText('/y'));
  await client.waitForClose();
  const paths = parseResponses(client.text).map(({ body }) => /^GET (\S+)/.exec(body)?.[1]);
  assert.deepEqual(paths, ['/', '/x', '/', '/x', '/y']);
});

// Cache-Status (RFC 9211) stands on every answer of the edge, by HTTP/1.1 and HTTP/2: on those of the cache, on those that
// pass it by, and on the edge's own, whatever the reason. CF-Cache-Status stands beside it wherever an origin was meant.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { corsSchema } from '#model/shaping/cors-rule.ts';
import { maintenanceSchema } from '#model/shaping/maintenance.ts';
import type { Shaping } from '#model/shaping/shaping.ts';
import { redirectsOf, redirectsSchema } from '#model/routes/redirect-rule.ts';
import { defaultCachePolicy } from '#model/routes/cache-policy.ts';
import { routeOf } from '../edge/world.ts';
import type { CaseAnswer, CaseAsk, CaseClient } from '../conformance/cache-case-runner.ts';
import { openRaw, parseResponses, type RawResponse } from '../support/raw-client.ts';
import { worldForBothProtocols } from './both-protocols.ts';
import { answerText, type CacheWorld } from './cache-world.ts';

let world: CacheWorld;
const protocols = worldForBothProtocols((opened) => void (world = opened));

const ownAnswer = 'sallyport; detail=own-answer';
const passedBy = 'sallyport; fwd=bypass';

/** Puts one route in force, with the default cache or without one. */
function shape(shaping: Shaping, hasCache = true): void {
  const cache = hasCache ? defaultCachePolicy : undefined;
  world.edge.apply({ routes: [{ ...routeOf('a.test', world.edge.credentials), cache, shaping }] });
}

const page = (fields: Readonly<Record<string, string>>) => () => answerText(fields, 'page');
const said = ({ status, fields }: CaseAnswer | RawResponse): string =>
  `${status} ${fields['cache-status']?.replace(/ttl=-?\d+/, 'ttl=n')} | ${fields['cf-cache-status'] ?? 'absent'}`;

function judge(protocol: string, client: () => CaseClient): void {
  const ask = (more: Partial<CaseAsk> = {}): Promise<string> =>
    client()({ method: 'GET', target: '/', fields: [], body: undefined, ...more }).then(said);

  describe(`over ${protocol}`, () => {
    test('the cache says what it did, on whole pages, parts, 304 and 416', async () => {
      await world.begin(page({ 'Cache-Control': 'max-age=60', ETag: '"a"' }));
      const hit = 'sallyport; hit; ttl=n | HIT';
      assert.equal(await ask(), '200 sallyport; fwd=uri-miss; ttl=n; stored | MISS');
      assert.equal(await ask(), `200 ${hit}`);
      assert.equal(await ask({ method: 'HEAD' }), `200 ${hit}`);
      assert.equal(await ask({ fields: [['If-None-Match', '"a"']] }), `304 ${hit}`);
      assert.equal(await ask({ fields: [['Range', 'bytes=0-1']] }), `206 ${hit}`);
      assert.equal(await ask({ fields: [['Range', 'bytes=9-']] }), `416 ${hit}`);
    });

    test('what it does not keep says why', async () => {
      const because = async (fields: Readonly<Record<string, string>>): Promise<string> => {
        await world.begin(page(fields));
        return await ask();
      };
      assert.equal(await because({}), '200 sallyport; fwd=uri-miss; detail=no-lifetime | DYNAMIC');
      assert.equal(
        await because({ 'Cache-Control': 'no-store' }),
        '200 sallyport; fwd=uri-miss; detail=no-store | BYPASS',
      );
      assert.equal(await ask({ method: 'POST', body: 'x' }), '200 sallyport; fwd=method | DYNAMIC');
      assert.equal(await ask({ method: 'OPTIONS' }), '200 sallyport; fwd=method | DYNAMIC');
      await world.begin(page({}), { rules: [{ when: { path: ['/*'] }, bypass: true }] });
      assert.equal(await ask(), '200 sallyport; fwd=bypass; detail=rule | DYNAMIC');
    });

    test('a route without a cache says that it was passed by, and no origin speaks in our name', async () => {
      await world.begin(page({ 'CF-Cache-Status': 'HIT', 'Cache-Status': 'inner; hit' }), 'off');
      assert.equal(await ask(), `200 inner; hit, ${passedBy} | DYNAMIC`);
      await world.begin(() => answerText({}, 'no', 500), 'off');
      assert.equal(await ask(), `500 ${passedBy} | DYNAMIC`);
    });

    test("an error of the origin's is the origin's, one on the way to it is the edge's", async () => {
      await world.begin(() => answerText({}, 'no', 404));
      assert.equal(await ask(), '404 sallyport; fwd=uri-miss; detail=no-lifetime | DYNAMIC');
      world.origin.answer = () => 'nonsense\r\n\r\n';
      assert.equal(await ask(), `502 ${ownAnswer} | absent`);
      shape({}, false);
      assert.equal(await ask(), `502 ${ownAnswer} | absent`);
      world.edge.apply({ routes: [] });
      assert.equal(await ask(), `404 ${ownAnswer} | absent`);
    });

    test('so are redirects, maintenance, preflights, limits and refusals', async () => {
      await world.begin(page({ 'Cache-Control': 'max-age=60' }));
      const own = async (shaping: Shaping, more: Partial<CaseAsk> = {}): Promise<string> => {
        shape(shaping);
        return await ask(more);
      };
      assert.equal(await own({ maintenance: maintenanceSchema.parse({}) }), `503 ${ownAnswer} | absent`);
      const cors = corsSchema.parse({ origins: ['https://x.test'] });
      const preflight = [
        ['Origin', 'https://x.test'],
        ['Access-Control-Request-Method', 'PUT'],
      ] as const;
      assert.equal(
        await own({ cors }, { method: 'OPTIONS', fields: preflight }),
        `204 ${ownAnswer} | absent`,
      );
      shape({});
      const redirects = redirectsOf(redirectsSchema.parse([{ path: '/old', to: '/new' }]));
      const [route] = world.edge.snapshot.routes;
      world.edge.apply({ routes: [{ ...route!, redirects }] });
      assert.match(await ask({ target: '/old' }), /^30\d sallyport; detail=own-answer \| absent$/);
      world.edge.apply({ routes: [{ ...route!, access: { rules: [] } as never }] });
      assert.match(await ask(), /^40[13] sallyport; detail=own-answer \| absent$/);
    });

    test('so is what could not be read', async () => {
      world.setPolicy({});
      assert.equal(await ask({ target: '/%00' }), `400 ${ownAnswer} | absent`);
      assert.equal(
        await ask({ fields: [['Cache-Control', 'only-if-cached']], target: '/nowhere' }),
        `504 ${ownAnswer} | absent`,
      );
    });
  });
}

for (const [protocol, client] of protocols) judge(protocol, client);

test('plain HTTP: the redirect to https, a host that is none, and what is no HTTP say it too', async () => {
  world.setPolicy({});
  const raw = async (port: number, text: string): Promise<string> => {
    const client = await openRaw({ port });
    client.send(text);
    await client.waitForClose();
    return said(parseResponses(client.text)[0]!);
  };
  const close = 'Connection: close\r\n\r\n';
  const { httpPort, plainPort } = world.edge;
  assert.equal(
    await raw(httpPort, `GET / HTTP/1.1\r\nHost: a.test\r\n${close}`),
    `308 ${ownAnswer} | absent`,
  );
  assert.equal(
    await raw(httpPort, `GET / HTTP/1.1\r\nHost: no.test\r\n${close}`),
    `404 ${ownAnswer} | absent`,
  );
  assert.equal(
    await raw(plainPort, `OPTIONS * HTTP/1.1\r\nHost: a.test\r\n${close}`),
    `200 ${ownAnswer} | absent`,
  );
  assert.equal(await raw(plainPort, `GET / HTTP/1.1\r\nNo colon\r\n${close}`), `400 ${ownAnswer} | absent`);
  assert.equal(
    await raw(plainPort, `TRACE / HTTP/1.1\r\nHost: a.test\r\n${close}`),
    `405 ${ownAnswer} | absent`,
  );
});

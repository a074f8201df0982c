// What an origin is told, as a library of others verifies it, while keys are exchanged: the next one is published before it
// signs, and the one before as long as anything it signed may be shown.
import assert from 'node:assert/strict';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { after, before, describe, test } from 'node:test';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';

const host = 'app.test';
const dayMs = 86_400_000;

describe('assertions and their keys', () => {
  let world: DeskWorld;
  let origin: RecordingOrigin;
  before(async () => {
    origin = await RecordingOrigin.start();
    const policy = {
      rules: ['signed-in'],
      cache: 'off' as const,
      identity: ['cloudflare' as const],
      audience: '',
    };
    const paths = { '/': ['signed-in'], '/cf': policy };
    world = await startDeskWorld([{ hostname: host, service: origin.url, paths }]);
  });
  after(async () => {
    await world?.edge.close();
    await origin?.close();
  });

  const get = async (path: string, cookie = ''): Promise<string> => {
    const field = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
    const bytes = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${field}\r\n`;
    const [answer] = await world.edge.ask(bytes, { serverName: host });
    assert.equal(answer!.status, 200, answer!.body);
    return answer!.body;
  };
  const told = async (path: string): Promise<Record<string, string>> => {
    world.desk.apply(directoryOf(world.clock, ['ada']));
    await get(path, world.visit(host, 'session-ada', 'id-ada'));
    return Object.fromEntries(
      origin.requests.at(-1)!.fields.map(([name, value]) => [name.toLowerCase(), value] as const),
    );
  };
  const keySet = async (): Promise<JSONWebKeySet> =>
    JSON.parse(await get('/.well-known/sallyport/keys')) as JSONWebKeySet;
  const verify = async (assertion: string, set: JSONWebKeySet) =>
    await jwtVerify(assertion, createLocalJWKSet(set), {
      ...{ issuer: 'https://sallyport.test', audience: host, currentDate: new Date(world.clock.wallMs()) },
    });

  test('ours is ES256, verified by another library with the published keys, and says who it is', async () => {
    const { 'x-sallyport-assertion': assertion } = await told('/who');
    const { payload, protectedHeader } = await verify(assertion!, await keySet());
    assert.equal(protectedHeader.alg, 'ES256');
    assert.deepEqual([payload.sub, payload['name'], payload['groups']], ['id-ada', 'ada', ['family']]);
    assert.equal(payload.exp! - payload.iat!, 600);
    assert.doesNotMatch(JSON.stringify(await keySet()), /"(d|p|q|dp|dq|qi)"/, 'no private half');
  });

  test("Cloudflare's is RS256, made once there is a key for it, beside ours", async () => {
    const without = await told('/cf');
    assert.equal(without['cf-access-jwt-assertion'], undefined, 'no key yet: a verifier would take no other');
    assert.ok(without['x-sallyport-assertion']);
    await world.keys.add(['RS256'], world.clock.wallMs());
    world.clock.advance(1_001);
    const both = await told('/cf');
    const set = await keySet();
    assert.deepEqual(
      set.keys.map(({ alg }) => alg),
      ['ES256', 'RS256'],
    );
    for (const [name, algorithm] of [
      ['x-sallyport-assertion', 'ES256'],
      ['cf-access-jwt-assertion', 'RS256'],
    ] as const) {
      const { protectedHeader, payload } = await verify(both[name]!, set);
      assert.deepEqual([protectedHeader.alg, payload['name']], [algorithm, 'ada']);
    }
  });

  test('the next key is published before it is used; what was signed before the change is verified after it', async () => {
    const kidOf = (assertion: string | undefined): string => decodeProtectedHeader(assertion!).kid!;
    const before = (await told('/who'))['x-sallyport-assertion']!;
    const published = await keySet();
    // A verifier that has fetched the keys now knows all that is signed within the next day.
    const nowMs = world.clock.wallMs();
    await world.keys.add(['passage', 'ES256', 'RS256'], nowMs, nowMs + dayMs);
    const next = await keySet();
    assert.equal(next.keys.length, published.keys.length + 2);
    assert.equal(kidOf((await told('/who'))['x-sallyport-assertion']), kidOf(before));
    world.clock.advance(dayMs - 60_000);
    const last = (await told('/who'))['x-sallyport-assertion']!;
    assert.equal(kidOf(last), kidOf(before));
    world.clock.advance(60_001);
    const changed = await told('/cf');
    for (const name of ['x-sallyport-assertion', 'cf-access-jwt-assertion']) {
      await verify(changed[name]!, next);
      assert.ok(!published.keys.some(({ kid }) => kid === kidOf(changed[name])), name);
    }
    // The very request after the change has the new key, although what was told before would be good for minutes.
    assert.notEqual(kidOf((await told('/who'))['x-sallyport-assertion']), kidOf(before));
    await verify(last, await keySet());
    world.clock.advance(dayMs);
    assert.equal((await keySet()).keys.length, 2, 'the old ones are gone');
  });

  test('a cookie of before the change is good after it, and is exchanged for one of the new key', async () => {
    const nowMs = world.clock.wallMs();
    const cookie = world.visit(host, 'session-ada', 'id-ada');
    await world.keys.add(['passage'], nowMs, nowMs + 60_000);
    world.clock.advance(16 * 60_000);
    world.desk.apply(directoryOf(world.clock, ['ada']));
    const bytes = `GET /who HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`;
    const [answer] = await world.edge.ask(bytes, { serverName: host });
    assert.equal(answer!.status, 200);
    const [renewed] = answer!.fields['set-cookie']!.split(';');
    // Taken back: the old key is worth nothing from this moment.
    world.keys.ring = { ...world.keys.ring, passage: world.keys.ring.passage.slice(-1) };
    world.desk.forgetTexts();
    const statusOf = async (text: string): Promise<number> => {
      const again = `GET /who HTTP/1.1\r\nHost: ${host}\r\nCookie: ${text}\r\n\r\n`;
      return (await world.edge.ask(again, { serverName: host }))[0]!.status;
    };
    assert.equal(await statusOf(renewed!), 200);
    assert.equal(await statusOf(cookie), 401);
  });
});

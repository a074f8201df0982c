// What runs out by itself: a share link, a service token, a session. It opens nothing more, and takes along what it has let in,
// as if it had been revoked.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import type { RawConnection } from '../support/raw-client.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type DeskWorld, directoryOf, startDeskWorld } from './desk-world.ts';

const host = 'app.test';
const hourMs = 3_600_000;

describe('what runs out', () => {
  let origin: RecordingOrigin;
  let world: DeskWorld;
  before(async () => {
    // Says that more will come, and never sends it.
    origin = await RecordingOrigin.start(({ requestLine }) =>
      requestLine.includes('/endless')
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nit goes on'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    );
    const paths = { '/album': ['link'], '/private': 'private' } as const;
    world = await startDeskWorld([
      { hostname: host, service: origin.url, paths: { ...paths, '/album': ['link'] } },
    ]);
  });
  after(async () => {
    await world?.edge.close();
    await origin?.close();
  });

  const ask = async (path: string, cookie = '') => {
    const field = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
    const [answer] = await world.edge.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${field}\r\n`, {
      serverName: host,
    });
    return answer!;
  };
  const openEndless = async (path: string, cookie: string): Promise<RawConnection> => {
    const client = await world.edge.client(host);
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`);
    await client.waitFor('it goes on');
    return client;
  };

  test('a share link opens nothing after its time, for whoever holds it already, too, and ends his download', async () => {
    const expiresAtMs = world.clock.wallMs() + hourMs;
    const link = { id: 'link-1', hostname: host, path: '/album', expiresAtMs, isCounted: false };
    world.desk.apply({ ...directoryOf(world.clock, ['ada']), links: [link] });
    const share = `/.well-known/sallyport/share?token=${world.passTexts.formatShare(link.id)}`;
    const opened = await ask(share);
    assert.equal(opened.status, 303);
    const [cookie] = opened.fields['set-cookie']!.split(';');
    assert.match(opened.fields['set-cookie']!, /Max-Age=3600;/);
    assert.equal((await ask('/album/x', cookie)).status, 200);
    const endless = await openEndless('/album/endless', cookie!);
    world.clock.advance(hourMs - 1);
    assert.equal((await ask('/album/x', cookie)).status, 200, 'up to its last moment');
    assert.equal(endless.end, 'open');
    world.clock.advance(1);
    assert.equal((await ask('/album/x', cookie)).status, 403);
    const again = await ask(share);
    assert.equal(again.fields['x-sallyport-error'], 'link-ended');
    assert.equal(again.fields['set-cookie'], undefined);
    await eventually('the download is cut', () => endless.end !== 'open');
    // Nor does its cookie, however it is held, outlive the link: its time is the directory's.
    world.desk.apply({ ...directoryOf(world.clock, ['ada']), links: [] });
    assert.equal((await ask('/album/x', cookie)).status, 403);
  });

  test('a session is over at its time, and ends what it let in, with no word from anybody', async () => {
    const directory = directoryOf(world.clock, ['ada']);
    const untilMs = world.clock.wallMs() + hourMs;
    world.desk.apply({ ...directory, sessions: directory.sessions.map((each) => ({ ...each, untilMs })) });
    const cookie = world.visit(host, 'session-ada', 'id-ada');
    const endless = await openEndless('/private/endless', cookie);
    world.clock.advance(hourMs);
    assert.equal((await ask('/private/x', cookie)).status, 401);
    await eventually('the download is cut', () => endless.end !== 'open');
  });

  test('a cookie is exchanged for a newer one while it is used, and the old one ends at its time', async () => {
    world.desk.apply(directoryOf(world.clock, ['ada']));
    const first = world.visit(host, 'session-ada', 'id-ada');
    assert.equal((await ask('/private/x', first)).fields['set-cookie'], undefined, 'not at each request');
    world.clock.advance(hourMs / 4);
    const renewed = (await ask('/private/x', first)).fields['set-cookie']!;
    assert.match(
      renewed,
      /^__Host-sallyport-visit=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax$/,
    );
    const [second] = renewed.split(';');
    assert.notEqual(second, first);
    world.clock.advance(11.75 * hourMs);
    assert.equal((await ask('/private/x', first)).status, 401, 'twelve hours are over');
    assert.equal((await ask('/private/x', second)).status, 200);
  });
});

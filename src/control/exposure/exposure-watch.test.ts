import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteView } from '#api/routes.ts';
import { silentLog } from '#base/log.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import type { ProbeAnswer } from '#model/probes/probe-answer.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { againAfterMs, ExposureWatch, maxPerLook, retryAfterMs } from './exposure-watch.ts';

const routeAt = (hostname: string, change: Partial<RouteView> = {}): RouteView =>
  ({
    ...{ id: hostname, hostname, path: '/', tunnelId: 't', tunnelName: 'home', source: 'store' },
    ...{ service: 'http://localhost:80', access: 'public', isEnabled: true, status: 'up' },
    ...change,
  }) as RouteView;
const portainer: ProbeAnswer = { status: 200, fields: [], html: '<title>Portainer</title>', location: '' };
const blog: ProbeAnswer = { status: 200, fields: [], html: '<title>A blog</title>', location: '' };
const away: ProbeAnswer = { status: 502, fields: [], html: '', location: '' };

function watchOf(routes: RouteView[], answers: Record<string, ProbeAnswer[]> = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const probe = (url: string): Promise<ProbeAnswer[]> => {
    asked.push(new URL(url).hostname);
    return Promise.resolve(answers[new URL(url).hostname] ?? [blog]);
  };
  const watch = new ExposureWatch({ clock, log: silentLog, routes: () => Promise.resolve(routes), probe });
  return { clock, asked, watch, routes, answers };
}

test('what is public and answers is asked, once, and again when half a day is over or its service is another', async () => {
  const { clock, asked, watch, routes } = watchOf([routeAt('a.test')], { 'a.test': [portainer] });
  await watch.look();
  await watch.look();
  assert.deepEqual(asked, ['a.test']);
  assert.deepEqual([...watch.products], [['a.test', 'Portainer']]);
  clock.advance(againAfterMs);
  await watch.look();
  routes[0] = routeAt('a.test', { service: 'http://localhost:81' });
  await watch.look();
  assert.equal(asked.length, 3);
});

test('what is not for everybody, is off, is down, or is any name of a kind is not asked', async () => {
  const policies: AccessPolicy[] = [
    'private',
    'public-on-purpose',
    ['group:family'],
    [{ allow: 'anyone', paths: '/share' }],
    [{ deny: 'ip:192.0.2.1' }, 'anyone'],
    { rules: ['signed-in'], preset: 'jellyfin' } as AccessPolicy,
  ];
  const { asked, watch } = watchOf([
    ...policies.map((access, i) => routeAt(`p${i}.test`, { access })),
    routeAt('off.test', { isEnabled: false }),
    routeAt('down.test', { status: 'down' }),
    routeAt('*.test'),
    routeAt('open.test', { access: ['anyone'] }),
  ]);
  await watch.look();
  assert.deepEqual(asked, ['open.test']);
});

test('many routes are asked a few at a time', async () => {
  const routes = Array.from({ length: 25 }, (_, i) => routeAt(`r${i}.test`));
  const { asked, watch } = watchOf(routes);
  for (const expected of [maxPerLook, 2 * maxPerLook, 25, 25]) {
    await watch.look();
    assert.equal(asked.length, expected);
  }
  assert.equal(new Set(asked).size, 25);
});

test('a service that is away for a moment is still what it was, and is asked again sooner', async () => {
  const { clock, asked, watch, answers } = watchOf([routeAt('a.test')], { 'a.test': [portainer] });
  await watch.look();
  answers['a.test'] = [away];
  clock.advance(againAfterMs);
  await watch.look();
  assert.equal(watch.products.get('a.test'), 'Portainer');
  answers['a.test'] = [blog];
  clock.advance(retryAfterMs);
  await watch.look();
  assert.equal(asked.length, 3);
  assert.equal(watch.products.size, 0);
});

test('a route that goes, or gets a policy, is forgotten', async () => {
  const { watch, routes } = watchOf([routeAt('a.test'), routeAt('b.test')], {
    'a.test': [portainer],
    'b.test': [portainer],
  });
  await watch.look();
  assert.equal(watch.products.size, 2);
  routes[0] = routeAt('a.test', { access: 'private' });
  routes.pop();
  await watch.look();
  assert.equal(watch.products.size, 0);
});

test('whoever cannot be asked stops nothing', async () => {
  const clock = new FakeClock();
  const probe = (): Promise<ProbeAnswer[]> => Promise.reject(new Error('away'));
  const watch = new ExposureWatch({
    ...{ clock, log: silentLog, probe },
    routes: () => Promise.resolve([routeAt('a.test')]),
  });
  await watch.look();
  assert.equal(watch.products.size, 0);
  const broken = new ExposureWatch({
    ...{ clock, log: silentLog, probe },
    routes: () => Promise.reject(new Error('the store is away')),
  });
  await broken.look();
});

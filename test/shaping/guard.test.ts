// The guard of a route against scanners and bots, through a real edge and connector.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { guardSchema } from '#model/shaping/guard.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';

let origin: RecordingOrigin;
let world: EdgeWorld;
before(async () => {
  origin = await RecordingOrigin.start();
  const ingress = `  - hostname: a.test\n    service: ${origin.url}`;
  world = await startEdgeWorld({
    ingress,
    hosts: ['a.test'],
    snapshot: { trustedProxies: ['127.0.0.1/32'] },
  });
  const guard = guardSchema.parse({
    agents: ['*badbot*'],
    allow: ['198.51.100.0/24'],
    ban: { after: 2, within: '1h', for: '1h' },
  });
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), shaping: { guard } }] });
});
after(async () => {
  await world?.close();
  await origin?.close();
});

async function ask(path: string, from: string, more = ''): Promise<string> {
  const lines = `Host: a.test\r\nX-Forwarded-For: ${from}\r\n${more}`;
  const [answer] = await world.ask(`GET ${path} HTTP/1.1\r\n${lines}\r\n`);
  const { status, fields } = answer!;
  return `${status} ${fields['x-sallyport-error'] ?? 'ok'}${fields['retry-after'] === undefined ? '' : ' later'}`;
}

test('what only scanners ask for is refused, and who goes on is banned with his /64, while others are served', async () => {
  const before = origin.requests.length;
  assert.equal(await ask('/%2eenv', '2001:db8::1'), '403 banned');
  assert.equal(await ask('/', '2001:db8::1'), '200 ok');
  assert.equal(await ask('/wp-login.php', '2001:db8::2'), '403 banned later');
  assert.equal(await ask('/', '2001:db8::3'), '403 banned later');
  assert.equal(await ask('/', '2001:db8:0:1::1'), '200 ok');
  assert.equal(origin.requests.length, before + 2, 'the origin saw the honest requests only');
});

test('agents are refused by name, and listed addresses never', async () => {
  assert.equal(await ask('/', '192.0.2.1', 'User-Agent: A BadBot/1.0\r\n'), '403 banned');
  for (let i = 0; i < 3; i++) assert.equal(await ask('/.git/config', '198.51.100.7'), '200 ok');
  assert.equal(await ask('/.well-known/security.txt', '192.0.2.2'), '200 ok');
});

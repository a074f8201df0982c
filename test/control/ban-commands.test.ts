// Bans of the guard from the shell: who is out, why and until when, and letting him in again; and what is exposed, ports as well.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

let origin: RecordingOrigin;
let edge: OwnEdge;
before(async () => {
  origin = await RecordingOrigin.start();
  edge = await OwnEdge.start();
  await edge.serve('home', ['blog.localhost'], origin.url);
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

test('a banned client is listed with why and until when, and comes in again once the ban is lifted', async () => {
  const set = await edge.command(
    'route',
    'update',
    'blog.localhost',
    '--guard',
    '{ban: {after: 2, for: 1h}}',
  );
  assert.equal(set.code, 0, set.err);
  await eventually(
    'the guard is in force',
    async () => (await edge.get('blog.localhost', '/.env')).status === 403,
  );
  await edge.get('blog.localhost', '/wp-login.php');
  assert.equal(await edge.statusOf('blog.localhost'), 403);
  const explained = await edge.command('explain', 'https://blog.localhost/wp-login.php');
  assert.match(explained.out, /guard +The guard refuses \/wp-login\.php/);
  const listed = await edge.command('ban', 'list');
  assert.match(listed.out, /^127\.0\.0\.1 +asked for \/(wp-login\.php|\.env), at blog\.localhost/m);
  const lifted = await edge.command('ban', 'lift', '127.0.0.1');
  assert.match(lifted.out, /127\.0\.0\.1 may come in again/);
  assert.equal(await edge.statusOf('blog.localhost'), 200);
  assert.match((await edge.command('ban', 'list')).out, /Nobody is banned/);
  assert.match((await edge.command('ban', 'lift', '127.0.0.1')).out, /None of them is banned/);
});

test('what is exposed has the open ports as well, and warns of those that are for insiders', async () => {
  const port = await freePort();
  const made = await edge.command(
    ...['port', 'add', `tcp:${port}`, '--tunnel', 'home', '--service', 'tcp://127.0.0.1:5432'],
  );
  assert.equal(made.code, 0, made.err);
  const { out } = await eventually('the port is exposed', async () => {
    const found = await edge.command('exposed');
    return found.out.includes(`tcp:${port}`) && found;
  });
  assert.match(out, new RegExp(`tcp:${port} +public +home`));
  assert.match(out, new RegExp(`tcp:${port}: Port 5432 is usually for insiders`));
});

test('a tunnel that gets another name keeps its place in balanced routes', async () => {
  const set = await edge.command(
    'route',
    'update',
    'blog.localhost',
    '--balance',
    '{members: [{tunnel: home}]}',
  );
  assert.equal(set.code, 0, set.err);
  await edge.api.updateTunnel({ params: { tunnel: 'home' }, body: { name: 'house' } });
  const route = await edge.api.getRoute({ params: { route: 'blog.localhost' } });
  assert.equal(route.balance?.members[0]?.tunnel, 'house');
  assert.equal(await edge.statusOf('blog.localhost'), 200);
});

// The fourteen deviations of the public edge cluster's story, by number: for each, what the routes that its Caddyfile becomes do
// about it, or why it can no more happen with them. Where another test shows the whole of it, that is named.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { importFile } from '#config/import/import-file.ts';
import { labSchema } from '#model/lab.ts';
import { responsesOf } from '../edge/world.ts';
import { imported, meshAddress, publicAddress, type SeedWorld, startSeedWorld } from './seed-world.ts';

let world: SeedWorld;
before(async () => void (world = await startSeedWorld()));
after(() => world?.close());

const { lab } = imported;
const routesText = JSON.stringify(lab.routes);
const mesh = '100.64.0.0/10';
const guarded = ['headplane.hop.derio.net', 'entry.hop.derio.net'];

test('1: no machine in public needs a name of home: services stand in the rules of the tunnel, whose connector dials out', () => {
  assert.doesNotMatch(routesText, /\.svc/);
  const services = lab.tunnels.flatMap(({ ingress = [] }) => ingress.map(({ service }) => service));
  assert.equal(
    services.filter((service) => /\.svc:\d+$/.test(JSON.stringify(service).slice(1, -1))).length,
    4,
  );
  assert.ok(world.edge.credentials.edgeAddress.endsWith(`:${world.edge.port}`));
});

test('2: nothing in the file names a machine, its kind or its address, so that another one is no change', () => {
  assert.doesNotMatch(imported.text, /cx2\d|\b(?!100\.64\.)(\d{1,3}\.){3}\d{1,3}\b/i);
});

test('3: who comes by an address that a relay made up is refused, not taken for one of the mesh; nor is a forged header', async () => {
  for (const host of guarded) {
    assert.equal(await world.ask(`${host}/`, '10.244.0.7'), '403 access-denied', 'an address of the cluster');
    assert.equal(await world.ask(`${host}/`, '100.128.0.1'), '403 access-denied', 'one past the mesh');
  }
  world.edge.apply({ trustedProxies: [] });
  for (const host of guarded)
    assert.equal(await world.ask(`${host}/`, meshAddress), '403 access-denied', 'a header of the visitor');
  world.edge.apply({ trustedProxies: ['127.0.0.1/32'] });
});

test('4: one name serves both: whichever address it resolved to, the mesh gets the page and the public 403', async () => {
  assert.equal(await world.ask('entry.hop.derio.net/', meshAddress), '200 saw /');
  assert.equal(await world.ask('entry.hop.derio.net/', publicAddress), '403 access-denied');
  for (const host of guarded)
    assert.deepEqual(lab.routes.find(({ hostname }) => hostname === host)?.access, [`ip:${mesh}`]);
});

test('5: routes hold no port of the host; one listener that the edge was given serves them all', () => {
  assert.deepEqual(lab.ports, []);
  assert.equal(world.edge.edge.httpsPorts.length, 1);
});

test('6: the console below its base is reached, no page outside of it is blank, and a service on IPv4 alone is found by localhost', async () => {
  assert.equal(
    await world.ask('headplane.hop.derio.net/admin/machines', meshAddress),
    '200 saw /admin/machines',
  );
  assert.equal(await world.ask('headplane.hop.derio.net/', meshAddress), '301 /admin/');
  // The origin of this world is named localhost in the rules, and listens on 127.0.0.1 only.
  assert.equal(await world.ask('headscale.hop.derio.net/key', publicAddress), '200 saw /key');
});

test('7: one machine is enough: a single edge with a single connector answers for every route', async () => {
  assert.equal(world.edge.connectors.length, 1);
  for (const { hostname, path } of lab.routes)
    assert.match(await world.ask(`${hostname}${path}/`.replace('//', '/'), meshAddress), /^(200 saw|301 \/)/);
});

test('8: visitors and connectors share the one https port, so that no other has to be opened', () => {
  const { edge, port, credentials } = world.edge;
  assert.deepEqual(edge.httpsPorts, [port]);
  assert.equal(credentials.edgeAddress, `127.0.0.1:${port}`);
  assert.equal(edge.tunnelConnections().length, 1);
});

test('9: the blog below /frank is asked for below /, its own links are found, and a page built for another base is told', async () => {
  assert.equal(await world.ask('blog.derio.net/frank/posts/a.html', publicAddress), '200 saw /posts/a.html');
  const { answer } = world.origin;
  const page = '<link rel=stylesheet href="/css/main.css"><link rel=stylesheet href="css/own.css">';
  world.origin.answer = () =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`;
  const url = `https://blog.derio.net:${world.edge.port}/frank/`;
  const steps = await world.edge.edge.explain({ url, method: 'GET' }, AbortSignal.timeout(20_000));
  world.origin.answer = answer;
  const told = steps.find(({ step }) => step === 'page');
  assert.match(told?.detail ?? '', /^\/css\/main\.css \(404, outside \/frank\)\.$/);
  assert.match(told?.cure ?? '', /base URL/);
});

test('10: the file holds no address of an edge: which one a command changes is its context, and is said (S4-50: test/control)', () => {
  assert.doesNotMatch(imported.text, /edge:|server:|kubeconfig/i);
});

test('11: routes change while the ports stay open: a connection goes on over the change (an upgrade: test/edge/upgrade.test.ts)', async () => {
  const host = 'headscale.hop.derio.net';
  const client = await world.edge.client(host);
  const question = `GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  client.send(question);
  await responsesOf(client, 1);
  const { httpsPorts } = world.edge.edge;
  world.edge.apply({ routes: [...world.routes] });
  client.send(question);
  assert.deepEqual(
    (await responsesOf(client, 2)).map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(world.edge.edge.httpsPorts, httpsPorts);
  client.close();
});

test('12: a token in the file is not carried over but reported (an empty one stops a start and no running edge: test/dns/edge.test.ts)', () => {
  const text = 'blog.derio.net {\n  tls {\n    dns cloudflare s3cret\n  }\n  reverse_proxy blog:80\n}\n';
  const found = importFile(text, 'Caddyfile', { form: undefined, tunnel: 'home', domain: '' });
  assert.doesNotMatch(found.text, /s3cret|cloudflare/);
  const told = found.unmapped.find(({ line }) => line === 2 || line === 3);
  assert.match(told?.why ?? '', /acme|dns|certificates/);
});

test('13: what a file says is meant: a setting that nobody knows is refused and named, strict is the only way', () => {
  const [headscale] = lab.routes;
  const result = labSchema.safeParse({ ...lab, routes: [{ ...headscale, configStrict: false }] });
  assert.match(result.error?.issues.map(({ message }) => message).join() ?? '', /configStrict/);
});

test('14: every path outside the base leads below it, misspelt ones and stale bookmarks too, and nothing in a circle', async () => {
  const host = 'headplane.hop.derio.net';
  for (const path of ['/', '/machines', '/admin2', '/Admin/', '/favicon.ico', '/a/b/c?d=e'])
    assert.match(await world.ask(`${host}${path}`, meshAddress), /^301 \/admin\//, path);
  for (const path of ['/admin', '/admin/', '/admin/x'])
    assert.equal(await world.ask(`${host}${path}`, meshAddress), `200 saw ${path}`);
});

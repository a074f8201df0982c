// Ports as an owner makes them: `sallyport port` against a running edge, a connector that takes its rules from there, and at
// home a line-speaking TCP service and a name server, asked through the edge by dig. Every part is a process.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PortView } from '#api/ports.ts';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { zoneFrom } from '#testkit/dns-zones.ts';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';
import { freePort, isInstalled, run, type RunningProcess, startProcess } from '../support/process.ts';

let demo: Demo;
let folder: string;
let names: DnsServer;
let connector: RunningProcess;
const service = createServer((socket) =>
  socket.on('data', (chunk) => socket.write(`home heard ${chunk.toString()}`)),
);

before(async () => {
  assert.ok(await isInstalled('dig'), 'dig is missing; install it with: apt-get install bind9-dnsutils');
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ports-'));
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  names = await startOwnDnsServer({
    zones: [
      zoneFrom('home.test', [
        ['', 'A', '192.0.2.80'],
        ['long', 'TXT', 'x'.repeat(200)],
      ]),
    ],
  });
  demo = await startDemo();
  const made = JSON.parse(await sallyport('tunnel', 'create', 'home', '--remote', '--output', 'json')) as {
    token: string;
  };
  connector = startProcess(sallyportCommand, ['tunnel', 'run', '--metrics', '127.0.0.1:0'], {
    env: { TUNNEL_TOKEN: made.token, HOME: folder },
  });
  await eventually(
    'the connector is up',
    () => /Registered tunnel connection/.test(connector.stderr()),
    60_000,
  );
});
after(async () => {
  await connector?.stop();
  await demo?.close();
  await names?.close();
  service.close();
  rmSync(folder, { recursive: true, force: true });
});

function sallyport(...args: string[]): Promise<string> {
  return run(sallyportCommand, [...args, '--socket', demo.adminSocket], {
    env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config') },
  });
}

async function portOf(name: string): Promise<PortView> {
  return JSON.parse(await sallyport('port', 'show', name, '--output', 'json')) as PortView;
}

/** What the service answers through the port; '' when nobody listens there. */
function ask(port: number, words: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(words));
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.on('close', () => resolve('')).on('error', () => {});
  });
}

test('a TCP port: one command, and the service answers; shown, changed, and closed again', async () => {
  const port = await freePort();
  const to = `tcp://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const said = await sallyport(
    'port',
    'add',
    `tcp:${port}`,
    '--tunnel',
    'home',
    '--service',
    to,
    '--address',
    '127.0.0.1',
  );
  assert.match(said, new RegExp(`^Opened tcp:${port} to tunnel home`));
  await eventually('it is up', async () => (await portOf(`tcp:${port}`)).status === 'up');
  assert.equal(await ask(port, 'hello'), 'home heard hello');
  assert.match(await sallyport('port', 'list'), new RegExp(`tcp:${port} +home +${to} +everybody +.*up`));
  assert.match(await sallyport('logs', '--method', 'TCP', '--path', `tcp:${port}`), /TCP/);
  await sallyport('port', 'update', `tcp:${port}`, '--from', '192.0.2.0/24');
  await eventually('strangers are turned away', async () => (await ask(port, 'hello')) === '');
  await sallyport('port', 'update', `tcp:${port}`, '--from', 'all');
  await eventually('and let in again', async () => (await ask(port, 'again')) === 'home heard again');
  const lab = await sallyport('export');
  assert.match(lab, new RegExp(`ports:\\n  - protocol: tcp\\n    port: ${port}\\n    address: 127.0.0.1`));
  assert.equal(
    await sallyport('port', 'remove', `tcp:${port}`).then((text) => text.startsWith(`Closed tcp:${port}`)),
    true,
  );
  await eventually('it is closed', async () => (await ask(port, 'hello')) === '');
});

test('a UDP port: dig reads the zone at home through the edge', async () => {
  const port = await freePort();
  const [home] = names.ports;
  await sallyport(
    'port',
    'add',
    `udp:${port}`,
    '--tunnel',
    'home',
    '--service',
    `udp://127.0.0.1:${home}`,
    '--address',
    '127.0.0.1',
  );
  await eventually('it is up', async () => (await portOf(`udp:${port}`)).status === 'up');
  const dig = (name: string, type: string): Promise<string> =>
    run('dig', ['@127.0.0.1', '-p', String(port), '+short', '+tries=5', '+time=3', '+notcp', name, type]);
  assert.equal((await dig('home.test', 'A')).trim(), '192.0.2.80');
  assert.match(await dig('long.home.test', 'TXT'), /x{200}/);
  const shown = await portOf(`udp:${port}`);
  assert.ok(shown.connections >= 2, JSON.stringify(shown));
});

test('a port that somebody has is kept, and not called open', async () => {
  const { port } = service.address() as AddressInfo;
  const place = ['--tunnel', 'home', '--service', 'tcp://127.0.0.1:1', '--address', '127.0.0.1'];
  const said = await sallyport('port', 'add', `tcp:${port}`, ...place);
  assert.match(said, new RegExp(`^Kept tcp:${port} to tunnel home, .*; it is not open yet\\.\n`));
  assert.match(said, new RegExp(`Port ${port} is taken`));
  await sallyport('port', 'remove', `tcp:${port}`);
});

test('what cannot be opened is said in one sentence', async () => {
  const failing = (...args: string[]): Promise<string> =>
    sallyport(...args).then(
      () => 'it went well',
      (error: unknown) => String(error),
    );
  assert.match(await failing('port', 'add', '5432', '--tunnel', 'home'), /"5432" is no port\./);
  assert.match(
    await failing('port', 'add', 'udp:53', '--tunnel', 'nowhere'),
    /There is no tunnel "nowhere"\./,
  );
  assert.match(
    await failing('port', 'add', 'tls:blog.localhost', '--tunnel', 'home'),
    /has a route, whose TLS ends at the edge/,
  );
});

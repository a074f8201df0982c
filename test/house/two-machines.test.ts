// Edge and connector as the README has them on two machines: what `tunnel create` prints goes into edge.yml, and the
// connector is started in each of the ways there are to give it its credentials.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { eventually } from '../support/eventually.ts';
import { freePort, type RunningProcess, run, startProcess } from '../support/process.ts';
import { sallyportCommand } from '../support/demo.ts';

interface Created {
  readonly id: string;
  readonly publicKey: string;
  readonly token: string;
  readonly credentialsFile: string;
}

let folder: string;
let port: number;
let edge: RunningProcess;
let created: Created;
const path = (name: string): string => join(folder, name);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-two-'));
  port = await freePort();
  // The CA comes with the edge's first start, and its pin goes into the token.
  writeFileSync(path('edge.yml'), edgeConfig([]));
  edge = startProcess(sallyportCommand, ['edge', 'run', '--config', path('edge.yml')]);
  await saidBy(edge, /The edge is ready/);
  const args = ['tunnel', 'create', 'home', '--edge', `localhost:${port}`, '--output', 'json'];
  const text = await run(sallyportCommand, [
    ...args,
    ...['--cacert', path('data/ca.pem'), '--credentials-file', path('home.json')],
  ]);
  created = JSON.parse(text) as Created;
  writeFileSync(path('edge.yml'), edgeConfig(['blog.example.com']));
  await saidBy(edge, /configuration was applied tunnels=1 routes=1/);
  writeFileSync(path('token'), created.token);
  const rules = 'ingress:\n  - hostname: blog.example.com\n    service: http_status:204\n';
  writeFileSync(path('rules.yml'), `${rules}  - service: http_status:404\n`);
  writeFileSync(
    path('config.yml'),
    `tunnel: ${created.id}\ncredentials-file: ${path('home.json')}\n${readFileSync(path('rules.yml'), 'utf8')}`,
  );
});
after(async () => {
  await edge?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function edgeConfig(hostnames: readonly string[]): string {
  const { id, publicKey } = created ?? {};
  const tunnels = hostnames.length > 0 ? [{ name: 'home', id, publicKeys: [publicKey] }] : [];
  return JSON.stringify({
    listen: { https: `127.0.0.1:${port}`, http: [] },
    dataDir: path('data'),
    internalCa: true,
    accessLog: 'off',
    tunnels,
    routes: hostnames.map((hostname) => ({ hostname, tunnel: 'home' })),
  });
}

function saidBy(running: RunningProcess, pattern: RegExp): Promise<unknown> {
  return eventually(`a process says ${pattern}`, () => {
    if (running.exitCode() !== null) throw new Error(`it ended: ${running.stderr()}`);
    return pattern.test(running.stderr());
  });
}

/** The status line's number for a GET of `/` with the CA in ca.pem trusted. */
async function statusOf(host: string): Promise<number> {
  const ca = readFileSync(path('data/ca.pem'), 'utf8');
  const socket = connectTls({ port, host: '127.0.0.1', servername: host, ca });
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(chunk.toString('latin1').split(' ')[1]);
}

const ways: readonly [string, () => readonly string[], () => Record<string, string>][] = [
  ['--token', () => ['--config', path('rules.yml'), 'run', '--token', created.token], () => ({})],
  ['TUNNEL_TOKEN', () => ['--config', path('rules.yml'), 'run'], () => ({ TUNNEL_TOKEN: created.token })],
  [
    'TUNNEL_TOKEN_FILE',
    () => ['--config', path('rules.yml'), 'run'],
    () => ({ TUNNEL_TOKEN_FILE: path('token') }),
  ],
  ['a config.yml with a credentials file', () => ['--config', path('config.yml'), 'run'], () => ({})],
];
for (const [way, args, env] of ways) {
  test(`a connector started with ${way} serves its hostname and stops cleanly`, async () => {
    const connector = startProcess(sallyportCommand, ['tunnel', '--metrics', '127.0.0.1:0', ...args()], {
      env: env(),
    });
    await saidBy(connector, /Registered tunnel connection/);
    await eventually('the hostname is served', async () => (await statusOf('blog.example.com')) === 204);
    await connector.stop();
    assert.equal(connector.exitCode(), 0, connector.stderr());
  });
}

test('a connector that starts before its edge connects when the edge is there', async () => {
  await edge.stop();
  const connector = startProcess(sallyportCommand, [
    'tunnel',
    '--metrics',
    '127.0.0.1:0',
    '--config',
    path('rules.yml'),
    'run',
    '--token',
    created.token,
  ]);
  await saidBy(connector, /Retrying connection/);
  edge = startProcess(sallyportCommand, ['edge', 'run', '--config', path('edge.yml')]);
  await saidBy(connector, /Registered tunnel connection/);
  await connector.stop();
});

test('edge.yml is edited twice at once and broken between: the last edit wins, a new hostname has a certificate', async () => {
  writeFileSync(path('edge.yml'), edgeConfig(['blog.example.com', 'one.example.net']));
  writeFileSync(path('edge.yml'), '{ "listen": ');
  await saidBy(edge, /The last good configuration stays in force/);
  writeFileSync(path('edge.yml'), edgeConfig(['blog.example.com', 'two.example.net']));
  await saidBy(edge, /a further root.*two\.example\.net/);
  await eventually('the route is there', async () => (await statusOf('two.example.net')) === 530);
});

for (const [what, token, sentence] of [
  ['an empty secret', '', /it is empty/],
  ['a token that is none', 'abc', /Provided Tunnel token is not valid/],
] as const) {
  test(`${what} is one sentence and exit code 1`, async () => {
    const connector = startProcess(sallyportCommand, ['tunnel', 'run'], { env: { TUNNEL_TOKEN: token } });
    assert.equal(await connector.ended, 1);
    assert.match(connector.stderr(), sentence);
    assert.equal(connector.stderr().trimEnd().split('\n').length, 1);
  });
}

// `explain --output json` for one way of each kind, compared with the files of explained/: routes with every step, redirects, a
// tunnel that is away, and ports. A new case is a new row; run with UPDATE_GOLDEN=1 to write what it gives, and read it before
// you keep it. What differs from run to run (ids, ports, times) is replaced by its name.
import assert from 'node:assert/strict';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { explanationOf } from '#control/handlers/routes.ts';
import { systemClock } from '#base/clock.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';
import { explanationSchema } from '#model/live/explain.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

const folder = new URL('explained/', import.meta.url);
const awayTunnelId = '11111111-1111-4111-8111-111111111111';

let world: EdgeWorld;
let origin: RecordingOrigin;
let database: Server;
let names: DatagramSocket;
/** Numbers of this run, and what they are called in the files. */
const called = new Map<string, string>();

const page = '<link rel=stylesheet href="style.css"><img src="/logo.png"><script src="app.js"></script>';

/** A route as edge.yml has it, on the way to the first tunnel unless it says otherwise. */
const routes: readonly object[] = [
  {
    hostname: 'blog.test',
    path: '/blog',
    cache: { rules: [{ when: { path: ['/blog/*'] }, ttl: '10m' }] },
    compression: { codings: ['br'] },
    redirects: [{ path: '/blog/old', to: '/blog/new', status: 301 }],
    balance: {
      members: [{ tunnel: 'home' }, { tunnel: 'away', isBackup: true }],
      statusPath: '/blog/-/status',
    },
    canonicalHost: 'apex',
    prefix: { strip: '/blog' },
    headers: { request: { set: { 'X-Client': '{client_ip}' } }, security: 'basic' },
    cors: { origins: ['https://app.test'] },
    errorPages: { pages: { '404': 'nothing' } },
    limits: { body: '10MiB' },
    rateLimits: [{ name: 'all', requests: 1000, window: '1m' }],
    bandwidth: { down: '100MiB' },
    guard: { ban: { after: 5, within: '10m', for: '1h' } },
    trace: { ratio: 0.5 },
    hsts: { maxAge: '24h' },
  },
  // The other name of the first, as the composition of a configuration adds it.
  { hostname: 'www.blog.test', canonicalHost: 'apex' },
  { hostname: 'shut.test', maintenance: { message: 'Back at noon.' }, headers: { security: 'basic' } },
  { hostname: 'away.test', tunnel: 'away', limits: { body: '1MiB' }, headers: { security: 'strict' } },
];

before(async () => {
  origin = await RecordingOrigin.start(({ requestLine }) => {
    const path = requestLine.split(' ')[1]!;
    if (path.endsWith('.js')) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    return `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`;
  });
  database = createServer((socket) => void socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
  await once(database, 'listening');
  names = createSocket('udp4').bind(0, '127.0.0.1');
  await once(names, 'listening');
  const databasePort = (database.address() as AddressInfo).port;
  const [dead, tcp, udp, second, taken] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    databasePort,
  ];
  const rule = (hostname: string, service: string): string =>
    `  - hostname: ${hostname}\n    service: ${service}\n`;
  world = await startEdgeWorld({
    ingress: [
      rule('blog.test', origin.url),
      rule('shut.test', origin.url),
      rule('db.test', `tcp://127.0.0.1:${databasePort}`),
      rule('nas.test', `tcp://127.0.0.1:${databasePort}`),
      rule('dead.test', `tcp://127.0.0.1:${dead}`),
      rule('names.test', `udp://127.0.0.1:${names.address().port}`),
    ]
      .join('')
      .trimEnd(),
    hosts: ['blog.test', 'www.blog.test'],
    cache: new EdgeCache({ clock: systemClock, memoryBytes: 8 << 20, maxObjectBytes: 1 << 20 }),
  });
  const { tunnelId } = world.credentials;
  // The id first: its digits could hold a port's.
  const entries: readonly (readonly [number | string, string])[] = [
    [tunnelId, 'HOME'],
    [origin.port, 'WEB'],
    [databasePort, 'DB'],
    [names.address().port, 'NAMES'],
    [dead, 'DEAD'],
    [tcp, 'TCP'],
    [udp, 'UDP'],
    [second, 'SECOND'],
  ];
  for (const [number, name] of entries) called.set(String(number), name);
  const key = `${'A'.repeat(43)}=`;
  const port = { address: '127.0.0.1', tunnel: 'home' };
  const config = parseEdgeConfig(
    stringify({
      internalCa: true,
      tunnels: [
        { name: 'home', id: tunnelId, publicKeys: [key] },
        { name: 'away', id: awayTunnelId, publicKeys: [key] },
      ],
      routes: routes.map((route) => ({ tunnel: 'home', ...route })),
      ports: [
        { ...port, protocol: 'tcp', port: tcp, hostname: 'db.test', from: ['127.0.0.0/8'] },
        { ...port, protocol: 'tcp', port: second, hostname: 'dead.test' },
        { ...port, protocol: 'tcp', port: taken, hostname: 'db.test' },
        { ...port, protocol: 'udp', port: udp, hostname: 'names.test', maxConnections: 10 },
        { protocol: 'tls', hostname: 'nas.test', tunnel: 'home' },
        { protocol: 'tls', hostname: 'web.test', tunnel: 'home' },
        { protocol: 'tls', hostname: 'far.test', tunnel: 'away' },
      ],
    }),
    'edge.yml',
  );
  const snapshot = snapshotOf(config, 1);
  world.apply({
    routes: snapshot.routes,
    ports: snapshot.ports ?? [],
    tunnels: snapshot.tunnels.map((each) =>
      each.id === tunnelId ? { ...each, publicKeys: world.snapshot.tunnels[0]!.publicKeys } : each,
    ),
  });
  await eventually(
    `the ports have been tried: ${JSON.stringify(world.edge.ports())}`,
    () => !world.edge.ports().some(({ trouble }) => trouble === 'it is being opened'),
  );
});
after(async () => {
  world?.apply({ ports: [] });
  await world?.close();
  await origin?.close();
  database?.close();
  names?.close();
});

/** By the name of the file. A number in the address is written as it is called. */
const cases: Readonly<Record<string, string>> = {
  'every-step': 'https://blog.test/blog/post',
  'every-step-again': 'https://blog.test/blog/post',
  'page-that-misses-its-prefix': 'https://blog.test/blog/',
  'other-name': 'https://www.blog.test/blog/post',
  redirect: 'https://blog.test/blog/old?x=1',
  'bare-prefix': 'https://blog.test/blog',
  'status-page': 'https://blog.test/blog/-/status',
  'scanners-path': 'https://blog.test/blog/.env',
  maintenance: 'https://shut.test/',
  'nobody-home': 'https://away.test/',
  'no-route': 'https://blok.test/',
  'tcp-port': 'tcp:TCP',
  'tcp-port-to-nothing': 'tcp:SECOND',
  'tcp-port-that-is-taken': 'tcp:DB',
  'udp-port': 'udp:UDP',
  'tls-port': 'tls:nas.test',
  'url-that-is-passed-on': 'https://nas.test/photos',
  'tls-port-without-rule': 'tls:web.test',
  'tls-port-nobody-home': 'tls:far.test',
  'no-port': 'tls:nass.test',
};

/** Compares what is said of an address with the file. */
async function judge(name: string, address: string): Promise<void> {
  const url = address.replace(/[A-Z]+$/, (word) => [...called].find(([, each]) => each === word)![0]);
  const steps = await world.edge.explain({ url, method: 'GET' }, AbortSignal.timeout(20_000));
  const explanation = explanationSchema.strict().parse(explanationOf(url, steps));
  assert.equal(new Set(steps.map(({ step }) => step)).size, steps.length, 'each step is told once');
  const text = `${JSON.stringify(explanation, null, 2)}\n`;
  compare(`${name}.json`, steady(text));
}

for (const [name, address] of Object.entries(cases))
  test(`explain ${address} says what ${name}.json says`, () => judge(name, address));

const awayName = 'nobody-home-and-the-cache-answers';

test(`when the last connector has left, the cache may still answer: ${awayName}.json`, async () => {
  await world.connectors[0]!.close();
  await eventually('it is gone', () => world.edge.tunnelConnections().length === 0);
  await judge(awayName, cases['every-step']!);
});

test('every file has its case', () => {
  assert.deepEqual(
    readdirSync(folder).toSorted(),
    [...Object.keys(cases), awayName].map((name) => `${name}.json`).toSorted(),
  );
});

/** Without what is another one in each run. */
function steady(text: string): string {
  let out = text
    .replace(/"ms": [\d.e-]+/g, '"ms": 0')
    .replace(/"(requestId|lastSeen)": "[^"]*"/g, '"$1": "..."')
    .replace(/"((?:opened|firstByte)AfterMs)": "[^"]*"/g, '"$1": "..."')
    .replace(/"addresses": "[^"]*"/g, '"addresses": "..."')
    .replace(/A round trip takes [\d.]+ ms\./g, 'A round trip takes ... ms.')
    .replace(/ttl=\d+/g, 'ttl=...')
    .replace(/"age": "\d+"/g, '"age": "..."')
    .replace(/ for \d+ (seconds|minutes)( more)?/g, ' for ...$2');
  for (const [number, name] of called) out = out.replaceAll(number, name);
  return out;
}

function compare(name: string, found: string): void {
  const file = new URL(name, folder);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, found);
  assert.equal(found, existsSync(file) ? readFileSync(file, 'utf8') : '');
}

// Names through the released program: an edge with a provider (Knot over RFC 2136) and its own name server, a connector
// that claims hostnames by one line in its rules, and the dns commands.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { recordSet } from '#model/dns/record-set.ts';
import { sallyportCommand } from '../support/demo.ts';
import { at, keyName, type NameServer, startNameServer } from '../support/dns-servers.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, run, type RunningProcess, startProcess } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 5).toString('base64');
const folder = mkdtempSync(join(tmpdir(), 'sallyport-names-'));
const path = (name: string): string => join(folder, name);
let knot: NameServer;
let edge: RunningProcess;
let connector: RunningProcess | undefined;
let httpsPort: number;
let dnsPort: number;
let metricsPort: number;
let created: { readonly id: string; readonly publicKey: string; readonly token: string };

/** edge.yml is YAML, and JSON is YAML. */
function configure(routes: readonly string[], more: object = {}, ports: readonly object[] = []): void {
  const config = {
    hostname: 'edge.example.test',
    listen: { https: `127.0.0.1:${httpsPort}`, http: [], metrics: `127.0.0.1:${metricsPort}` },
    ...{ dataDir: path('data'), internalCa: true, accessLog: 'off' },
    tunnels: created && [
      {
        name: 'home',
        id: created.id,
        publicKeys: [created.publicKey],
        hostnames: ['*.example.test', '*.lab.test'],
      },
    ],
    routes: routes.map((hostname) => ({ hostname, tunnel: 'home' })),
    ports,
    dns: {
      addresses: ['203.0.113.7'],
      providers: [
        {
          ...{ name: 'knot', type: 'rfc2136', server: `127.0.0.1:${knot.port}`, zones: ['example.test'] },
          ...{ keyName, keyFile: 'key' },
        },
      ],
      serve: {
        listen: `127.0.0.1:${dnsPort}`,
        zones: [
          { name: 'lab.test', records: [{ name: '@', type: 'MX', values: ['10 mail.example.test.'] }] },
        ],
      },
      ...more,
    },
  };
  writeFileSync(path('edge.yml'), JSON.stringify(config));
}

/** The connector's rules; each hostname is one line. */
function rules(...hostnames: readonly string[]): void {
  const lines = hostnames.map((hostname) => `  - { hostname: "${hostname}", service: http_status:204 }\n`);
  writeFileSync(path('rules.yml'), `ingress:\n${lines.join('')}  - service: http_status:404\n`);
}

const startEdge = async (): Promise<RunningProcess> => {
  const running = startProcess(sallyportCommand, ['edge', 'run', '--config', path('edge.yml')]);
  await eventually('the edge is ready', () => {
    if (running.exitCode() !== null) throw new Error(running.stderr());
    return /The edge is ready/.test(running.stderr());
  });
  return running;
};
const startConnector = (): RunningProcess =>
  startProcess(sallyportCommand, [
    'tunnel',
    '--metrics',
    '127.0.0.1:0',
    '--config',
    path('rules.yml'),
    'run',
    '--token',
    created.token,
  ]);

const answer = async (port: number, name: string, type = 'A'): Promise<string> =>
  (await run('dig', [...at(port), '+short', '+tries=1', '+time=2', name, type])).trim();
/** Exit code and output of a dns command. */
const dns = async (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
  const running = startProcess(sallyportCommand, ['dns', ...args, '--config', path('edge.yml')]);
  return { code: await running.ended, out: running.stdout(), err: running.stderr() };
};

before(async () => {
  knot = await startNameServer('knot', { keySecret });
  [httpsPort, dnsPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(path('key'), `${keySecret}\n`);
  configure([]);
  edge = await startEdge();
  const args = ['tunnel', 'create', 'home', '--edge', `localhost:${httpsPort}`, '--output', 'json'];
  const files = ['--cacert', path('data/ca.pem'), '--credentials-file', path('home.json')];
  created = JSON.parse(await run(sallyportCommand, [...args, ...files])) as typeof created;
  rules();
});
after(async () => {
  await connector?.stop();
  await edge?.stop();
  await knot?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('S0-27 S0-34: a route in edge.yml makes its record, and the edge its own', async () => {
  configure(['blog.example.test']);
  await eventually(
    'the record is there',
    async () => (await answer(knot.port, 'blog.example.test', 'CNAME')) === 'edge.example.test.',
  );
  assert.equal(await answer(knot.port, 'edge.example.test'), '203.0.113.7');
  assert.match(
    await answer(knot.port, '_sallyport.blog.example.test', 'TXT'),
    /sallyport\/edge=edge\.example\.test/,
  );
});

test('S0-34: a hostname in the connector’s rules, and nothing else, has records at the provider and in the zone of the edge’s own', async () => {
  connector = startConnector();
  rules('web.example.test', 'app.lab.test', '*.apps.lab.test');
  await eventually(
    'the provider has it',
    async () => (await answer(knot.port, 'web.example.test', 'CNAME')) === 'edge.example.test.',
  );
  await eventually(
    'the edge answers',
    async () => (await answer(dnsPort, 'app.lab.test')) === 'edge.example.test.',
  );
  assert.equal(await answer(dnsPort, 'x.apps.lab.test'), 'edge.example.test.');
  assert.equal(await answer(dnsPort, 'lab.test', 'MX'), '10 mail.example.test.');
  assert.equal(await answer(dnsPort, 'lab.test', 'NS'), 'edge.example.test.');
  assert.match(await run('dig', [...at(dnsPort), 'example.test', 'A']), /status: REFUSED/);
});

test('the listeners are ready, and the states are counted', async () => {
  const ready = (await (await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).json()) as {
    status: number;
    parts: { kind: string; name: string; state: string }[];
  };
  assert.equal(ready.status, 200);
  assert.deepEqual(
    ready.parts.filter(({ kind }) => kind === 'listener').map(({ name, state }) => [name, state]),
    ['https', 'dns-udp', 'dns-tcp'].map((name) => [name, 'ok']),
  );
  await eventually('all are good', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return /^sallyport_dns_names\{state="good"\} 5$/m.test(text);
  });
});

test('an edge that starts again keeps the names of a connector that is not back yet', async () => {
  await connector!.stop();
  await edge.stop();
  rules('web.example.test', 'app.lab.test');
  edge = await startEdge();
  assert.equal(await answer(dnsPort, 'app.lab.test'), 'edge.example.test.');
  connector = startConnector();
  // Heard of again, the one name that was dropped meanwhile goes, and the others never did.
  await eventually('it is gone', async () => (await answer(dnsPort, 'x.apps.lab.test')) === '', 60_000);
  assert.equal(await answer(dnsPort, 'app.lab.test'), 'edge.example.test.');
  assert.equal(await answer(knot.port, 'web.example.test', 'CNAME'), 'edge.example.test.');
});

test('a hostname whose TLS ends at home has its record as a route has, and loses it with its port; a TCP port names nothing', async () => {
  const ports = [
    { protocol: 'tls', hostname: 'nas.example.test', tunnel: 'home' },
    { protocol: 'tcp', port: await freePort(), hostname: 'db.example.test', tunnel: 'home' },
  ];
  configure(['blog.example.test'], {}, ports);
  await eventually(
    'the record is there',
    async () => (await answer(knot.port, 'nas.example.test', 'CNAME')) === 'edge.example.test.',
  );
  assert.equal(await answer(knot.port, 'db.example.test', 'CNAME'), '');
  const planned = await dns('plan');
  assert.match(planned.out, /^0 to change, \d+ as they should be/m, planned.err);
  configure(['blog.example.test']);
  await eventually('it is gone', async () => (await answer(knot.port, 'nas.example.test', 'CNAME')) === '');
  assert.equal(await answer(knot.port, '_sallyport.nas.example.test', 'TXT'), '');
});

test('S0-34: a line that is taken away leaves nothing behind', async () => {
  rules();
  await eventually(
    'the provider has forgotten',
    async () => (await answer(knot.port, 'web.example.test', 'CNAME')) === '',
  );
  await eventually('so has the edge', async () => (await answer(dnsPort, 'app.lab.test')) === '');
  assert.equal(await answer(knot.port, '_sallyport.web.example.test', 'TXT'), '');
  assert.match(await run('dig', [...at(dnsPort), 'app.lab.test', 'A']), /status: NXDOMAIN/);
});

test('S0-26: dns plan, apply and export from the command line, with their exit codes', async () => {
  await connector!.stop();
  await edge.stop();
  const clean = await dns('plan');
  assert.deepEqual([clean.code, clean.out], [0, '0 to change, 2 as they should be.\n'], clean.err);
  await knot.byHand('blog.example.test', 'CNAME', undefined);
  const drift = await dns('plan');
  assert.equal(drift.code, 3);
  assert.match(
    drift.out,
    /update \(drift\)\s+blog\.example\.test\s+example\.test\s+knot\s+Restore CNAME edge\.example\.test\./,
  );
  const asked = await dns('apply');
  assert.equal(asked.code, 3);
  assert.match(asked.err, /--yes/);
  const applied = await dns('apply', '--yes');
  assert.deepEqual([applied.code, applied.err], [0, '']);
  assert.match(applied.out, /^done {6}blog\.example\.test {2}Restore/);
  assert.equal(await answer(knot.port, 'blog.example.test', 'CNAME'), 'edge.example.test.');
  configure(['blog.example.test', 'taken.example.test']);
  await knot.byHand('taken.example.test', 'A', recordSet('taken.example.test', 'A', 60, ['198.51.100.1']));
  const conflict = await dns('plan');
  assert.equal(conflict.code, 4);
  assert.match(conflict.out, /conflict\s+taken\.example\.test\s+.*198\.51\.100\.1/);
  const json = JSON.parse((await dns('plan', '--output', 'json')).out) as { names: { state: string }[] };
  assert.deepEqual(
    json.names.map(({ state }) => state),
    ['good', 'good', 'conflict'],
  );
  const exported = await dns('export', 'example.test');
  assert.equal(exported.code, 0, exported.err);
  writeFileSync(path('export.zone'), exported.out);
  assert.match(await run('named-checkzone', ['-i', 'local', 'example.test', path('export.zone')]), /OK/);
  assert.match((await dns('export', 'elsewhere.test')).err, /there are: example\.test/);
});

test('secrets that are empty, a zone that is unknown, a field of another kind: one sentence, and no start', async () => {
  const start = async (): Promise<string> => {
    const running = startProcess(sallyportCommand, ['edge', 'run', '--config', path('edge.yml')]);
    assert.equal(await running.ended, 1);
    assert.doesNotMatch(running.stderr(), new RegExp(keySecret.slice(0, 12)));
    return running.stderr();
  };
  configure([]);
  writeFileSync(path('key'), '\n');
  assert.match(await start(), /^sallyport: .*\/key is empty; put in the secret, and nothing else\.\n$/);
  writeFileSync(path('key'), 'not base64 at all');
  assert.match(await start(), /holds more than one word/);
  writeFileSync(path('key'), keySecret);
  const cloudflare = { name: 'cf', type: 'cloudflare', keyName: 'x' };
  configure([], { providers: [cloudflare] });
  assert.match(
    await start(),
    /line 1: a provider of type cloudflare needs tokenFile.*keyName has no meaning/,
  );
  configure([], { providers: [{ ...cloudflare, keyName: undefined, tokenFile: 'nowhere' }] });
  assert.match(await start(), /The secret in .*\/nowhere could not be read/);
});

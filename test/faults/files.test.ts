// Files and ports on a bad day: configuration broken and mended under traffic, certificates missing, wrong or renewed,
// ports that are taken. A start that cannot work ends with one sentence and exit code 1; what runs goes on with the last
// good.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { eventually, within } from '../support/eventually.ts';
import { type EdgeProcess, ProcessWorld, said } from './processes.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';
import { appHost } from './world.ts';

const dayMs = 86_400_000;

let world: ProcessWorld;
let origin: WebOrigin;
before(async () => {
  world = await ProcessWorld.create();
  origin = await startWebOrigin();
  world.closeAtEnd(() => origin.close());
});
after(() => world.close());

/** A command that must not start: exit 1 and exactly one sentence that says why. */
async function refuses(args: readonly string[], sentence: RegExp): Promise<void> {
  const running = world.run(args);
  const code = await within(`${args.join(' ')} ends`, 60_000, running.ended);
  assert.equal(code, 1, running.stderr());
  const last = running.stderr().trimEnd().split('\n').at(-1)!;
  assert.match(last, /^sallyport: [A-Z]/);
  assert.doesNotMatch(running.stderr(), /^ +at /m, 'no stack trace');
  assert.match(last, sentence);
}

function runWithToken(): readonly string[] {
  return ['run', '--token-file', world.path('token')];
}

async function taken(): Promise<{ readonly port: number; close(): void }> {
  const server: Server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  world.closeAtEnd(async () => void server.close());
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
}

/** An edge.yml of its own for a start that must fail. */
function edgeFile(name: string, change: Readonly<Record<string, unknown>>): readonly string[] {
  const text = JSON.stringify(world.edgeConfig({ dataDir: world.path(`data-${name}`), ...change }));
  return ['edge', 'run', '--config', world.writeFile(`${name}.yml`, text)];
}

describe('files and ports', { concurrency: true }, () => {
  describe('S4-36 nothing starts half', { concurrency: false }, () => {
    test('ports that are taken', async () => {
      const { port } = await taken();
      const listen = { https: `127.0.0.1:0`, http: [] as string[] };
      const cure = new RegExp(`127\\.0\\.0\\.1:${port} .*(another program|in use|another)`);
      const config = world.writeFile('served.yml', `ingress:\n  - service: hello_world\n`);
      await Promise.all([
        refuses(edgeFile('https-taken', { listen: { ...listen, https: `127.0.0.1:${port}` } }), cure),
        refuses(edgeFile('http-taken', { listen: { ...listen, http: [`127.0.0.1:${port}`] } }), cure),
        refuses(edgeFile('metrics-taken', { listen: { ...listen, metrics: `127.0.0.1:${port}` } }), cure),
        refuses(['tunnel', '--metrics', `127.0.0.1:${port}`, '--config', config, ...runWithToken()], cure),
        refuses(
          ['demo', '--https-port', String(port), '--data', world.path('demo')],
          new RegExp(String(port)),
        ),
      ]);
    });

    test('a CA file without a certificate in it', async () => {
      const config = world.writeFile('ca-less.yml', 'ingress:\n  - service: http_status:404\n');
      const notes = world.writeFile('notes.pem', 'the CA is somewhere else\n');
      const start = ['tunnel', '--config', config, '--metrics', '127.0.0.1:0', ...runWithToken()];
      await refuses(
        [...start, '--cacert', notes],
        /notes\.pem does not begin with a certificate in PEM form/,
      );
    });

    test('certificates that are missing, expired, early, torn or of another key', async () => {
      const listen = { https: '127.0.0.1:0', http: [] };
      const start = (name: string, change: object = {}) =>
        edgeFile(name, {
          listen,
          certificates: [{ cert: `${name}.pem`, key: `${name}-key.pem` }],
          ...change,
        });
      const write = (name: string, change: Parameters<ProcessWorld['leaf']>[0] = {}): void => {
        const leaf = world.leaf(change);
        world.writeFile(`${name}.pem`, leaf.cert);
        world.writeFile(`${name}-key.pem`, leaf.key);
      };
      write('expired', {
        notBefore: new Date(Date.now() - 9 * dayMs),
        notAfter: new Date(Date.now() - dayMs),
      });
      write('early', { notBefore: new Date(Date.now() + dayMs) });
      write('other');
      world.writeFile('other-key.pem', world.leaf().key);
      write('torn');
      world.writeFile('torn.pem', '-----BEGIN CERTIFICATE-----\nMIIB');
      await Promise.all([
        refuses(start('missing'), /missing\.pem could not be read/),
        refuses(start('expired'), /expired\.pem expired at .*renew it/),
        refuses(start('early'), /early\.pem is not valid before .*clock/),
        refuses(start('other'), /other-key\.pem does not belong to the certificate/),
        refuses(start('torn'), /torn\.pem is not a PEM certificate/),
        refuses(edgeFile('none', { listen, certificates: [] }), /no certificate to show/),
      ]);
    });

    test('S4-34 configuration that is missing, broken, misspelt or without what it needs', async () => {
      const file = (name: string, text: string) => ['edge', 'run', '--config', world.writeFile(name, text)];
      await Promise.all([
        refuses(['edge', 'run', '--config', world.path('nowhere.yml')], /nowhere\.yml could not be read/),
        refuses(file('unclosed.yml', 'listen:\n  https: [1\n'), /line \d/),
        refuses(file('empty.yml', ''), /no certificate to show/),
        refuses(edgeFile('misspelt', { rutes: [] }), /unknown key rutes; did you mean "routes"/),
        refuses(
          [
            'tunnel',
            '--config',
            world.writeFile('rules.yml', 'ingress:\n  - hostname: a.example.com\n'),
            ...runWithToken(),
          ],
          /ingress|rule/,
        ),
      ]);
    });
  });

  test('S0-28 S0-32 configurations broken and mended under traffic: the last good one serves, no request is lost', async () => {
    world.writeEdgeConfig();
    const rules = (more: string): string => `ingress:\n${more}  - service: ${origin.url}\n`;
    const config = world.writeFile('config.yml', rules(''));
    const edge: EdgeProcess = await world.startEdge();
    const connector = await world.startConnector({ config });
    await world.connected(connector);
    const load = world.startLoad('/slow?ms=10', 6);
    await eventually('load runs', () => load.result().good > 50);

    world.writeFile('edge.yml', '{ "listen": ');
    world.writeFile('config.yml', 'ingress:\n  - hostname: [oh\n');
    await said(edge.running, /ERR .*edge\.yml.*line 1.*The last good configuration stays in force/);
    await said(
      connector.running,
      /ERR The changed configuration cannot be used; the last good one stays in force/,
    );
    await eventually(
      'the metric says so',
      async () => (await connector.metric('sallyport_connector_config_broken')) === 1,
    );
    const before = load.result().good;
    await eventually('load goes on', () => load.result().good > before + 50);

    world.writeEdgeConfig({
      routes: [appHost, 'localhost'].map((hostname) => ({ hostname, tunnel: 'home' })),
    });
    world.writeFile('config.yml', rules('  - hostname: localhost\n    service: http_status:418\n'));
    await eventually('the new rule serves', async () => {
      const answer = await world.ask('/', { host: 'localhost' });
      return answer.status === 418;
    });
    assert.equal(await connector.metric('sallyport_connector_config_broken'), 0);
    assert.deepEqual((await load.stop()).failures, {});

    // The same process goes on to the next test's certificates.
    await certificatesGoBadAndGood(edge);
  });
});

/** Later faults of certificate files: the one loaded before stays, and a good one is taken up without a restart. */
async function certificatesGoBadAndGood(edge: EdgeProcess): Promise<void> {
  const first = await serialShown();
  world.writeCertificate({
    notBefore: new Date(Date.now() - 9 * dayMs),
    notAfter: new Date(Date.now() - dayMs),
  });
  await said(edge.running, /WRN .*edge\.pem expired at .*The certificate loaded before stays in use/);
  assert.equal(await serialShown(), first);
  world.writeFile('edge-key.pem', world.leaf().key);
  await said(
    edge.running,
    /WRN .*edge-key\.pem does not belong .*The certificate loaded before stays in use/,
  );
  assert.equal(await serialShown(), first);
  unlinkSync(world.path('edge.pem'));
  await said(edge.running, /WRN .*edge\.pem could not be read .*The certificate loaded before stays in use/);
  assert.equal(await serialShown(), first);
  // What else the configuration says can be changed meanwhile.
  world.writeEdgeConfig();
  await eventually(
    'the route is gone',
    async () => (await world.ask('/', { host: 'localhost' })).status === 404,
  );
  assert.equal((await world.ask('/hello')).body, 'hello');
  world.writeCertificate();
  const second = await eventually('the renewed certificate is shown', async () => {
    const serial = await serialShown();
    return serial !== first && serial;
  });
  assert.notEqual(second, first);
  assert.equal((await world.ask('/hello')).body, 'hello');
}

/** The serial number of the certificate the edge shows now. */
async function serialShown(): Promise<string> {
  const socket = connectTls({
    port: world.port,
    host: '127.0.0.1',
    servername: appHost,
    ca: world.ca.cert,
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const serial = socket.getPeerX509Certificate()!.serialNumber;
  socket.destroy();
  return serial;
}

// In one line: a hostname in a connector's config, and nothing else, gives a working https URL; taken away it leaves nothing
// behind. Pebble is the authority and asks over DNS-01, once for a zone that is delegated to the edge and once for one at
// Knot. The seconds are printed, not judged.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';
import { at, keyName, type NameServer, startNameServer } from '../support/dns-servers.ts';
import { eventually } from '../support/eventually.ts';
import { pebbleIsMissing, startPebble } from '../support/pebble.ts';
import { freePort, run, type RunningProcess, startProcess } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 6).toString('base64');
let missing: string | undefined;
before(async () => {
  missing = await pebbleIsMissing();
});

interface Lab {
  /** What the hostname is under. */
  readonly zone: string;
  /** Where records are answered. */
  readonly dnsPort: number;
  readonly dns: object;
  readonly folder: string;
}

/** The status of `https://hostname/` at the edge, with the authority's root trusted; undefined while there is none. */
function statusOf(hostname: string, port: number, ca: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = get(
      { host: '127.0.0.1', port, servername: hostname, headers: { Host: hostname }, ca, agent: false },
      (answer) => resolve(answer.resume().statusCode),
    );
    asked.on('error', () => resolve(undefined));
  });
}

async function inOneLine(lab: Lab, note: (line: string) => void): Promise<void> {
  const { zone, dnsPort, folder } = lab;
  const path = (name: string): string => join(folder, name);
  const [httpsPort, httpPort] = [await freePort(), await freePort()];
  const pebble = await startPebble({
    httpPort,
    tlsPort: httpsPort,
    args: ['-dnsserver', `127.0.0.1:${dnsPort}`],
  });
  const processes: RunningProcess[] = [];
  const start = (...args: readonly string[]): RunningProcess => {
    const running = startProcess(sallyportCommand, args);
    processes.push(running);
    return running;
  };
  const rules = (...hostnames: readonly string[]): void => {
    const lines = hostnames.map((hostname) => `  - { hostname: "${hostname}", service: http_status:204 }\n`);
    writeFileSync(path('rules.yml'), `ingress:\n${lines.join('')}  - service: http_status:404\n`);
  };
  try {
    const created = JSON.parse(
      await run(sallyportCommand, [
        'tunnel',
        'create',
        'home',
        '--edge',
        `localhost:${httpsPort}`,
        '-o',
        'json',
        '--credentials-file',
        path('home.json'),
      ]),
    ) as { id: string; publicKey: string; token: string };
    const config = {
      hostname: `edge.${zone}`,
      listen: { https: `127.0.0.1:${httpsPort}`, http: `127.0.0.1:${httpPort}` },
      ...{ dataDir: path('data'), accessLog: 'off', internalCa: true },
      acme: { authorities: [{ directory: pebble.directory, caFile: pebble.caFile }], methods: ['dns-01'] },
      tunnels: [{ name: 'home', id: created.id, publicKeys: [created.publicKey], hostnames: [`*.${zone}`] }],
      dns: { addresses: ['127.0.0.1'], ...lab.dns },
    };
    writeFileSync(path('edge.yml'), JSON.stringify(config));
    const edge = start('edge', 'run', '--config', path('edge.yml'));
    const edgeSaid = (pattern: RegExp): Promise<unknown> =>
      eventually(`the edge says ${pattern}`, () => {
        if (edge.exitCode() !== null) throw new Error(edge.stderr());
        return pattern.test(edge.stderr());
      });
    await edgeSaid(/The edge is ready/);
    rules();
    // The edge's own CA vouches for its name towards connectors here; the authority's root is another each time.
    const connector = start(
      'tunnel',
      '--cacert',
      path('data/ca.pem'),
      '--metrics',
      '127.0.0.1:0',
      '--config',
      path('rules.yml'),
      'run',
      '--token',
      created.token,
    );
    await eventually('the connector is registered', () => {
      if (connector.exitCode() !== null) throw new Error(connector.stderr());
      return /Registered tunnel connection/.test(connector.stderr());
    });
    const ca = await pebble.root();
    const name = `blog.${zone}`;
    const startMs = performance.now();
    const seconds = (): string => ((performance.now() - startMs) / 1000).toFixed(1);
    rules(name);
    const answer = async (type: string, owner = name): Promise<string> =>
      (await run('dig', [...at(dnsPort), '+short', '+tries=1', '+time=2', owner, type])).trim();
    await eventually('the record is there', async () => (await answer('A')).endsWith('127.0.0.1')).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${edge.stderr().slice(-4000)}`);
      },
    );
    const recordSeconds = seconds();
    await eventually(
      'the page is there',
      async () => (await statusOf(name, httpsPort, ca)) === 204,
      120_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${edge.stderr().slice(-6000)}\n${pebble.log().slice(-3000)}`);
    });
    note(`${name}: record after ${recordSeconds} s, https after ${seconds()} s`);
    assert.equal(await answer('TXT', `_acme-challenge.${name}`), '', 'the challenge is taken down');
    rules();
    await eventually('the record is gone', async () => (await answer('A')) === '');
    assert.equal(await answer('TXT', `_sallyport.${name}`), '');
    await eventually('the page is gone', async () => (await statusOf(name, httpsPort, ca)) !== 204);
  } finally {
    for (const running of processes.toReversed()) await running.stop();
    await pebble.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('S0-34 S0-35 in a zone that is delegated to the edge', async (context) => {
  if (missing) return context.skip(missing);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-line-'));
  const dnsPort = await freePort();
  const dns = { serve: { listen: `127.0.0.1:${dnsPort}`, zones: [{ name: 'lab.test' }] } };
  await inOneLine({ zone: 'lab.test', dnsPort, dns, folder }, (line) => context.diagnostic(line));
});

test('S0-19 S0-34 S4-41 in a zone at a provider, Knot over RFC 2136', async (context) => {
  if (missing) return context.skip(missing);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-line-'));
  const knot: NameServer = await startNameServer('knot', { keySecret });
  try {
    writeFileSync(join(folder, 'key'), keySecret);
    const provider = {
      name: 'knot',
      type: 'rfc2136',
      server: `127.0.0.1:${knot.port}`,
      zones: [knot.zone],
      keyName,
      keyFile: 'key',
    };
    const lab = { zone: knot.zone, dnsPort: knot.port, dns: { providers: [provider] }, folder };
    await inOneLine(lab, (line) => context.diagnostic(line));
  } finally {
    await knot.close();
  }
});

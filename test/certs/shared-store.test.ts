// Two edges with one PostgreSQL: one account, one order for each hostname, answers to validators by either, and what is on
// disk when the database is away.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSallyport } from '../support/demo.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { freePort } from '../support/process.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();
const hosts = (...names: string[]): string[] => names.map((name) => `${name}.example.com`);

test(
  'S0-19 S0-24 two edges on one database: each hostname is ordered once, either answers, and both go on without the database',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const database = await startDatabase();
    context.after(() => database.close());
    const store = await database.createDatabase();
    const world = await AcmeWorld.create({
      hostnames: [],
      acme: { methods: ['tls-alpn-01'], namesPerCertificate: 1 },
      edge: { store },
    });
    context.after(() => world.close());
    const otherPort = await freePort();
    const otherFile = world.path('other.yml');
    const writeOther = (hostnames: string[]): void => {
      const config = JSON.parse(readFileSync(world.path('edge.yml'), 'utf8')) as Record<string, unknown>;
      const listen = { https: `127.0.0.1:${otherPort}`, http: [] };
      const routes = hostnames.map((hostname) => ({ hostname, tunnel: 'home' }));
      writeFileSync(otherFile, JSON.stringify({ ...config, listen, routes, dataDir: world.path('other') }));
    };
    // The first is the one that the authority dials, and wants nothing itself.
    world.writeConfig();
    await world.startEdge();
    mkdirSync(world.path('other'));
    copyFileSync(join(world.folder, 'data/seal.key'), world.path('other/seal.key'));
    writeOther(hosts('a', 'b'));
    const other = startSallyport(['edge', 'run', '--config', otherFile]);
    context.after(() => other.stop());
    const sameAt = async (hostname: string): Promise<void> => {
      const here = await world.trusted(hostname, 90_000);
      await world.eventually(`the other edge shows ${hostname}: ${other.stderr().slice(-2000)}`, async () => {
        const there = await world.shown(hostname, otherPort);
        return there.certificate.fingerprint256 === here.certificate.fingerprint256;
      });
    };
    for (const hostname of hosts('a', 'b')) {
      await world.eventually(
        `the other edge has ${hostname}`,
        async () => {
          return (await world.shown(hostname, otherPort)).isTrusted;
        },
        90_000,
      );
    }
    // Now both want them all, and two more.
    world.writeConfig({ hostnames: hosts('a', 'b', 'c', 'd') });
    writeOther(hosts('a', 'b', 'c', 'd'));
    for (const hostname of hosts('a', 'b', 'c', 'd')) await sameAt(hostname);
    const log = world.pebble.log();
    assert.equal((log.match(/Added order/g) ?? []).length, 4, 'one order for each hostname');
    assert.equal(world.kept('accounts').length <= 1, true);
    // Keys are in the database, and nobody can read them there.
    const rows = await database.execute('select bytes from documents', new URL(store).pathname.slice(1));
    assert.ok(rows.length > 4);
    assert.equal(
      rows.some(({ bytes }) => Buffer.from(bytes as Buffer).includes('PRIVATE KEY')),
      false,
    );

    const before = await world.shown(hosts('c')[0]!);
    await database.stop();
    await world.edge!.stop();
    await world.startEdge();
    const after = await world.shown(hosts('c')[0]!);
    assert.equal(after.certificate.fingerprint256, before.certificate.fingerprint256);
    await world.said(/certificates are shown from the copy on disk, and none is ordered, until it is back/);
    await database.start();
    await world.said(/The store is back; certificates are kept there again/, 60_000);
  },
);

async function startDatabase(): Promise<PostgresServer> {
  return await startPostgres();
}

// An edge of the released program that looks at its own hostnames from outside: through a real name server, its public port and
// TLS, and what becomes of that in the command, the API, the metrics, its health and the list of troubles.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { probeResultSchema } from '#model/probes/probe.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';

let names: DnsServer;
let edge: OwnEdge;
const hereLines: readonly RecordLine[] = [
  ['nas', 'A', '127.0.0.1'],
  ['old', 'A', '127.0.0.1'],
  ['moved', 'A', '127.0.0.77'],
  ['wild.apps', 'A', '127.0.0.1'],
  ['sallyport-check.apps', 'A', '127.0.0.1'],
];

before(async () => {
  names = await startOwnDnsServer({ zones: [zoneFrom('home.test', hereLines)] });
  edge = await OwnEdge.create({
    config: {
      probe: { every: '10s', resolvers: [`127.0.0.1:${names.ports[0]}`] },
      certificates: [{ cert: 'old.pem', key: 'old.key' }],
    },
  });
  // The edge refuses to begin with an expired one; one that nobody trusts turns visitors away as well.
  const old = createCertificate({ name: 'old', names: ['old.home.test'] });
  writeFileSync(join(edge.folder, 'old.pem'), old.cert);
  writeFileSync(join(edge.folder, 'old.key'), old.key, { mode: 0o600 });
  await edge.start();
  const hostnames = ['nas', 'old', 'moved', 'gone', '*.apps'].map((name) => `${name}.home.test`);
  await edge.serve('home', hostnames, 'http_status:200');
});
after(async () => {
  await edge?.close();
  await names?.close();
});

const probed = async (hostname: string) => {
  const { code, out, err } = await edge.command('probe', hostname, '--output', 'json');
  const [result, ...others] = probeResultSchema.array().parse(JSON.parse(out || '[]'));
  assert.deepEqual([others.length, err], [0, '']);
  return { ...result!, code };
};

test('a hostname that leads here is known by its mark, each hop timed', async () => {
  const seen = await probed('nas.home.test');
  assert.deepEqual([seen.outcome, seen.code, seen.address, seen.cure], ['ok', 0, '127.0.0.1', '']);
  assert.ok(Object.values(seen.ms).every((took) => took !== null));
  assert.ok(seen.certificateEndsMs! > Date.now());
});

test('a wildcard is seen by a name below it', async () => {
  assert.equal((await probed('*.apps.home.test')).outcome, 'ok');
});

test('no record, a record of somebody else and a bad certificate are told apart, each with its cure', async () => {
  const gone = await probed('gone.home.test');
  assert.deepEqual([gone.outcome, gone.code], ['dns', 1]);
  assert.match(gone.cure, /Make its record/);
  const moved = await probed('moved.home.test');
  assert.equal(moved.outcome, 'elsewhere');
  assert.match(moved.sentence, /leads to 127\.0\.0\.77, which is not this edge/);
  const old = await probed('old.home.test');
  assert.equal(old.outcome, 'certificate');
  assert.match(old.sentence, /Visitors are warned/);
  const { out } = await edge.command('probe', 'gone.home.test');
  assert.match(out, /^gone\.home\.test from the edge: dns\n  gone\.home\.test has no address \(ENOTFOUND\)/);
});

test('a hostname without a route is none to look at', async () => {
  const { code, err } = await edge.command('probe', 'nobody.home.test');
  assert.equal(code, 1);
  assert.match(err, /No route serves nobody\.home\.test/);
});

test('the mark answers only a whole question, on hostnames that are served', async () => {
  const nonce = '0123456789abcdef0123456789abcdef';
  const { status, body } = await edge.get('nas.home.test', `/.well-known/sallyport/probe/${nonce}`);
  assert.equal(status, 200);
  assert.match(body, /^[\w-]{43} [\w-]{43}\n$/);
  const other = await edge.get('nas.home.test', `/.well-known/sallyport/probe/${nonce.slice(1)}`);
  assert.doesNotMatch(other.body, /^[\w-]{43} /);
});

test('what fails twice is down in health with since when, a trouble, and well again by itself', async () => {
  await probed('gone.home.test');
  await probed('gone.home.test');
  const part = async () => {
    const { parts } = await edge.api.getHealth({ query: { kind: 'probe' } });
    return parts.find(({ name }) => name === 'gone.home.test')!;
  };
  const trouble = async () => {
    const { troubles } = await edge.api.getStatus();
    return troubles.find(({ id }) => id === 'probe:gone.home.test');
  };
  assert.equal((await part()).state, 'down');
  const told = await trouble();
  assert.equal(told?.severity, 'error');
  assert.match(told!.title, /gone\.home\.test cannot be reached from outside/);
  names.setZones([zoneFrom('home.test', [...hereLines, ['gone', 'A', '127.0.0.1']], 2)]);
  // While something is wrong the edge looks again every ten seconds.
  await eventually('it is found well', async () => (await part()).state === 'ok', 60_000);
  assert.equal(await trouble(), undefined);
});

// Commands on ports: what stands in each other's way, the rule that comes along, the served configuration, the lab file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allScopes } from '#model/users/role.ts';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { portShape } from '#model/port.ts';
import { z } from 'zod';
import { exportLab } from '../lab-export.ts';
import { formatServed, parseServed, servedBy } from '../snapshot.ts';
import { applyLab } from './lab-apply.ts';
import { createPort, deletePort, updatePort } from './ports.ts';
import { createRoute } from './routes.ts';
import { createTunnel, deleteTunnel } from './tunnels.ts';

const settings = z.strictObject(portShape);
const newPort = (given: object, more: object = {}) => ({
  ...settings.parse(given),
  ...{ tunnel: 'home', note: '', isEnabled: true },
  ...more,
});
const tcp = { protocol: 'tcp', port: 5432, hostname: 'db.example.com' };
const tls = { protocol: 'tls', hostname: 'nas.example.com' };

async function world() {
  const made = await controlWorld();
  const tunnel = { name: 'home', management: 'remote', hostnames: [], access: 'public', note: '' } as const;
  await made.control.run(createTunnel(tunnel), tester);
  return made;
}

test('a port is opened, changed and closed, and its rule comes and goes with it', async () => {
  const { control } = await world();
  const port = await control.run(createPort(newPort(tcp, { service: 'tcp://localhost:5432' })), tester);
  const rules = () => [...control.state.ruleSets.values()][0]!.text;
  assert.match(rules(), /hostname: db\.example\.com\n\s+service: tcp:\/\/localhost:5432/);
  assert.deepEqual(
    servedBy(control.state, control.declared).ports?.map(({ port: number }) => number),
    [5432],
  );
  await control.run(
    updatePort('tcp:5432', { maxConnections: 7, from: ['192.0.2.1'], service: 'tcp://localhost:5433' }),
    tester,
  );
  const [changed] = control.state.ports.values();
  assert.deepEqual([changed!.maxConnections, changed!.from, changed!.version], [7, ['192.0.2.1'], 2]);
  assert.match(rules(), /localhost:5433/);
  await control.run(updatePort(port.id, { isEnabled: false }), tester);
  assert.deepEqual(servedBy(control.state, control.declared).ports, []);
  await control.run(deletePort('tcp:5432'), tester);
  assert.equal(control.state.ports.size, 0);
  assert.doesNotMatch(rules(), /db\.example\.com/);
});

test('what cannot be is refused with its reason', async () => {
  const { control } = await world();
  const refused = async (given: object, pattern: RegExp): Promise<void> => {
    const error = await refusal(control.run(createPort(newPort(given)), tester));
    assert.match(error.message, pattern);
  };
  await control.run(createPort(newPort(tcp)), tester);
  await control.run(createPort(newPort(tls)), tester);
  await refused(tcp, /tcp:5432 exists already/);
  await refused({ ...tls, port: 5432 }, /tcp:5432 has port 5432 already/);
  await refused({ ...tcp, port: 0 }, /needs its number/);
  await refused({ ...tcp, port: 9, hostname: '*.example.com' }, /cannot be a wildcard/);
  await refused(
    { protocol: 'udp', port: 53, hostname: 'a.example.com', proxyProtocol: 'v2' },
    /PROXY protocol/,
  );
  await refused({ protocol: 'udp', port: 53, hostname: 'a.example.com', idleSeconds: 0 }, /cannot be 0/);
  // UDP and TCP have numbers of their own, and TLS ports share one by name.
  await control.run(createPort(newPort({ ...tcp, protocol: 'udp' })), tester);
  await control.run(createPort(newPort({ ...tls, port: 8443 })), tester);
  await control.run(createPort(newPort({ ...tls, port: 8443, hostname: 'b.example.com' })), tester);

  const route = { path: '/', tunnel: 'home', note: '', isEnabled: true };
  const both = await refusal(control.run(createRoute({ ...route, hostname: 'nas.example.com' }), tester));
  assert.match(both.message, /passed on unopened by the port tls:nas\.example\.com/);
  await control.run(createRoute({ ...route, hostname: 'site.example.com' }), tester);
  await refused({ ...tls, hostname: 'site.example.com' }, /has a route, whose TLS ends at the edge/);
});

test('a tunnel with ports is in use; what is served survives as text', async () => {
  const { control } = await world();
  await control.run(createPort(newPort({ ...tcp, idleSeconds: 60 })), tester);
  const error = await refusal(
    control.run(deleteTunnel('home', { force: false, liveConnectors: [] }), tester),
  );
  assert.match(error.message, /1 port leads to it/);
  const served = servedBy(control.state, control.declared);
  assert.deepEqual(parseServed(formatServed(served)), served);
  await control.run(deleteTunnel('home', { force: true, liveConnectors: [] }), tester);
  assert.equal(control.state.ports.size, 0);
});

test('a lab file holds ports; applied to where it came from it changes nothing, and prunes', async () => {
  const { control } = await world();
  await control.run(createPort(newPort({ ...tcp, from: ['192.0.2.0/24'], idleSeconds: 60 })), tester);
  await control.run(createPort(newPort(tls)), tester);
  const text = exportLab(control.state);
  assert.match(text, /ports:\n {2}- protocol: tcp\n {4}port: 5432\n/);
  const apply = (lab: string, prune = false) =>
    control.run(applyLab(lab, { prune, isPlan: false, scopes: new Set(allScopes) }), tester);
  assert.deepEqual((await apply(text, true)).steps, []);
  const changed = await apply(text.replace('idleSeconds: 60', 'maxPerAddress: 3'));
  assert.deepEqual(
    changed.steps.map(({ action, noun, name }) => [action, noun, name]),
    [['change', 'port', 'tcp:5432']],
  );
  assert.equal(control.state.ports.get(control.state.ports.keys().next().value!)!.idleSeconds, undefined);
  const pruned = await apply(text.slice(0, text.indexOf('ports:')), true);
  assert.deepEqual(pruned.steps.map(({ action, name }) => `${action} ${name}`).toSorted(), [
    'delete tcp:5432',
    'delete tls:nas.example.com',
  ]);
});

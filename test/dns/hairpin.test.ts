// An edge whose public address cannot be reached from the edge itself, as behind most routers at home: the proof of a hostname
// goes by the edge's own listener, says what it could not see, and comes to an end even where packets are swallowed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createSilentServer } from 'node:net';
import { createServer } from 'node:tls';
import { after, before, test } from 'node:test';
import { parseEdgeConfig } from '#config/edge-config.ts';
import type { EdgeInstance } from '#roles/edge-instance.ts';
import { proveStage } from '#roles/dns/hostname-proof.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { Lab } from './lab.ts';

let missing: string | undefined;
before(async () => {
  missing = await pebbleIsMissing();
});

/** An instance as far as the proof of a certificate asks it. */
function instanceAt(port: number, addresses: readonly string[]): EdgeInstance {
  const config = parseEdgeConfig(`internalCa: true\npublicPort: ${port}\n`, 'edge.yml');
  return {
    config: () => config,
    question: async () => ({ hostname: '', resolvers: [], target: { addresses, alias: undefined } }),
    certificateStates: (names: Iterable<string>) =>
      new Map([...names].map((name) => [name, { state: 'good', detail: '' }])),
    edge: { httpsPorts: [port] },
  } as unknown as EdgeInstance;
}

test('addresses that swallow everything are tried together and once, and the answer says what was not seen', async (context) => {
  const { cert, key } = createCertificate({ name: 'blog', names: ['blog.example.com'] });
  const own = createServer({ cert, key }, (socket) => socket.on('error', () => {})).listen(0, 'localhost');
  await once(own, 'listening');
  const { port } = own.address() as { port: number };
  // Like a router that drops what comes back: the handshake is never answered.
  const swallowed: string[] = [];
  const holes = ['127.0.0.7', '127.0.0.8'].map((host) =>
    createSilentServer((socket) => {
      swallowed.push(host);
      socket.on('error', () => {}).resume();
    }).listen(port, host),
  );
  await Promise.all(holes.map((hole) => once(hole, 'listening')));
  context.after(() => [own, ...holes].forEach((server) => server.close()));
  const addresses = ['127.0.0.7', '127.0.0.8', '127.0.0.9'];
  const proof = await proveStage(
    instanceAt(port, addresses),
    { hostname: 'blog.example.com', stage: 'certificate' },
    300,
  );
  assert.equal(proof.state, 'done');
  assert.match(proof.detail, /^The edge's own listener, asked on its machine, shows one by blog/);
  assert.match(proof.cure, /cannot reach 127\.0\.0\.7 and 127\.0\.0\.8 and 127\.0\.0\.9 port \d+ itself/);
  assert.match(proof.cure, /open https:\/\/blog\.example\.com once from another network/);
  assert.deepEqual(swallowed.toSorted(), ['127.0.0.7', '127.0.0.8']);
});

test('what can be reached is believed, and nothing is left to say', async (context) => {
  const { cert, key } = createCertificate({ name: 'blog', names: ['blog.example.com'] });
  const own = createServer({ cert, key }, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(own, 'listening');
  context.after(() => own.close());
  const { port } = own.address() as { port: number };
  const proof = await proveStage(
    instanceAt(port, ['127.0.0.9', '127.0.0.1']),
    { hostname: 'blog.example.com', stage: 'certificate' },
    5_000,
  );
  assert.deepEqual([proof.state, proof.cure], ['done', '']);
  assert.match(proof.detail, /^127\.0\.0\.1 port/);
});

let lab: Lab | undefined;
after(() => lab?.close());

test(
  'S0-34 tunnel route dns at such an edge comes to its end, and says so',
  { timeout: 240_000 },
  async (context) => {
    if (missing) return context.skip(missing);
    lab = await Lab.open({
      ...{ names: 'knot', method: 'dns-01', claims: false },
      ...{ rules: ['blog.example.test'], addresses: ['127.0.0.9'] },
    });
    const made = await lab.sallyport('tunnel', 'route', 'dns', 'home', 'blog.example.test');
    assert.equal(made.code, 0, made.out + made.err + lab.said());
    const stages = [...made.out.matchAll(/^ok {2}(.+?) {2,}(\d+\.\d) s /gm)].map(([, stage]) => stage);
    assert.deepEqual(stages, ['record at the zone', 'record at a resolver', 'certificate', 'origin']);
    assert.match(
      made.out,
      /works as far as the edge can see; that took \d+\.\d s\. The edge cannot reach 127\.0\.0\.9/,
    );
    assert.match(made.out, /open https:\/\/blog\.example\.test once from another network/);
  },
);

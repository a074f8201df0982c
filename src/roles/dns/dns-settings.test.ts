// From the dns section of edge.yml to providers, zones and keys: every kind is made, and secrets are read with care.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { WebClient } from '#base/net/web-client.ts';
import { dnsProviderFields } from '#config/dns-schema.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { JumpClock } from '#testkit/jump-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { desiredNames, isClaimable } from './dns-desired.ts';
import { dnsNeedsRestart } from './dns-restart.ts';
import {
  localZonesOf,
  openProviders,
  ownerOf,
  resolversOf,
  secretFilesOf,
  serverKeysOf,
  targetOf,
} from './dns-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-dns-settings-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const secret = Buffer.alloc(32, 1).toString('base64');
file('token', 'a-token-of-some-length\n');
file('key', `${secret}\n`);

function read(dns: object, hostname = 'edge.example.com'): EdgeConfig {
  writeFileSync(join(folder, 'edge.yml'), JSON.stringify({ internalCa: true, hostname, dns }));
  return readEdgeConfig(join(folder, 'edge.yml'));
}

const tools = { clock: new JumpClock(), random: seededRandom(1) };
const fieldsOf: Readonly<Record<string, object>> = {
  route53: { accessKeyId: 'AKID', secretAccessKeyFile: 'token' },
  rfc2136: { server: 'ns1.example.com:5353', zones: ['a.test'], keyName: 'k', keyFile: 'key' },
  webhook: { url: 'https://bridge.example.com/v1/', tokenFile: 'token' },
};
const providerOf = (type: string): object => ({
  name: type,
  type,
  ...(fieldsOf[type] ?? { tokenFile: 'token' }),
});

test('S4-45 every kind of provider of edge.yml is made, and asks with its own credentials', async () => {
  const types = Object.keys(dnsProviderFields);
  const { dns } = read({ providers: types.map(providerOf) });
  const asked: { readonly url: string; readonly authorization: string }[] = [];
  const web: WebClient = async (request) => {
    asked.push({ url: request.url, authorization: request.headers?.['Authorization'] ?? '' });
    return { status: 404, headers: {}, body: Buffer.from('') };
  };
  const opened = openProviders(dns!, { ...tools, webFor: () => web });
  assert.deepEqual(
    opened.providers.map(({ provider }) => provider.name),
    types,
  );
  const http = opened.providers.filter(({ provider }) => provider.name !== 'rfc2136');
  for (const { provider } of http) await provider.listZones(new AbortController().signal).catch(() => {});
  assert.deepEqual(
    asked.map(({ url }) => new URL(url).host),
    [
      'api.cloudflare.com',
      'api.hetzner.cloud',
      'desec.io',
      'api.digitalocean.com',
      'route53.amazonaws.com',
      'bridge.example.com',
    ],
  );
  assert.ok(
    asked.every(({ authorization }) => /a-token-of-some-length|Credential=AKID\//.test(authorization)),
  );
  opened.close();
  const files = types.flatMap((type) => (type === 'route53' || type !== 'rfc2136' ? ['token'] : ['key']));
  assert.deepEqual(
    secretFilesOf(dns!),
    files.map((name) => join(folder, name)),
  );
});

test('secrets that are empty, or more than a secret, are refused by the file’s name and never shown', () => {
  for (const [text, complaint] of [
    ['', /empty-\d is empty; put in the secret/],
    [' \n', /is empty/],
    ['two words', /holds more than one word/],
  ] as const) {
    const name = file(`empty-${text.length}`, text);
    const { dns } = read({ providers: [{ ...providerOf('hetzner'), tokenFile: name }] });
    assert.throws(() => openProviders(dns!, tools), complaint);
  }
  for (const text of ['short', 'dG9vIHNob3J0', 'not!base64!at!all!at!all!at!all']) {
    const { dns } = read({ providers: [{ ...providerOf('rfc2136'), keyFile: file('bad-key', text) }] });
    assert.throws(
      () => openProviders(dns!, tools),
      (error: Error) => /holds no TSIG secret/.test(error.message) && !error.message.includes(text),
    );
  }
  const { dns } = read({ providers: [{ ...providerOf('desec'), tokenFile: 'nowhere' }] });
  assert.throws(() => openProviders(dns!, tools), /secret in .*nowhere could not be read/);
});

test('zones of the built-in server have SOA facts, NS and their fixed records; faults in those name the record', () => {
  const zone = (more: object) => read({ serve: { zones: [{ name: 'lab.test', ...more }] } }).dns!.serve!;
  const [local] = localZonesOf(
    zone({
      records: [
        { name: '@', type: 'MX', values: ['10 Mail.Example.com'] },
        { name: 'www', type: 'AAAA', ttl: '5m', values: ['2001:DB8::1'] },
      ],
    }),
    'edge.example.com',
  );
  assert.equal(local!.authority.primary, 'edge.example.com');
  assert.equal(local!.authority.mailbox, 'hostmaster.lab.test');
  assert.deepEqual(
    local!.fixed.map(
      ({ name, type, ttlSeconds, values }) => `${name} ${type} ${ttlSeconds} ${values.join()}`,
    ),
    [
      'lab.test NS 3600 edge.example.com.',
      'lab.test MX 3600 10 Mail.Example.com.',
      'www.lab.test AAAA 300 2001:db8::1',
    ],
  );
  for (const [record, complaint] of [
    [
      { name: 'x', type: 'A', values: ['2001:db8::1'] },
      /record x A "2001:db8::1" of the zone lab\.test .* is no IPv4 address/,
    ],
    [{ name: 'x', type: 'NOSUCH', values: ['1'] }, /the type NOSUCH is not known/],
    [{ name: '@', type: 'SOA', values: ['a. b. 1 2 3 4 5'] }, /made from nameServers and mailbox/],
  ] as const) {
    assert.throws(() => localZonesOf(zone({ records: [record] }), 'edge.example.com'), complaint);
  }
  const keys = serverKeysOf(
    read({ serve: { zones: [{ name: 'lab.test' }], keys: [{ name: 'k', secretFile: 'key' }] } }).dns!.serve!,
  );
  assert.deepEqual(
    keys.map(({ name, algorithm }) => [name, algorithm]),
    [['k', 'hmac-sha256']],
  );
});

test('owner, target and resolvers', () => {
  const plain = read({ addresses: ['203.0.113.7'], providers: [providerOf('hetzner')] });
  assert.equal(ownerOf(plain), 'edge.example.com');
  assert.deepEqual(targetOf(plain), { addresses: ['203.0.113.7'], alias: 'edge.example.com' });
  const other = read({
    owner: 'pair',
    alias: false,
    addresses: ['203.0.113.7'],
    resolvers: ['192.0.2.53:5353'],
    providers: [providerOf('hetzner')],
  });
  assert.equal(ownerOf(other), 'pair');
  assert.equal(targetOf(other).alias, undefined);
  assert.deepEqual(resolversOf(other.dns!, ['9.9.9.9']), [{ host: '192.0.2.53', port: 5353 }]);
  assert.deepEqual(resolversOf(plain.dns!, ['9.9.9.9', '[2620:fe::fe]:53']), [
    { host: '9.9.9.9', port: 53 },
    { host: '2620:fe::fe', port: 53 },
  ]);
});

test('hostnames of routes and of TLS that is passed on are wanted once, the edge’s own where its addresses are known, addresses and local names never', () => {
  const routes = [
    { hostname: 'a.test', tunnelId: 'one' },
    { hostname: 'a.test', tunnelId: 'two' },
    { hostname: '*.b.test', tunnelId: 'two' },
    { hostname: '192.0.2.1', tunnelId: 'two' },
    { hostname: 'blog.localhost', tunnelId: 'two' },
  ];
  const ports = [
    { protocol: 'tls', hostname: 'nas.test', tunnelId: 'one' },
    { protocol: 'tls', hostname: '*.b.test', tunnelId: 'one' },
    { protocol: 'tcp', hostname: 'tcp-22.port', tunnelId: 'one' },
    { protocol: 'udp', hostname: 'dns.test', tunnelId: 'one' },
  ] as const;
  const names = (dns: object): string[] =>
    desiredNames(read({ ...dns, providers: [providerOf('hetzner')] }), routes, ports).map(
      ({ hostname, routeId }) => `${hostname} ${routeId}`,
    );
  assert.deepEqual(names({ addresses: ['203.0.113.7'] }), [
    'edge.example.com edge',
    'a.test one',
    '*.b.test two',
    'nas.test one',
  ]);
  assert.deepEqual(names({}), ['a.test one', '*.b.test two', 'nas.test one']);
  const tunnels = [{ id: 'one', name: 'home', publicKeys: [], hostnames: ['*.a.test', 'c.test'] }];
  for (const [hostname, tunnel, isIt] of [
    ['x.a.test', 'one', true],
    ['*.x.a.test', 'one', true],
    ['*.a.test', 'one', true],
    ['a.test', 'one', false],
    ['c.test', 'one', true],
    ['x.a.test', 'two', false],
  ] as const) {
    assert.equal(isClaimable(tunnels, hostname, tunnel), isIt, `${hostname} ${tunnel}`);
  }
});

test('what needs a restart is named', () => {
  const base = { addresses: ['203.0.113.7'], serve: { zones: [{ name: 'lab.test' }] } };
  const before = read(base);
  assert.deepEqual(dnsNeedsRestart(before, read({ ...base, addresses: ['203.0.113.8'] })), []);
  assert.deepEqual(dnsNeedsRestart(before, read({ ...base, serve: { ...base.serve, listen: 5353 } })), [
    'dns.serve.listen',
  ]);
  assert.deepEqual(dnsNeedsRestart(before, { ...before, dns: undefined }), ['dns']);
});

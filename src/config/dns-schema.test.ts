import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeConfig } from './edge-config.ts';

const read = (dns: object, hostname: string | null = 'edge.example.com') =>
  parseEdgeConfig(
    JSON.stringify({ internalCa: true, ...(hostname === null ? {} : { hostname }), dns }),
    'edge.yml',
  );
const provider = { name: 'cf', type: 'cloudflare', tokenFile: 'token' };

test('what is left out has a sensible value; durations become seconds', () => {
  const { dns } = read({
    addresses: ['203.0.113.7', '2001:DB8::0:7'],
    providers: [provider],
    serve: { zones: [{ name: 'Lab.Example.com' }] },
  });
  assert.deepEqual(dns!.addresses, ['203.0.113.7', '2001:db8::7']);
  assert.deepEqual(dns!.ttl, { address: 60, alias: 300 });
  assert.deepEqual(dns!.serve!.listen, [{ host: undefined, port: 53 }]);
  assert.equal(dns!.serve!.zones[0]!.name, 'lab.example.com');
  assert.equal(read({ providers: [provider], ttl: { address: '30s' } }).dns!.ttl.address, 30);
});

test('S4-45 each kind of provider says what it needs and what has no meaning for it', () => {
  for (const [what, complaint] of [
    [{ name: 'a', type: 'hetzner' }, /hetzner needs tokenFile/],
    [{ name: 'a', type: 'rfc2136', server: '192.0.2.53', keyName: 'k', keyFile: 'f' }, /rfc2136 needs zones/],
    [{ name: 'a', type: 'route53', accessKeyId: 'x' }, /route53 needs secretAccessKeyFile/],
    [{ name: 'a', type: 'webhook', tokenFile: 't' }, /webhook needs url/],
    [{ ...provider, url: 'https://a.example' }, /url has no meaning for a provider of type cloudflare/],
    [{ ...provider, name: 'builtin' }, /name builtin is taken/],
    [{ ...provider, type: 'clodflare' }, /dns\.providers\[0\]\.type/],
    [
      { ...provider, tokenfile: 'x' },
      /unknown key dns\.providers\[0\]\.tokenfile; did you mean "tokenFile"\?/,
    ],
  ] as const) {
    assert.throws(() => read({ providers: [what] }), complaint);
  }
  assert.throws(() => read({ providers: [provider, provider] }), /name cf is taken/);
});

test('faults that only the whole shows', () => {
  for (const [dns, hostname, complaint] of [
    [{}, 'edge.example.com', /neither providers nor serve/],
    [{ providers: [provider], addresses: ['192.0.2.1'] }, null, /dns needs an owner/],
    [{ providers: [provider] }, null, /dns needs dns\.addresses/],
    [{ providers: [provider], alias: false }, 'edge.example.com', /dns needs dns\.addresses/],
    [{ providers: [provider], owner: 'a b' }, 'edge.example.com', /dns\.owner must be an id/],
    [{ providers: [provider] }, `${'a'.repeat(60)}.example.com`, /dns\.owner must be set/],
    [
      { providers: [provider], addresses: ['edge'] },
      'edge.example.com',
      /must be an IPv4 or IPv6 address, not "edge"/,
    ],
    [{ providers: [provider], ttl: { address: '100ms' } }, 'edge.example.com', /from "1s" to "24h"/],
    [{ serve: { zones: [] } }, 'edge.example.com', /dns\.serve\.zones/],
    [
      { serve: { zones: [{ name: 'a.test' }, { name: 'a.test' }] } },
      'edge.example.com',
      /zone a\.test is listed twice/,
    ],
    [
      { serve: { zones: [{ name: 'a.test' }] }, owner: 'x', addresses: ['192.0.2.1'] },
      null,
      /a\.test needs nameServers/,
    ],
    [
      { serve: { zones: [{ name: 'a.test' }], secondaries: [{ server: '192.0.2.9', key: 'k' }] } },
      'edge.example.com',
      /no key under serve\.keys is called "k"/,
    ],
  ] as const) {
    assert.throws(() => read(dns, hostname), complaint);
  }
});

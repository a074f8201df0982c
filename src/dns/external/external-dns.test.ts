// external-dns' protocol over HTTP, with bodies as its Go code writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrSet } from '#base/net/ip.ts';
import { silentLog } from '#base/log.ts';
import { recordSet, setKey } from '#model/dns/record-set.ts';
import { MemoryDnsProvider } from '#testkit/memory-dns-provider.ts';
import { checksums, formatMarker, markerName } from '../plan/ownership-marker.ts';
import { ExternalDns } from './external-dns.ts';
import { type ExternalDnsServer, startExternalDnsServer } from './external-dns-server.ts';

const ours = recordSet('blog.a.test', 'A', 60, ['203.0.113.7']);
const marker = recordSet(markerName(ours.name), 'TXT', 60, [
  formatMarker({ edge: 'e', route: 'r', wrote: checksums(ours) }),
]);
const seeds = [
  recordSet('a.test', 'SOA', 60, ['ns1.a.test. h.a.test. 1 2 3 4 5']),
  recordSet('a.test', 'NS', 60, ['ns1.a.test.']),
  recordSet('app.a.test', 'CNAME', 120, ['lb.elsewhere.test.']),
  recordSet('lb.a.test', 'A', 60, ['proxied 192.0.2.1']),
  ...[ours, marker],
];

interface World {
  readonly provider: MemoryDnsProvider;
  readonly server: ExternalDnsServer;
  ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; type: string | null; body: unknown }>;
}

async function withWorld(run: (world: World) => Promise<void>, allow = ['127.0.0.1']): Promise<void> {
  const provider = new MemoryDnsProvider('p', { 'a.test': seeds, 'closed.test': [] });
  const externalDns = new ExternalDns({ providers: () => [{ provider, zones: [] }], zones: ['a.test'] });
  const server = await startExternalDnsServer({
    host: '127.0.0.1',
    port: 0,
    externalDns,
    allow: cidrSet(allow),
    log: silentLog,
  });
  const ask: World['ask'] = async (method, path, body) => {
    const headers = { accept: 'application/external.dns.webhook+json;version=1' };
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      body: text === '' ? '' : JSON.parse(text),
    };
  };
  try {
    await run({ provider, server, ask });
  } finally {
    await server.close();
  }
}

const stands = (provider: MemoryDnsProvider, name: string, type: string): readonly string[] | undefined =>
  provider.zones.get('a.test')!.get(setKey(name, type))?.values;

test('the handshake names the zones under the key that is read, with the media type letter by letter', () =>
  withWorld(async ({ ask }) => {
    const { status, type, body } = await ask('GET', '/');
    assert.equal(status, 200);
    assert.equal(type, 'application/external.dns.webhook+json;version=1');
    assert.deepEqual(body, { include: ['a.test'] });
    assert.equal((await ask('GET', '/healthz')).status, 200);
  }));

test('records are listed without dots, and without what is ours or cannot be a plain record', () =>
  withWorld(async ({ ask }) => {
    assert.deepEqual((await ask('GET', '/records')).body, [
      { dnsName: 'a.test', recordType: 'NS', recordTTL: 60, targets: ['ns1.a.test'] },
      { dnsName: 'app.a.test', recordType: 'CNAME', recordTTL: 120, targets: ['lb.elsewhere.test'] },
    ]);
  }));

test('changes are carried out and answered with exactly 204', () =>
  withWorld(async ({ ask, provider }) => {
    const text = '"heritage=external-dns,external-dns/owner=k8s,external-dns/resource=ingress/default/web"';
    const answer = await ask('POST', '/records', {
      create: [
        {
          dnsName: 'web.a.test',
          targets: ['192.0.2.1', '192.0.2.2'],
          recordType: 'A',
          labels: { owner: 'k8s' },
          providerSpecific: null,
        },
        { dnsName: 'a-web.a.test', targets: [text], recordType: 'TXT', recordTTL: 0 },
      ],
      updateOld: [
        { dnsName: 'app.a.test', targets: ['lb.elsewhere.test'], recordType: 'CNAME', recordTTL: 120 },
      ],
      updateNew: [
        { dnsName: 'app.a.test', targets: ['lb2.elsewhere.test'], recordType: 'CNAME', recordTTL: 30 },
      ],
      delete: null,
    });
    assert.equal(answer.status, 204);
    assert.deepEqual(stands(provider, 'web.a.test', 'A'), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(stands(provider, 'a-web.a.test', 'TXT'), [text]);
    assert.deepEqual(stands(provider, 'app.a.test', 'CNAME'), ['lb2.elsewhere.test.']);
    // The same again is done already; keys of older releases are read; what is to go is gone.
    const create = [{ dnsName: 'web.a.test', targets: ['192.0.2.2', '192.0.2.1'], recordType: 'A' }];
    assert.equal((await ask('POST', '/records', { Create: create })).status, 204);
    assert.equal((await ask('POST', '/records', { Delete: create })).status, 204);
    assert.equal(stands(provider, 'web.a.test', 'A'), undefined);
  }));

test('what is ours, elsewhere, changed by others or of an unknown kind is refused with a 500 that says why; the rest is done', () =>
  withWorld(async ({ ask, provider }) => {
    const before = provider.records('a.test');
    const good = { dnsName: 'good.a.test', targets: ['192.0.2.1'], recordType: 'A' };
    for (const [bad, why] of [
      [
        { create: [{ dnsName: 'blog.a.test', targets: ['192.0.2.1'], recordType: 'AAAA' }] },
        /no AAAA records/,
      ],
      [
        { delete: [{ dnsName: 'blog.a.test', targets: ['203.0.113.7'], recordType: 'A' }] },
        /a route of this edge has that name/,
      ],
      [
        { delete: [{ dnsName: '_sallyport.blog.a.test', targets: ['x'], recordType: 'TXT' }] },
        /a route of this edge/,
      ],
      [
        { create: [{ dnsName: 'x.closed.test', targets: ['192.0.2.1'], recordType: 'A' }] },
        /outside of the zones a\.test/,
      ],
      [
        { create: [{ dnsName: 'app.a.test', targets: ['lb.other.test'], recordType: 'CNAME' }] },
        /is there already/,
      ],
      [
        { delete: [{ dnsName: 'app.a.test', targets: ['lb.other.test'], recordType: 'CNAME' }] },
        /is lb\.elsewhere\.test\. now/,
      ],
      [
        { create: [{ dnsName: 'x.a.test', targets: ['y'], recordType: 'HTTPS' }] },
        /type HTTPS are not taken/,
      ],
      [
        { create: [{ dnsName: 'x.a.test', targets: ['192.0.2.1'], recordType: 'A', setIdentifier: 'one' }] },
        /weighted/,
      ],
      [{ create: [{ dnsName: 'x.a.test', targets: null, recordType: 'A' }] }, /no targets/],
    ] as const) {
      const { status, body } = await ask('POST', '/records', bad);
      assert.equal(status, 500);
      assert.match((body as { error: string }).error, why);
      assert.deepEqual(provider.records('a.test'), before);
    }
    const mixed = await ask('POST', '/records', { create: [good, { ...good, dnsName: 'x.closed.test' }] });
    assert.equal(mixed.status, 500);
    assert.deepEqual(stands(provider, 'good.a.test', 'A'), ['192.0.2.1']);
  }));

test('endpoints are adjusted to what will be listed, so that nothing differs for ever', () =>
  withWorld(async ({ ask, provider }) => {
    provider.minTtlSeconds = 600;
    const { body } = await ask('POST', '/adjustendpoints', [
      {
        dnsName: 'Web.a.test.',
        targets: ['2001:DB8:0::1'],
        recordType: 'AAAA',
        recordTTL: 60,
        labels: { owner: 'k8s' },
      },
      { dnsName: 'x.a.test', targets: ['y'], recordType: 'HTTPS' },
    ]);
    assert.deepEqual(body, [
      {
        dnsName: 'web.a.test',
        targets: ['2001:db8::1'],
        recordType: 'AAAA',
        recordTTL: 600,
        labels: { owner: 'k8s' },
      },
    ]);
  }));

test('a provider in trouble is a 500, nonsense a 400, an address that is not allowed a 403', async () => {
  await withWorld(async ({ ask, provider }) => {
    provider.misbehaviour.error = new Error('the provider is away');
    assert.equal((await ask('GET', '/records')).status, 500);
    delete provider.misbehaviour.error;
    for (const nonsense of ['', '[]', '{"create":1}', '{"create":[{}]}', 'x']) {
      assert.equal((await ask('POST', '/records', nonsense)).status, 400, nonsense);
    }
    assert.equal((await ask('GET', '/elsewhere')).status, 404);
  });
  await withWorld(async ({ ask }) => assert.equal((await ask('GET', '/')).status, 403), ['192.0.2.0/24']);
});

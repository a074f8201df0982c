// Zones, names and plans of the world in memory: good ones, one on its way, one in conflict, a provider that is away.
import type { ShownName } from '#api/dns.ts';
import type { DnsPlan, RecordView, ZoneView } from '#model/dns/dns-view.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeWorld } from './fake-world.ts';

type DnsIds =
  | 'listZones'
  | 'listZoneRecords'
  | 'exportZone'
  | 'listNames'
  | 'planDns'
  | 'applyDns'
  | 'proveHostname';

const alias = 'edge.example.com';
const conflicting = 'wiki.office.example.com';

/** Handlers of these operations. */
export function dnsHandlers(world: FakeWorld): Pick<Handlers, DnsIds> {
  return {
    listZones: () => ({
      setUp: {
        owner: alias,
        addresses: ['203.0.113.7', '2001:db8::7'],
        alias,
        providers: ['builtin', 'cloudflare', 'hetzner'],
      },
      items: zonesOf(world),
    }),
    listZoneRecords({ params, query }) {
      if (!zonesOf(world).some(({ name }) => name === params.zone))
        throw new Refusal('not-found', `No zone ${params.zone} is managed by this edge.`);
      const all = recordsOf(world, params.zone).filter(
        (record) =>
          (query.owner === undefined || record.owner === query.owner) &&
          JSON.stringify(record).includes(query.search ?? ''),
      );
      return {
        items: all.slice(0, query.limit),
        nextCursor: null,
        total: all.length,
        readAtMs: Date.now() - 240_000,
      };
    },
    exportZone: ({ params }) => ({ text: `$ORIGIN ${params.zone}.\n` }),
    listNames({ query }) {
      const all = namesOf(world).filter(
        (name) =>
          (query.state === undefined || name.state === query.state) &&
          `${name.hostname} ${name.zone}`.includes(query.search ?? ''),
      );
      const start = Number(query.cursor ?? 0);
      const next = start + query.limit;
      return {
        items: all.slice(start, next),
        nextCursor: next < all.length ? String(next) : null,
        total: all.length,
      };
    },
    planDns: () => planOf(world),
    applyDns() {
      const plan = planOf(world);
      return { ...plan, steps: plan.steps.map((step) => ({ ...step, outcome: 'applied' })) };
    },
    proveHostname: ({ body }) => ({ stage: body.stage, state: 'done', detail: 'It is there.', cure: '' }),
  };
}

function zonesOf(world: FakeWorld): ZoneView[] {
  const good = {
    state: 'good',
    detail: '',
    cure: '',
    lastError: null,
    readAtMs: Date.now() - 240_000,
  } as const;
  const names = namesOf(world);
  const own = (zone: string): number => 2 * names.filter((name) => name.zone === zone).length;
  return [
    {
      ...{ ...good, name: 'lab.example.com', provider: 'builtin', nameServers: ['203.0.113.7:53'] },
      ...{ minTtlSeconds: 0, records: own('lab.example.com') + 1, ownRecords: own('lab.example.com') },
    },
    {
      ...{
        ...good,
        name: 'example.com',
        provider: 'cloudflare',
        nameServers: ['ada.ns.example.net', 'bob.ns.example.net'],
      },
      ...{ minTtlSeconds: 60, records: own('example.com') + 14, ownRecords: own('example.com') },
    },
    {
      ...{
        name: 'example.org',
        provider: 'hetzner',
        state: 'away',
        records: 9,
        ownRecords: 0,
        minTtlSeconds: 60,
      },
      detail: 'hetzner asks for patience: its limit of requests is reached for 41 s more.',
      cure: 'What stands there stays, and it is tried again by itself.',
      ...{ nameServers: ['helium.ns.example.net'], readAtMs: Date.now() - 5_400_000 },
      lastError: { detail: 'hetzner asks for patience.', atMs: Date.now() - 12_000 },
    },
  ];
}

function namesOf(world: FakeWorld): ShownName[] {
  const hostnames = [...new Map(world.routes.map((route) => [route.hostname, route])).values()];
  return [
    {
      ...{ hostname: alias, state: 'good', detail: `${alias} leads here.`, cure: '', zone: 'example.com' },
      ...{ provider: 'cloudflare', tunnelId: 'edge', tunnelName: '', sinceMs: world.startedAtMs },
      records: [
        record(alias, 'A', 60, ['203.0.113.7'], 'edge'),
        record(alias, 'AAAA', 60, ['2001:db8::7'], 'edge'),
      ],
      ...{ lastDrift: null, lastError: null },
    },
    ...hostnames.map(({ hostname, tunnelId, tunnelName }, i): ShownName => {
      const zone = hostname.endsWith('.lab.example.com') ? 'lab.example.com' : 'example.com';
      const head = {
        ...{ hostname, tunnelId, tunnelName, zone, sinceMs: world.startedAtMs + i * 3_600_000 },
        ...{ provider: zone === 'example.com' ? 'cloudflare' : 'builtin', lastDrift: null, lastError: null },
      };
      if (hostname === conflicting) {
        const detail = `${hostname} is A 198.51.100.9 (TTL 3600), made by hand.`;
        return {
          ...{ ...head, state: 'conflict', detail, lastError: { detail, atMs: world.startedAtMs } },
          cure: `Delete it to have ${hostname} lead here, or take the route away.`,
          records: [record(hostname, 'A', 3600, ['198.51.100.9'], 'other')],
        };
      }
      const isComing = i === 3;
      const lastDrift =
        i === 1
          ? {
              detail: `Restore CNAME ${alias}. (TTL 300): found nothing in its place.`,
              atMs: Date.now() - 7_200_000,
            }
          : null;
      return {
        ...{ ...head, state: isComing ? 'pending' : 'good', cure: '', lastDrift },
        detail: isComing
          ? 'Written at cloudflare; not every server of example.com answers with it yet.'
          : `${hostname} leads here: CNAME ${alias}. (TTL 300).`,
        records: [record(hostname, 'CNAME', 300, [`${alias}.`], 'edge')],
      };
    }),
  ];
}

function recordsOf(world: FakeWorld, zone: string): RecordView[] {
  const others = [
    record(zone, 'NS', 3600, ['ada.ns.example.net.', 'bob.ns.example.net.'], 'other'),
    record(zone, 'MX', 3600, [`10 mail.${zone}.`], 'other'),
    record(
      `_acme-challenge.${zone}`,
      'TXT',
      60,
      ['"Zm9vYmFyYmF6"'],
      'other',
      'answers a certificate challenge',
    ),
  ];
  const ours = namesOf(world)
    .filter((name) => name.zone === zone)
    .flatMap(({ hostname, records, tunnelId, state }) => [
      ...records,
      ...(state === 'conflict'
        ? []
        : [
            record(
              `_sallyport.${hostname}`,
              'TXT',
              300,
              [
                `"heritage=sallyport,sallyport/edge=${alias},sallyport/route=${tunnelId},sallyport/wrote=1f2e3d4c"`,
              ],
              'edge',
              `marks ${hostname} as this edge's`,
            ),
          ]),
    ]);
  return [...others, ...ours];
}

function record(
  name: string,
  type: string,
  ttlSeconds: number,
  values: string[],
  owner: RecordView['owner'],
  note = '',
): RecordView {
  return { name, type, ttlSeconds, values, owner, note };
}

function planOf(world: FakeWorld): DnsPlan {
  const names = namesOf(world);
  const [, first] = names;
  return {
    steps: first
      ? [
          {
            ...{ action: 'update', hostname: first.hostname, zone: first.zone, provider: first.provider },
            ...{ isDrift: true, detail: `Restore CNAME ${alias}. (TTL 300): found nothing in its place.` },
          },
        ]
      : [],
    names: names.map(({ hostname, state, detail, cure, zone, provider }) => ({
      ...{ hostname, state, detail, cure, zone, provider },
    })),
    kept: [],
  };
}

// Cloudflare's API v4 as its documentation has it: pages, 1,200 requests in five minutes, batches of at most 200 records
// that are one transaction, a TTL of 1 for "automatic", names without a final dot, priorities beside the content.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply, SlidingLimit } from './fake-web.ts';
import { type FakeRecord, FakeZone } from './fake-zone.ts';

const base = 'https://api.cloudflare.com/client/v4';

interface Body {
  readonly deletes?: readonly { readonly id: string }[];
  readonly patches?: readonly { readonly id: string; readonly ttl?: number; readonly proxied?: boolean }[];
  readonly posts?: readonly {
    readonly name: string;
    readonly type: string;
    readonly ttl: number;
    readonly content?: string;
    readonly priority?: number;
    readonly data?: Readonly<Record<string, string | number>>;
    readonly proxied?: boolean;
  }[];
}

export class CloudflareFake {
  readonly token = 'cf-token-0123456789';
  readonly faults: FakeFaults = { badGatewayEvery: 9 };
  readonly zones: { readonly id: string; readonly zone: FakeZone; status: string }[];
  readonly web;
  readonly #limit: SlidingLimit;

  constructor(clock: Clock, zoneName: string) {
    this.#limit = new SlidingLimit(clock, [1200, 300_000]);
    const zone = (name: string): FakeZone => new FakeZone(name, clock, 3_000);
    // Enough for two pages, ours on the second; one that has moved to another account, and one not delegated yet.
    this.zones = Array.from({ length: 55 }, (_, i) => ({
      id: `zone${i}`,
      zone: zone(`other${i}.test`),
      status: 'active',
    }));
    this.zones.push({ id: 'gone', zone: zone('gone.test'), status: 'moved' });
    this.zones.push({ id: 'new', zone: zone('new.test'), status: 'pending' });
    this.zones.push({ id: 'ours', zone: zone(zoneName), status: 'active' });
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  get ours(): FakeZone {
    return this.zones.at(-1)!.zone;
  }

  #handle(request: FakeRequest): WebAnswer {
    const waitMs = this.#limit.take();
    if (waitMs > 0) {
      return problem(429, 971, 'Please wait and consider throttling your request speed', {
        'retry-after': String(Math.ceil(waitMs / 1000)),
      });
    }
    if (request.headers['authorization'] !== `Bearer ${this.token}`)
      return problem(403, 9109, 'Invalid access token');
    if (request.path === '/zones' && request.method === 'GET') {
      return paged(request, 50, this.zones, ({ id, zone, status }) => ({
        ...{ id, name: zone.name, status },
        name_servers: ['kim.ns.cloudflare.com', 'rob.ns.cloudflare.com'],
      }));
    }
    const [, id, rest] = /^\/zones\/([^/]+)\/dns_records(\/batch)?$/.exec(request.path) ?? [];
    const found = this.zones.find((zone) => zone.id === id);
    if (!found) return problem(404, 7003, 'Could not route to the requested zone');
    if (request.method === 'GET' && !rest) return paged(request, 1000, found.zone.records, view);
    if (request.method === 'POST' && rest) return batch(found.zone, JSON.parse(request.body) as Body);
    return problem(405, 10405, 'Method not allowed');
  }
}

/** Deletes, patches and posts, in that order, all or none. */
function batch(zone: FakeZone, { deletes = [], patches = [], posts = [] }: Body): WebAnswer {
  if (deletes.length + patches.length + posts.length > 200)
    return problem(400, 81046, 'Too many records in a batch');
  const before = zone.records.map((record) => ({ ...record }));
  const fail = (status: number, code: number, message: string): WebAnswer => {
    zone.records = before;
    return problem(status, code, message);
  };
  for (const { id, ttl, proxied } of [
    ...deletes.map(({ id: one }) => ({ id: one, ttl: undefined, proxied: undefined })),
    ...patches,
  ]) {
    const record = zone.records.find((one) => String(one.id) === id);
    if (!record) return fail(404, 81044, 'Record does not exist.');
    if (ttl === undefined) zone.remove(record);
    else if (!isTtl(ttl))
      return fail(400, 9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
    else {
      record.ttl = ttl;
      record.proxied = proxied ?? record.proxied ?? false;
    }
  }
  for (const post of posts) {
    if (!isTtl(post.ttl))
      return fail(400, 9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
    if (post.name.endsWith('.')) return fail(400, 9000, 'DNS name is invalid.');
    const value = valueOf(post);
    if (zone.of(post.name, post.type).some((one) => one.value === value))
      return fail(400, 81058, 'An identical record already exists.');
    zone.add(post.name, post.type, value, post.ttl);
    if (zone.clash() !== '')
      return fail(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
  }
  zone.changed();
  return reply(200, { success: true, errors: [], messages: [], result: {} });
}

function isTtl(ttl: number): boolean {
  return ttl === 1 || (ttl >= 60 && ttl <= 86_400);
}

/** As the zone keeps it: master file form. */
function valueOf({ type, content, priority, data }: NonNullable<Body['posts']>[number]): string {
  if (type === 'CNAME' || type === 'NS') return `${content}.`;
  if (type === 'MX') return `${priority} ${content}.`;
  if (type === 'SRV') return `${data!['priority']} ${data!['weight']} ${data!['port']} ${data!['target']}.`;
  if (type === 'CAA') return `${data!['flags']} ${data!['tag']} "${data!['value']}"`;
  return content!;
}

/** As the API shows it. */
function view({ id, name, type, value, ttl, proxied = false }: FakeRecord): object {
  const common = {
    id: String(id),
    name,
    type,
    ttl,
    proxied,
    proxiable: ['A', 'AAAA', 'CNAME'].includes(type),
  };
  const words = value.split(' ');
  const bare = value.replace(/\.$/, '');
  if (type === 'MX') return { ...common, priority: Number(words[0]), content: words[1]!.replace(/\.$/, '') };
  if (type === 'SRV')
    return {
      ...common,
      priority: Number(words[0]),
      content: `${words[1]} ${words[2]} ${words[3]!.replace(/\.$/, '')}`,
    };
  return { ...common, content: type === 'CNAME' || type === 'NS' ? bare : value };
}

function paged<Item>(
  request: FakeRequest,
  max: number,
  items: readonly Item[],
  show: (item: Item) => object,
): WebAnswer {
  const perPage = Number(request.query.get('per_page') ?? 20);
  const page = Number(request.query.get('page') ?? 1);
  if (perPage > max) return problem(400, 9999, `per_page must be at most ${max}`);
  const result = items.slice((page - 1) * perPage, page * perPage).map(show);
  const totals = {
    total_count: items.length,
    total_pages: Math.ceil(items.length / perPage),
    count: result.length,
  };
  return reply(200, {
    success: true,
    errors: [],
    messages: [],
    result,
    result_info: { page, per_page: perPage, ...totals },
  });
}

function problem(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): WebAnswer {
  return reply(status, { success: false, errors: [{ code, message }], messages: [], result: null }, headers);
}

// The DNS part of Hetzner's Cloud API as its documentation has it: pages of at most 50, 3,600 requests an hour that come
// back one a second, record sets that are changed by actions which end a moment later, relative names with @ for the top.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply, SlidingLimit } from './fake-web.ts';
import { FakeZone } from './fake-zone.ts';

const base = 'https://api.hetzner.cloud/v1';
const actionMs = 400;

interface Body {
  readonly name?: string;
  readonly type?: string;
  readonly ttl?: number;
  readonly records?: readonly { readonly value: string }[];
}

export class HetznerFake {
  readonly token = 'hetzner-token-0123456789';
  readonly faults: FakeFaults = { badGatewayEvery: 11 };
  readonly zones: { readonly id: number; readonly zone: FakeZone; readonly mode: string }[];
  readonly web;
  readonly #clock: Clock;
  readonly #limit: SlidingLimit;
  /** When each action ends. */
  readonly #actions = new Map<number, number>();

  constructor(clock: Clock, zoneName: string) {
    this.#clock = clock;
    this.#limit = new SlidingLimit(clock, [3600, 3_600_000]);
    this.zones = Array.from({ length: 60 }, (_, i) => ({
      ...{ id: i + 1, mode: 'primary', zone: new FakeZone(`other${i}.test`, clock, 2_000) },
    }));
    this.zones.push({ id: 100, mode: 'secondary', zone: new FakeZone('secondary.test', clock, 2_000) });
    this.zones.push({ id: 101, mode: 'primary', zone: new FakeZone(zoneName, clock, 2_000) });
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  get ours(): FakeZone {
    return this.zones.at(-1)!.zone;
  }

  #handle(request: FakeRequest): WebAnswer {
    if (this.#limit.take() > 0)
      return problem(429, 'rate_limit_exceeded', 'limit of 3600 requests per hour reached');
    if (request.headers['authorization'] !== `Bearer ${this.token}`)
      return problem(401, 'unauthorized', 'unable to authenticate');
    if (request.path === '/zones') {
      return paged(request, 'zones', this.zones, ({ id, zone, mode }) => ({
        ...{ id, name: zone.name, mode, ttl: 3600, status: 'ok' },
        authoritative_nameservers: { assigned: ['hydrogen.ns.hetzner.com.', 'oxygen.ns.hetzner.com.'] },
      }));
    }
    const actionId = Number(/^\/actions\/(\d+)$/.exec(request.path)?.[1] ?? Number.NaN);
    if (this.#actions.has(actionId)) return reply(200, { action: this.#action(actionId) });
    const [, id, rest = ''] = /^\/zones\/(\d+)\/rrsets(\/.*)?$/.exec(request.path) ?? [];
    const found = this.zones.find((zone) => String(zone.id) === id);
    if (!found) return problem(404, 'not_found', 'resource not found');
    if (request.method === 'GET') {
      return paged(request, 'rrsets', found.zone.sets(), ({ name, type, ttlSeconds, values }) => ({
        ...{ id: `${name}/${type}`, name: relative(name, found.zone.name), type, ttl: ttlSeconds },
        records: values.map((value) => ({ value, comment: '' })),
      }));
    }
    const body = request.body === '' ? {} : (JSON.parse(request.body) as Body);
    return this.#change(found.zone, request.method, rest, body);
  }

  #change(zone: FakeZone, method: string, rest: string, body: Body): WebAnswer {
    const [, rrName = body.name ?? '', rrType = body.type ?? '', , verb = ''] =
      /^\/([^/]+)\/([A-Z]+)(\/actions\/(\w+))?$/.exec(rest) ?? [];
    const name = rrName === '@' ? zone.name : `${rrName}.${zone.name}`;
    if (rrName !== rrName.toLowerCase() || rrName.endsWith('.') || rrName === '')
      return problem(422, 'invalid_input', 'invalid name');
    const stands = zone.of(name, rrType);
    const fault = faultIn(body, rest === '');
    if (fault !== '') return problem(422, 'invalid_input', fault);
    const ttl = body.ttl ?? stands[0]?.ttl ?? 3600;
    if (rest === '') {
      if (stands.length > 0) return problem(409, 'uniqueness_error', 'RRSet already exists');
    } else if (stands.length === 0) return problem(404, 'not_found', 'RRSet not found');
    const before = zone.records;
    const values =
      verb === 'change_ttl'
        ? stands.map(({ value }) => value)
        : (body.records ?? []).map(({ value }) => absolute(rrType, value, zone.name));
    zone.put(name, rrType, method === 'DELETE' ? undefined : { ttl, values });
    if (zone.clash() !== '') {
      zone.records = before;
      return problem(422, 'invalid_input', `${rrName} has a CNAME beside other records`);
    }
    const id = this.#actions.size + 1;
    this.#actions.set(id, this.#clock.nowMs() + actionMs);
    return reply(201, { action: this.#action(id) });
  }

  #action(id: number): object {
    const isDone = this.#clock.nowMs() >= this.#actions.get(id)!;
    return {
      id,
      command: 'change_rrset',
      status: isDone ? 'success' : 'running',
      progress: isDone ? 100 : 0,
      error: null,
    };
  }
}

function faultIn({ ttl, records, type }: Body, isCreate: boolean): string {
  if (ttl !== undefined && (ttl < 60 || ttl > 2_147_483_647)) return 'ttl must be between 60 and 2147483647';
  if (isCreate && (records ?? []).length === 0) return 'records must not be empty';
  if (type === 'TXT' && records?.some(({ value }) => !/^("(\\.|[^"\\]){0,255}" ?)+$/.test(value)))
    return 'TXT records must be quoted strings of at most 255 characters';
  return '';
}

/** A target without a final dot is taken as relative to the zone, as in a master file. */
function absolute(type: string, value: string, zone: string): string {
  return ['CNAME', 'MX', 'SRV', 'NS'].includes(type) && !value.endsWith('.') ? `${value}.${zone}.` : value;
}

function relative(name: string, zone: string): string {
  return name === zone ? '@' : name.slice(0, -zone.length - 1);
}

function paged<Item>(
  request: FakeRequest,
  key: string,
  items: readonly Item[],
  show: (item: Item) => object,
): WebAnswer {
  const perPage = Number(request.query.get('per_page') ?? 25);
  const page = Number(request.query.get('page') ?? 1);
  if (perPage > 50) return problem(400, 'invalid_input', 'per_page must be at most 50');
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const pagination = {
    page,
    per_page: perPage,
    next_page: page < last ? page + 1 : null,
    last_page: last,
    total_entries: items.length,
  };
  return reply(200, {
    [key]: items.slice((page - 1) * perPage, page * perPage).map(show),
    meta: { pagination },
  });
}

function problem(status: number, code: string, message: string): WebAnswer {
  return reply(status, { error: { code, message, details: null } });
}

// DigitalOcean's API v2 as its documentation has it: single records, each with a request of its own, 250 requests a minute
// and 5,000 an hour, targets that are relative without a final dot and are shown without it, texts without quotes.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { quoteText, unquoteText } from '#wire/dns-record-text.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply, SlidingLimit } from './fake-web.ts';
import { type FakeRecord, FakeZone } from './fake-zone.ts';

const base = 'https://api.digitalocean.com/v2';

interface Body {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly ttl?: number;
  readonly priority?: number;
  readonly port?: number;
  readonly weight?: number;
  readonly flags?: number;
  readonly tag?: string;
}

export class DigitalOceanFake {
  readonly token = 'do-token-0123456789';
  readonly faults: FakeFaults = { badGatewayEvery: 19 };
  readonly ours: FakeZone;
  readonly web;
  readonly #limit: SlidingLimit;

  constructor(clock: Clock, zoneName: string) {
    this.ours = new FakeZone(zoneName, clock, 5_000);
    this.#limit = new SlidingLimit(clock, [250, 60_000], [5_000, 3_600_000]);
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  #handle(request: FakeRequest): WebAnswer {
    if (request.headers['authorization'] !== `Bearer ${this.token}`)
      return problem(401, 'Unauthorized', 'Unable to authenticate you');
    const waitMs = this.#limit.take();
    if (waitMs > 0) {
      const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
      return reply(429, { id: 'too_many_requests', message: 'API rate limit exceeded.' }, headers);
    }
    if (request.path === '/domains')
      return paged(request, 'domains', [{ name: this.ours.name, ttl: 1800, zone_file: '' }]);
    const [, rest] = new RegExp(`^/domains/${this.ours.name}/records(?:/(\\d+))?$`).exec(request.path) ?? [
      undefined,
      undefined,
    ];
    if (!request.path.startsWith(`/domains/${this.ours.name}/records`))
      return problem(404, 'not_found', 'The resource you were accessing could not be found.');
    if (request.method === 'GET') return this.#list(request);
    const body = request.body === '' ? { type: '' } : (JSON.parse(request.body) as Body);
    if (request.method === 'POST') return this.#create(body);
    const record = this.ours.records.find(({ id }) => String(id) === rest);
    if (!record) return problem(404, 'not_found', 'The resource you were accessing could not be found.');
    if (request.method === 'DELETE') {
      this.ours.remove(record);
      return reply(204, '');
    }
    if (body.ttl === undefined || body.ttl < 30)
      return problem(422, 'unprocessable_entity', 'Ttl must be greater than or equal to 30');
    record.ttl = body.ttl;
    this.ours.changed();
    return reply(200, { domain_record: this.#view(record) });
  }

  #list(request: FakeRequest): WebAnswer {
    const soa = {
      id: 1,
      type: 'SOA',
      name: '@',
      data: '1800',
      ttl: 1800,
      priority: null,
      port: null,
      weight: null,
      flags: null,
      tag: null,
    };
    return paged(request, 'domain_records', [soa, ...this.ours.records.map((record) => this.#view(record))]);
  }

  #create(body: Body): WebAnswer {
    const { type, name = '', data = '', ttl = 1800 } = body;
    if (ttl < 30) return problem(422, 'unprocessable_entity', 'Ttl must be greater than or equal to 30');
    if (type === 'TXT' && data.length > 512)
      return problem(422, 'unprocessable_entity', 'Data is too long (maximum is 512 characters)');
    const full = name === '@' ? this.ours.name : `${name}.${this.ours.name}`;
    const value = this.#valueOf(body, data);
    if (this.ours.of(full, type).some((one) => one.value === value))
      return problem(422, 'unprocessable_entity', 'Record already exists');
    const record = this.ours.add(full, type, value, ttl);
    if (this.ours.clash() === '') return reply(201, { domain_record: this.#view(record) });
    this.ours.remove(record);
    return problem(422, 'unprocessable_entity', 'CNAME records cannot share a name with other records');
  }

  /** As the zone keeps it: master file form. */
  #valueOf({ type, priority, port, weight, flags, tag }: Body, data: string): string {
    const target =
      data === '@' ? `${this.ours.name}.` : data.endsWith('.') ? data : `${data}.${this.ours.name}.`;
    if (type === 'TXT') return quoteText(data);
    if (type === 'CNAME' || type === 'NS') return target;
    if (type === 'MX') return `${priority} ${target}`;
    if (type === 'SRV') return `${priority} ${weight} ${port} ${target}`;
    return type === 'CAA' ? `${flags} ${tag} "${data}"` : data;
  }

  #view({ id, name, type, value, ttl }: FakeRecord): object {
    const zone = this.ours.name;
    const words = value.split(' ');
    const bare = (text: string): string => (text === `${zone}.` ? '@' : text.replace(/\.$/, ''));
    const common = { id, type, name: name === zone ? '@' : name.slice(0, -zone.length - 1), ttl };
    const none = { priority: null, port: null, weight: null, flags: null, tag: null };
    if (type === 'TXT') return { ...common, ...none, data: unquoteText(value) };
    if (type === 'MX') return { ...common, ...none, priority: Number(words[0]), data: bare(words[1]!) };
    if (type === 'SRV')
      return {
        ...common,
        ...none,
        priority: Number(words[0]),
        weight: Number(words[1]),
        port: Number(words[2]),
        data: bare(words[3]!),
      };
    if (type === 'CAA')
      return { ...common, ...none, flags: Number(words[0]), tag: words[1], data: unquoteText(words[2]!) };
    return { ...common, ...none, data: bare(value) };
  }
}

function paged(request: FakeRequest, key: string, items: readonly object[]): WebAnswer {
  const perPage = Number(request.query.get('per_page') ?? 20);
  const page = Number(request.query.get('page') ?? 1);
  if (perPage > 200) return problem(400, 'bad_request', 'per_page must be between 1 and 200');
  const pages =
    page * perPage < items.length
      ? { next: `${base}${request.path}?page=${page + 1}&per_page=${perPage}` }
      : {};
  return reply(200, {
    [key]: items.slice((page - 1) * perPage, page * perPage),
    links: { pages },
    meta: { total: items.length },
  });
}

function problem(status: number, id: string, message: string): WebAnswer {
  return reply(status, { id, message, request_id: 'x' });
}

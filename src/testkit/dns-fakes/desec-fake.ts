// deSEC's API as its documentation has it: sets in bulk and all or none, a domain's smallest TTL, cursors beyond 500 sets,
// and limits that run at the same time, with Retry-After.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { normalRecordText } from '#wire/dns-record-text.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply, SlidingLimit } from './fake-web.ts';
import { FakeZone } from './fake-zone.ts';

const base = 'https://desec.io/api/v1';
const perPage = 500;

interface Part {
  readonly subname?: string;
  readonly type: string;
  readonly ttl?: number;
  readonly records?: readonly string[];
}

export class DesecFake {
  readonly token = 'desec-token-0123456789';
  readonly faults: FakeFaults = { badGatewayEvery: 13 };
  readonly ours: FakeZone;
  readonly web;
  minimumTtl = 3600;
  readonly #reads: SlidingLimit;
  readonly #writes: SlidingLimit;

  constructor(clock: Clock, zoneName: string) {
    this.ours = new FakeZone(zoneName, clock, 4_000);
    this.#reads = new SlidingLimit(clock, [10, 1_000], [50, 60_000]);
    this.#writes = new SlidingLimit(clock, [2, 1_000], [15, 60_000], [100, 3_600_000], [300, 86_400_000]);
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  #handle(request: FakeRequest): WebAnswer {
    if (request.headers['authorization'] !== `Token ${this.token}`)
      return reply(401, { detail: 'Invalid token.' });
    const waitMs = (request.method === 'GET' ? this.#reads : this.#writes).take();
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      return reply(
        429,
        { detail: `Request was throttled. Expected available in ${seconds} seconds.` },
        { 'retry-after': String(seconds) },
      );
    }
    if (request.path === '/domains/' && request.method === 'GET') {
      return reply(200, [
        { name: this.ours.name, minimum_ttl: this.minimumTtl, created: '', published: '', touched: '' },
      ]);
    }
    if (request.path !== `/domains/${this.ours.name}/rrsets/`) return reply(404, { detail: 'Not found.' });
    if (request.method === 'GET') return this.#list(request);
    return request.method === 'PATCH'
      ? this.#patch(JSON.parse(request.body) as Part[])
      : reply(405, { detail: 'Method not allowed.' });
  }

  /** The cursor is opaque to clients; here it is the offset. */
  #list({ query }: FakeRequest): WebAnswer {
    const zone = this.ours.name;
    const sets = this.ours.sets().map(({ name, type, ttlSeconds, values }) => ({
      ...{
        domain: zone,
        subname: name === zone ? '' : name.slice(0, -zone.length - 1),
        name: `${name}.`,
        type,
      },
      ...{ ttl: ttlSeconds, records: values, created: '', touched: '' },
    }));
    const cursor = query.get('cursor');
    if (cursor === null && sets.length > perPage)
      return reply(400, { detail: 'Pagination required. Use the cursor parameter.' });
    const from = Number(cursor || 0);
    const url = `${base}/domains/${zone}/rrsets/?cursor=`;
    const next = from + perPage < sets.length ? `, <${url}${from + perPage}>; rel="next"` : '';
    return reply(200, sets.slice(from, from + perPage), { link: `<${url}>; rel="first"${next}` });
  }

  #patch(parts: readonly Part[]): WebAnswer {
    const errors = parts.map((part) => this.#faultIn(part));
    if (errors.some((error) => Object.keys(error).length > 0)) return reply(400, errors);
    const before = this.ours.records;
    for (const { subname = '', type, ttl = 0, records } of parts) {
      const name = subname === '' ? this.ours.name : `${subname}.${this.ours.name}`;
      const values = (records ?? []).map((value) => normalRecordText(type, value));
      this.ours.put(name, type, values.length > 0 ? { ttl, values } : undefined);
    }
    const clash = this.ours.clash();
    if (clash === '') return reply(200, []);
    this.ours.records = before;
    return reply(400, { non_field_errors: [`RRset with conflicting type present: database (${clash})`] });
  }

  #faultIn({ subname = '', type, ttl, records }: Part): Record<string, string[]> {
    if (subname === '@' || subname !== subname.toLowerCase())
      return {
        subname: [
          'Subname can only use lowercase a-z, 0-9, ., -, and _, may start with a "*.", or just be "*".',
        ],
      };
    if (records?.length === 0) return {};
    if (ttl === undefined || ttl < this.minimumTtl)
      return { ttl: [`Ensure this value is greater than or equal to ${this.minimumTtl}.`] };
    for (const value of records ?? []) {
      if (type === 'TXT' && !value.startsWith('"'))
        return {
          records: ['Record content malformed: Data for TXT records must be given using quotation marks.'],
        };
      if (['CNAME', 'MX', 'NS', 'SRV'].includes(type) && !value.endsWith('.'))
        return { records: ['Record content malformed: hostname must be fully-qualified'] };
      try {
        normalRecordText(type, value);
      } catch {
        return { records: ['Record content malformed.'] };
      }
    }
    return {};
  }
}

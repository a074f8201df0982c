// The far side of a webhook provider, as docs/dns-webhook.md has it: what an owner would write.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { isSameSet, recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply } from './fake-web.ts';
import { FakeZone } from './fake-zone.ts';

const base = 'https://bridge.test/v1';
const perPage = 50;

interface SetBody {
  readonly ttl: number;
  readonly values: readonly string[];
}
interface Change {
  readonly name: string;
  readonly type: string;
  readonly before: SetBody | null;
  readonly after: SetBody | null;
}

export class WebhookFake {
  readonly token = 'bridge-token-0123456789';
  readonly baseUrl = base;
  readonly faults: FakeFaults = { badGatewayEvery: 7 };
  readonly ours: FakeZone;
  readonly web;

  constructor(clock: Clock, zoneName: string) {
    this.ours = new FakeZone(zoneName, clock, 1_000);
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  #handle(request: FakeRequest): WebAnswer {
    if (request.headers['authorization'] !== `Bearer ${this.token}`)
      return reply(401, { error: 'wrong token' });
    const zone = `/zones/${this.ours.name}`;
    switch (`${request.method} ${request.path}`) {
      case 'GET /zones':
        return reply(200, { zones: [{ name: this.ours.name, nameServers: ['ns1.bridge.test'] }] });
      case `GET ${zone}/records`: {
        const from = Number(request.query.get('cursor') ?? 0);
        const sets = this.ours.sets();
        const records = sets
          .slice(from, from + perPage)
          .map(({ ttlSeconds: ttl, ...set }) => ({ ...set, ttl }));
        return reply(200, {
          records,
          ...(from + perPage < sets.length ? { next: String(from + perPage) } : {}),
        });
      }
      case `POST ${zone}/changes`: {
        const { groups } = JSON.parse(request.body) as { groups: { id: string; changes: Change[] }[] };
        return reply(200, { outcomes: groups.map(({ id, changes }) => ({ id, ...this.#apply(changes) })) });
      }
      case `POST ${zone}/published`: {
        const { name, type, after } = JSON.parse(request.body) as Change;
        return reply(200, { published: this.ours.isPublished(name, type, toSet(name, type, after)) });
      }
      default:
        return reply(404, { error: `no ${request.path} here` });
    }
  }

  #apply(changes: readonly Change[]): object {
    const stands = ({ name, type }: Change): RecordSet | undefined =>
      this.ours.sets().find((set) => set.name === name && set.type === type);
    if (changes.every((one) => isSameSet(stands(one), toSet(one.name, one.type, one.after))))
      return { state: 'applied' };
    const wrong = changes.find((one) => !isSameSet(stands(one), toSet(one.name, one.type, one.before)));
    if (wrong)
      return {
        state: 'conflict',
        detail: `${wrong.name} ${wrong.type} is ${stands(wrong)?.values.join(', ') ?? 'not there'}`,
      };
    const before = this.ours.records;
    for (const { name, type, after } of changes) this.ours.put(name, type, after ?? undefined);
    const clash = this.ours.clash();
    if (clash === '') return { state: 'applied' };
    this.ours.records = before;
    return { state: 'failed', detail: `${clash} has a CNAME beside other records` };
  }
}

function toSet(name: string, type: string, body: SetBody | null): RecordSet | undefined {
  return body ? recordSet(name, type, body.ttl, body.values) : undefined;
}

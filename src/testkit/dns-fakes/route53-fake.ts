// Amazon Route 53's API as its documentation has it: XML, requests signed by Signature Version 4, five a second, atomic
// batches in which a deletion must name exactly what stands, names and texts with octal escapes, changes that are INSYNC later.
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { awsHeaders } from '#dns/provider/aws-signature.ts';
import {
  childAt,
  childrenOf,
  escapeXml,
  parseXml,
  textAt,
  type XmlElement,
} from '#dns/provider/xml-elements.ts';
import { isSameSet, recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { type FakeFaults, type FakeRequest, fakeWeb, reply, SlidingLimit } from './fake-web.ts';
import { FakeZone } from './fake-zone.ts';

const base = 'https://route53.amazonaws.com';
const syncMs = 20_000;

export class Route53Fake {
  readonly credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'aws-secret-0123456789',
    sessionToken: '',
  };
  readonly faults: FakeFaults = { badGatewayEvery: 17 };
  readonly ours: FakeZone;
  readonly web;
  readonly #clock: Clock;
  readonly #limit: SlidingLimit;
  readonly #changes: number[] = [];
  /** Sets that only Route 53 has. */
  extra = '';

  constructor(clock: Clock, zoneName: string) {
    this.#clock = clock;
    this.ours = new FakeZone(zoneName, clock, syncMs);
    this.#limit = new SlidingLimit(clock, [5, 1_000]);
    this.web = fakeWeb(base, this.faults, (request) => this.#handle(request));
  }

  #handle(request: FakeRequest): WebAnswer {
    if (!this.#isSigned(request)) {
      return problem(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided.',
      );
    }
    if (this.#limit.take() > 0) return problem(400, 'Throttling', 'Rate exceeded');
    const path = request.path.replace('/2013-04-01', '');
    if (path === '/hostedzone') return this.#zones(request.query);
    if (path === '/hostedzone/ZOURS')
      return xml(
        'GetHostedZoneResponse',
        `${zoneXml('ZOURS', this.ours.name)}<DelegationSet><NameServers><NameServer>ns-1.awsdns-01.com</NameServer><NameServer>ns-2.awsdns-02.net</NameServer></NameServers></DelegationSet>`,
      );
    if (path.startsWith('/hostedzone/ZX'))
      return xml('GetHostedZoneResponse', '<DelegationSet><NameServers/></DelegationSet>');
    const change = /^\/change\/C(\d+)$/.exec(path);
    if (change) return xml('GetChangeResponse', this.#changeInfo(Number(change[1])));
    if (path === '/hostedzone/ZOURS/rrset' && request.method === 'GET') return this.#list(request.query);
    if (path === '/hostedzone/ZOURS/rrset/' && request.method === 'POST') return this.#change(request.body);
    return problem(404, 'NoSuchHostedZone', 'No hosted zone found');
  }

  /** Signed again with the secret that this side knows; the date must be near. */
  #isSigned({ method, url, body, headers }: FakeRequest): boolean {
    const date = headers['x-amz-date'] ?? '';
    const wallMs = Date.parse(
      date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    );
    if (!(Math.abs(wallMs - this.#clock.wallMs()) < 300_000)) return false;
    const expected = awsHeaders(
      { method, url, body, service: 'route53', region: 'us-east-1', wallMs },
      this.credentials,
    );
    return headers['authorization'] === expected['Authorization'];
  }

  /** Two pages, the second with ours and a private one. */
  #zones(query: URLSearchParams): WebAnswer {
    const isSecond = query.get('marker') === 'ZOURS';
    const zones = isSecond
      ? `${zoneXml('ZOURS', this.ours.name)}${zoneXml('ZPRIV', this.ours.name, true)}`
      : Array.from({ length: 3 }, (_, i) => zoneXml(`ZX${i}`, `other${i}.test`)).join('');
    const more = isSecond
      ? '<IsTruncated>false</IsTruncated>'
      : '<IsTruncated>true</IsTruncated><NextMarker>ZOURS</NextMarker>';
    return xml(
      'ListHostedZonesResponse',
      `<HostedZones>${zones}</HostedZones>${more}<MaxItems>100</MaxItems>`,
    );
  }

  #list(query: URLSearchParams): WebAnswer {
    const max = Math.min(300, Number(query.get('maxitems') ?? 300));
    const sets = this.ours
      .sets()
      .toSorted((a, b) => (`${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1));
    const name = fromOctal(query.get('name') ?? '').replace(/\.$/, '');
    const key = `${name} ${query.get('type') ?? ''}`;
    const rest = name === '' ? sets : sets.filter((set) => `${set.name} ${set.type}` >= key);
    const next = rest[max];
    const more = next
      ? `<IsTruncated>true</IsTruncated><NextRecordName>${octal(next.name)}.</NextRecordName><NextRecordType>${next.type}</NextRecordType>`
      : '<IsTruncated>false</IsTruncated>';
    const body = rest.slice(0, max).map(setXml).join('');
    return xml(
      'ListResourceRecordSetsResponse',
      `<ResourceRecordSets>${body}${next ? '' : this.extra}</ResourceRecordSets>${more}`,
    );
  }

  #change(body: string): WebAnswer {
    const changes = childrenOf(childAt(parseXml(body), 'ChangeBatch', 'Changes'), 'Change');
    const before = this.ours.records;
    const faults: string[] = [];
    let records = 0;
    for (const change of changes) {
      const set = readSet(childAt(change, 'ResourceRecordSet')!);
      records += set.values.length;
      const stands = this.ours.sets().find(({ name, type }) => name === set.name && type === set.type);
      if (textAt(change, 'Action') === 'DELETE') {
        if (isSameSet(stands, set)) this.ours.put(set.name, set.type, undefined);
        else
          faults.push(
            `Tried to delete resource record set [name='${set.name}.', type='${set.type}'] but the values provided do not match the current values`,
          );
      } else if (stands)
        faults.push(
          `Tried to create resource record set [name='${set.name}.', type='${set.type}'] but it already exists`,
        );
      else this.ours.put(set.name, set.type, { ttl: set.ttlSeconds, values: set.values });
    }
    if (records > 1000) faults.push('Number of records limit of 1000 exceeded.');
    const clash = this.ours.clash();
    if (clash !== '')
      faults.push(
        `RRSet of type CNAME with DNS name ${clash}. is not permitted as it conflicts with other records`,
      );
    if (faults.length > 0) {
      this.ours.records = before;
      const messages = faults.map((fault) => `<Message>${escapeXml(fault)}</Message>`).join('');
      return reply(
        400,
        `<?xml version="1.0"?><InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages>${messages}</Messages></InvalidChangeBatch>`,
      );
    }
    this.#changes.push(this.#clock.nowMs() + syncMs);
    return xml('ChangeResourceRecordSetsResponse', this.#changeInfo(this.#changes.length - 1));
  }

  #changeInfo(id: number): string {
    const status = this.#clock.nowMs() >= this.#changes[id]! ? 'INSYNC' : 'PENDING';
    return `<ChangeInfo><Id>/change/C${id}</Id><Status>${status}</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo>`;
  }
}

function readSet(element: XmlElement): RecordSet {
  const values = childrenOf(childAt(element, 'ResourceRecords'), 'ResourceRecord').map((record) =>
    fromOctal(textAt(record, 'Value')),
  );
  return recordSet(
    fromOctal(textAt(element, 'Name')).replace(/\.$/, ''),
    textAt(element, 'Type'),
    Number(textAt(element, 'TTL')),
    values,
  );
}

function setXml({ name, type, ttlSeconds, values }: RecordSet): string {
  const records = values
    .map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`)
    .join('');
  return `<ResourceRecordSet><Name>${octal(name)}.</Name><Type>${type}</Type><TTL>${ttlSeconds}</TTL><ResourceRecords>${records}</ResourceRecords></ResourceRecordSet>`;
}

/** What is no letter, digit, dash or underscore of a name comes back in octal. */
function octal(name: string): string {
  return name.replaceAll(/[^a-z0-9._-]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function fromOctal(text: string): string {
  return text.replaceAll(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  );
}

function zoneXml(id: string, name: string, isPrivate = false): string {
  return `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name><CallerReference>x</CallerReference><Config><PrivateZone>${isPrivate}</PrivateZone></Config></HostedZone>`;
}

function xml(root: string, body: string): WebAnswer {
  return reply(
    200,
    `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="https://route53.amazonaws.com/doc/2013-04-01/">${body}</${root}>`,
  );
}

function problem(status: number, code: string, message: string): WebAnswer {
  return reply(
    status,
    `<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  );
}

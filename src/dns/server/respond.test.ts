// The name server's answers, without sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dnsQuery, type QueryOptions, type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { ednsOptions, fullRcode, readEdns } from '#wire/dns-edns.ts';
import { decodeMessage, type DnsMessage, type DnsRecord, encodeMessage } from '#wire/dns-message.ts';
import { rcodeName, rcodes, recordTypes, typeName } from '#wire/dns-numbers.ts';
import { formatRecordData } from '#wire/dns-record-text.ts';
import { checkTsig, signTsig, splitTsig, type TsigKey } from '#wire/dns-tsig.ts';
import { type Answer, payloadBytes, respond, type RespondContext } from './respond.ts';
import { indexZone } from './zone-index.ts';

const nowMs = Date.UTC(2026, 0, 1);
const key: TsigKey = { name: 'key', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 1) };

/** RFC 4592 section 2.2.1, with what its section leaves open. */
const wildcardZone: readonly RecordLine[] = [
  ['', 'NS', 'ns.example.com.'],
  ['', 'NS', 'ns.example.net.'],
  ['*', 'TXT', '"this is a wildcard"'],
  ['*', 'MX', '10 host1.example.'],
  ['sub.*', 'TXT', '"this is not a wildcard"'],
  ['host1', 'A', '192.0.2.1'],
  ['_ssh._tcp.host1', 'SRV', '1 1 22 host1.example.'],
  ['_ssh._tcp.host2', 'SRV', '1 1 22 host2.example.'],
  ['subdel', 'NS', 'ns.example.com.'],
  ['subdel', 'NS', 'ns.example.net.'],
];

const labZone: readonly RecordLine[] = [
  ['', 'NS', 'ns1.lab.test.'],
  ['', 'A', '192.0.2.7'],
  ['', 'CAA', '0 issue "letsencrypt.org"'],
  ['ns1', 'A', '192.0.2.53'],
  ['blog', 'A', '192.0.2.7'],
  ['blog', 'AAAA', '2001:db8::7'],
  ['_acme-challenge.blog', 'TXT', '"token"'],
  ['alias', 'CNAME', 'blog.lab.test.'],
  ['alias2', 'CNAME', 'alias.lab.test.'],
  ['away', 'CNAME', 'www.elsewhere.test.'],
  ['dangling', 'CNAME', 'nothing.lab.test.'],
  ['ring', 'CNAME', 'ring2.lab.test.'],
  ['ring2', 'CNAME', 'ring.lab.test.'],
  ['*.wild', 'CNAME', 'blog.lab.test.'],
  ['kid', 'NS', 'ns.kid.lab.test.'],
  ['ns.kid', 'A', '192.0.2.54'],
  ['under.kid', 'A', '192.0.2.55'],
  ['kid', 'DS', '1 8 2 00ff'],
  ...Array.from({ length: 60 }, (_, i): RecordLine => ['big', 'TXT', `"${i} ${'x'.repeat(100)}"`]),
];

const zones = [indexZone(zoneFrom('example', wildcardZone)), indexZone(zoneFrom('lab.test', labZone))];
const context: RespondContext = {
  ...{ zones, transport: 'udp', address: '192.0.2.99', cookieSecret: Buffer.alloc(32, 2), wallMs: nowMs },
  keys: new Map([['key', key]]),
};

function answerTo(query: DnsMessage, more: Partial<RespondContext> = {}): Answer {
  const answer = respond(encodeMessage(query), { ...context, ...more });
  assert.ok(answer);
  return answer;
}

function ask(name: string, type: keyof typeof recordTypes, options: QueryOptions = {}): DnsMessage {
  return decodeMessage(answerTo(dnsQuery(name, type, options)).bytes);
}

/** `NOERROR aa | blog.lab.test. A 192.0.2.7 | ...` by section. */
function textOf(message: DnsMessage): string {
  const line = ({ name, type, data }: DnsRecord): string =>
    type === recordTypes.SOA ? 'SOA' : `${name} ${typeName(type)} ${formatRecordData(type, data)}`;
  const sections = [message.answers, message.authorities].map((list) => list.map(line).join(', '));
  return `${rcodeName(message.rcode)}${message.isAuthoritative ? ' aa' : ''} | ${sections.join(' | ')}`;
}

test('wildcards answer as in RFC 4592 section 2.2.1', () => {
  const delegation = 'subdel.example NS ns.example.com., subdel.example NS ns.example.net.';
  for (const [name, type, expected] of [
    ['host3.example', 'MX', 'NOERROR aa | host3.example MX 10 host1.example. | '],
    ['host3.example', 'A', 'NOERROR aa |  | SOA'],
    ['foo.bar.example', 'TXT', 'NOERROR aa | foo.bar.example TXT "this is a wildcard" | '],
    ['host1.example', 'MX', 'NOERROR aa |  | SOA'],
    ['sub.*.example', 'MX', 'NOERROR aa |  | SOA'],
    ['_telnet._tcp.host1.example', 'SRV', 'NXDOMAIN aa |  | SOA'],
    ['host.subdel.example', 'A', `NOERROR |  | ${delegation}`],
    ['ghost.*.example', 'MX', 'NXDOMAIN aa |  | SOA'],
    // Section 2.2.1's empty non-terminals.
    ['_tcp.host1.example', 'SRV', 'NOERROR aa |  | SOA'],
    ['*.example', 'TXT', 'NOERROR aa | *.example TXT "this is a wildcard" | '],
  ] as const) {
    assert.equal(textOf(ask(name, type)), expected, `${name} ${type}`);
  }
});

test('records, aliases, delegations, no such type and no such name', () => {
  const blog = 'blog.lab.test A 192.0.2.7';
  for (const [name, type, expected] of [
    ['blog.lab.test', 'A', `NOERROR aa | ${blog} | `],
    ['blog.lab.test', 'MX', 'NOERROR aa |  | SOA'],
    ['no.lab.test', 'A', 'NXDOMAIN aa |  | SOA'],
    ['lab.test', 'SOA', 'NOERROR aa | SOA | '],
    ['lab.test', 'NS', 'NOERROR aa | lab.test NS ns1.lab.test. | '],
    ['lab.test', 'CAA', 'NOERROR aa | lab.test CAA 0 issue "letsencrypt.org" | '],
    ['_acme-challenge.blog.lab.test', 'TXT', 'NOERROR aa | _acme-challenge.blog.lab.test TXT "token" | '],
    [
      'alias2.lab.test',
      'A',
      `NOERROR aa | alias2.lab.test CNAME alias.lab.test., alias.lab.test CNAME blog.lab.test., ${blog} | `,
    ],
    ['alias.lab.test', 'CNAME', 'NOERROR aa | alias.lab.test CNAME blog.lab.test. | '],
    ['alias.lab.test', 'MX', 'NOERROR aa | alias.lab.test CNAME blog.lab.test. | SOA'],
    ['away.lab.test', 'A', 'NOERROR aa | away.lab.test CNAME www.elsewhere.test. | '],
    ['dangling.lab.test', 'A', 'NXDOMAIN aa | dangling.lab.test CNAME nothing.lab.test. | SOA'],
    ['x.y.wild.lab.test', 'A', `NOERROR aa | x.y.wild.lab.test CNAME blog.lab.test., ${blog} | `],
    ['wild.lab.test', 'A', 'NOERROR aa |  | SOA'],
    ['kid.lab.test', 'A', 'NOERROR |  | kid.lab.test NS ns.kid.lab.test.'],
    ['under.kid.lab.test', 'A', 'NOERROR |  | kid.lab.test NS ns.kid.lab.test.'],
    ['kid.lab.test', 'DS', 'NOERROR aa | kid.lab.test DS 1 8 2 00ff | '],
    ['blog.lab.test', 'ANY', 'NOERROR aa | blog.lab.test HINFO \\# 9 075246433834383200 | '],
    ['no.lab.test', 'ANY', 'NXDOMAIN aa |  | SOA'],
    ['elsewhere.test', 'A', 'REFUSED |  | '],
    ['xlab.test', 'A', 'REFUSED |  | '],
    ['test', 'A', 'REFUSED |  | '],
  ] as const) {
    assert.equal(textOf(ask(name, type)), expected, `${name} ${type}`);
  }
  const ring = ask('ring.lab.test', 'A');
  assert.equal(ring.rcode, 0);
  assert.equal(ring.answers.length, 2);
  const glue = ask('kid.lab.test', 'A').additionals[0]!;
  assert.equal(`${glue.name} ${formatRecordData(glue.type, glue.data)}`, 'ns.kid.lab.test 192.0.2.54');
});

test('negative answers may be kept for the zone’s negative TTL', () => {
  const soa = ask('no.lab.test', 'A').authorities[0]!;
  assert.equal(soa.ttlSeconds, 60);
  assert.equal(ask('lab.test', 'SOA').answers[0]!.ttlSeconds, 300);
});

test('case does not matter, and comes back as it was asked', () => {
  const answer = ask('BlOg.LaB.tEsT', 'A');
  assert.equal(answer.questions[0]!.name, 'BlOg.LaB.tEsT');
  assert.equal(answer.answers[0]!.name, 'BlOg.LaB.tEsT');
});

test('flags: an answer, authoritative, RD and CD as asked, no recursion offered', () => {
  const query = {
    ...dnsQuery('blog.lab.test', 'A', { id: 77, wantsRecursion: true }),
    isCheckingDisabled: true,
  };
  const answer = decodeMessage(answerTo(query).bytes);
  assert.deepEqual(
    [answer.id, answer.isResponse, answer.wantsRecursion, answer.isCheckingDisabled, answer.offersRecursion],
    [77, true, true, true, false],
  );
});

test('EDNS: ours in return, an unknown version refused as BADVERS, none where none was', () => {
  assert.equal(readEdns(ask('blog.lab.test', 'A')), undefined);
  const edns = readEdns(ask('blog.lab.test', 'A', { payloadBytes: 4096 }))!;
  assert.deepEqual([edns.payloadBytes, edns.version], [payloadBytes, 0]);
  const refused = ask('blog.lab.test', 'A', { payloadBytes: 4096, version: 1 });
  assert.equal(fullRcode(refused), rcodes.BADVERS);
  assert.equal(refused.answers.length, 0);
});

test('what is too large for UDP comes back empty and truncated, within the client’s limit', () => {
  for (const limit of [undefined, 512, 1232, 4096]) {
    const answer = answerTo(dnsQuery('big.lab.test', 'TXT', limit ? { payloadBytes: limit } : {}));
    const message = decodeMessage(answer.bytes);
    assert.ok(message.isTruncated);
    assert.equal(message.answers.length, 0);
    assert.ok(answer.bytes.length <= Math.min(limit ?? 512, payloadBytes));
  }
  const whole = decodeMessage(answerTo(dnsQuery('big.lab.test', 'TXT'), { transport: 'tcp' }).bytes);
  assert.equal(whole.isTruncated, false);
  assert.equal(whole.answers.length, 60);
});

test('questions that are no questions for us', () => {
  for (const [query, expected] of [
    [dnsQuery('blog.lab.test', 'A', { opcode: 4 }), 'REFUSED'],
    [dnsQuery('blog.lab.test', 'A', { opcode: 5 }), 'REFUSED'],
    [dnsQuery('blog.lab.test', 'A', { opcode: 2 }), 'NOTIMP'],
    [dnsQuery('blog.lab.test', 'A', { class: 3 }), 'REFUSED'],
    [dnsQuery('lab.test', 'AXFR'), 'REFUSED'],
    [dnsQuery('lab.test', 'IXFR'), 'REFUSED'],
    [dnsQuery('lab.test', 'TSIG'), 'NOTIMP'],
    [{ ...dnsQuery('lab.test', 'A'), questions: [] }, 'FORMERR'],
    [
      {
        ...dnsQuery('lab.test', 'A'),
        questions: [...dnsQuery('lab.test', 'A').questions, ...dnsQuery('lab.test', 'A').questions],
      },
      'FORMERR',
    ],
  ] as const) {
    assert.equal(rcodeName(decodeMessage(answerTo(query).bytes).rcode), expected);
  }
  // An answer is never answered.
  assert.equal(
    respond(encodeMessage({ ...dnsQuery('lab.test', 'A'), isResponse: true }), context),
    undefined,
  );
  assert.equal(respond(Buffer.alloc(11), context), undefined);
  const garbage = respond(Buffer.from('0007010000010000000000000161', 'hex'), context)!;
  assert.equal(rcodeName(decodeMessage(garbage.bytes).rcode), 'FORMERR');
  assert.equal(decodeMessage(garbage.bytes).id, 7);
});

test('a cookie that was given out proves the address, for a while, and for that address only', () => {
  const client = Buffer.from('0102030405060708', 'hex');
  const first = answerTo(dnsQuery('blog.lab.test', 'A', { payloadBytes: 1232, cookie: client }));
  assert.equal(first.isProven, false);
  const cookie = readEdns(decodeMessage(first.bytes))!.options.find(
    ([code]) => code === ednsOptions.COOKIE,
  )![1];
  assert.equal(cookie.length, 24);
  assert.deepEqual(Buffer.from(cookie.subarray(0, 8)), client);
  const query = dnsQuery('blog.lab.test', 'A', { payloadBytes: 1232, cookie });
  const isProven = (more: Partial<RespondContext>): boolean => answerTo(query, more).isProven;
  assert.ok(isProven({}));
  assert.ok(isProven({ wallMs: nowMs + 3_600_000 }));
  assert.ok(!isProven({ wallMs: nowMs + 3_601_000 }));
  assert.ok(!isProven({ wallMs: nowMs - 301_000 }));
  assert.ok(!isProven({ address: '192.0.2.98' }));
  assert.ok(!isProven({ cookieSecret: Buffer.alloc(32) }));
  for (const length of [1, 7, 9, 15, 41]) {
    const bad = dnsQuery('blog.lab.test', 'A', { payloadBytes: 1232, cookie: Buffer.alloc(length) });
    assert.equal(rcodeName(decodeMessage(answerTo(bad).bytes).rcode), 'FORMERR', String(length));
  }
});

test('TSIG: good ones are answered signed, unknown keys and bad signatures unsigned, bad times with ours', () => {
  const query = encodeMessage(dnsQuery('blog.lab.test', 'A'));
  const timeSeconds = nowMs / 1000;
  const signed = signTsig(query, key, { timeSeconds });
  const read = (bytes: Uint8Array) => splitTsig(respond(bytes, context)!.bytes);
  const good = read(signed.bytes);
  assert.equal(decodeMessage(good.unsigned).answers.length, 1);
  assert.equal(checkTsig(good.unsigned, good.tsig!, key, { timeSeconds, priorMac: signed.mac }), undefined);
  for (const [bytes, error] of [
    [signTsig(query, { ...key, name: 'other' }, { timeSeconds }).bytes, rcodes.BADKEY],
    [signTsig(query, { ...key, secret: Buffer.alloc(32) }, { timeSeconds }).bytes, rcodes.BADSIG],
  ] as const) {
    const { unsigned, tsig } = read(bytes);
    assert.equal(rcodeName(decodeMessage(unsigned).rcode), 'NOTAUTH');
    assert.deepEqual([tsig!.error, tsig!.mac.length], [error, 0]);
    assert.equal(decodeMessage(unsigned).answers.length, 0);
  }
  const old = signTsig(query, key, { timeSeconds: timeSeconds - 301 });
  const late = read(old.bytes);
  assert.equal(late.tsig!.error, rcodes.BADTIME);
  const context2 = { timeSeconds: timeSeconds - 301, priorMac: old.mac };
  assert.equal(checkTsig(late.unsigned, late.tsig!, key, context2), undefined);
  assert.equal(Buffer.from(late.tsig!.other).readUIntBE(0, 6), timeSeconds);
});

test('no answer over UDP is much larger than its question unless it fits the client’s limit, whatever is asked', () => {
  const names = fc.constantFrom(
    'lab.test',
    'blog.lab.test',
    'big.lab.test',
    'no.lab.test',
    'kid.lab.test',
    'example',
  );
  const types = fc.constantFrom(...(Object.keys(recordTypes) as (keyof typeof recordTypes)[]));
  fc.assert(
    fc.property(names, types, fc.option(fc.nat(65_535), { nil: undefined }), (name, type, size) => {
      const query = encodeMessage(dnsQuery(name, type, size ? { payloadBytes: size } : {}));
      const answer = respond(query, context)!;
      assert.ok(answer.bytes.length <= (size ? Math.min(Math.max(size, 512), payloadBytes) : 512));
      assert.ok(answer.truncated().length <= query.length + 40);
    }),
  );
});

test('random bytes and changed queries never throw, and what is answered can be read', () => {
  const good = encodeMessage(dnsQuery('blog.lab.test', 'A', { payloadBytes: 1232, cookie: Buffer.alloc(8) }));
  const signed = signTsig(good, key, { timeSeconds: nowMs / 1000 }).bytes;
  const tryOne = (bytes: Uint8Array): void => {
    const answer = respond(bytes, context);
    if (answer) assert.ok(decodeMessage(answer.bytes).isResponse);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryOne), { numRuns: 2000 });
  for (const base of [good, signed]) {
    const edit = fc.tuple(fc.nat(base.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = Uint8Array.from(base);
        for (const [at, value] of edits) bytes[at] = value;
        tryOne(bytes);
      }),
      { numRuns: 2000 },
    );
  }
});

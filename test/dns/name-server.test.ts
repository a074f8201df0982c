// The built-in name server as other programs see it: dig, kdig, and Knot and BIND as secondaries.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { framed } from '#dns/client/message-stream.ts';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { defaultTcpLimits } from '#dns/server/tcp-listener.ts';
import { dnsQuery, type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { encodeMessage } from '#wire/dns-message.ts';
import { at } from '../support/dns-servers.ts';
import { eventually, pause } from '../support/eventually.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';
import { run } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 9).toString('base64');
const key = { name: 'transfer', algorithm: 'hmac-sha256', secret: Buffer.from(keySecret, 'base64') } as const;
const keyText = `hmac-sha256:transfer:${keySecret}`;

const lines: readonly RecordLine[] = [
  ['', 'NS', 'ns1.lab.test.'],
  ['', 'CAA', '0 issue "letsencrypt.org"'],
  ['ns1', 'A', '127.0.0.1'],
  ['blog', 'A', '192.0.2.7'],
  ['blog', 'AAAA', '2001:db8::7'],
  ['*.apps', 'CNAME', 'blog.lab.test.'],
  ...Array.from({ length: 300 }, (_, i): RecordLine => ['big', 'TXT', `"${i} ${'x'.repeat(200)}"`]),
];

let server: DnsServer;
before(async () => {
  server = await startOwnDnsServer({
    zones: [zoneFrom('lab.test', lines)],
    keys: [key],
    secondaries: [{ server: { host: '192.0.2.1', port: 53 }, keyName: 'transfer', zones: [] }],
    // Judges ask the same again and again.
    rate: { perSecond: 10_000, allPerSecond: 10_000, slip: 2, maxEntries: 100 },
  });
});
after(() => server?.close());

const dig = (...args: string[]): Promise<string> =>
  run('dig', [...at(server.ports[0]!), '+tries=1', '+time=5', ...args]);
const kdig = (...args: string[]): Promise<string> =>
  run('kdig', [...at(server.ports[0]!), '+retry=0', '+time=5', ...args]);

test('dig and kdig read every kind of answer without a complaint', async () => {
  for (const [args, ...expected] of [
    [
      ['blog.lab.test', 'A'],
      /status: NOERROR/,
      /flags: qr aa rd;/,
      /blog\.lab\.test\.\s+300\s+IN\s+A\s+192\.0\.2\.7/,
    ],
    [['BLOG.lab.TEST', 'AAAA'], /;BLOG\.lab\.TEST\./, /BLOG\.lab\.TEST\.\s+300\s+IN\s+AAAA\s+2001:db8::7/],
    [
      ['a.b.apps.lab.test', 'A'],
      /a\.b\.apps\.lab\.test\.\s+300\s+IN\s+CNAME\s+blog\.lab\.test\./,
      /192\.0\.2\.7/,
    ],
    [['lab.test', 'CAA'], /CAA\s+0 issue "letsencrypt\.org"/],
    [
      ['no.lab.test', 'A'],
      /status: NXDOMAIN/,
      /lab\.test\.\s+60\s+IN\s+SOA\s+ns1\.lab\.test\. hostmaster\.lab\.test\. 1 /,
    ],
    [['blog.lab.test', 'MX'], /status: NOERROR/, /ANSWER: 0, AUTHORITY: 1/],
    [['example.com', 'A'], /status: REFUSED/],
    [['blog.lab.test', 'ANY', '+notcp'], /HINFO/],
    [['+edns=1', '+noednsnegotiation', 'blog.lab.test', 'A'], /status: BADVERS/],
    [['+nocookie', 'blog.lab.test', 'A'], /EDNS: version: 0, flags:; udp: 1232/],
    [['+cookie', 'blog.lab.test', 'A'], /COOKIE: [0-9a-f]{48} \(good\)/],
    [['+opcode=NOTIFY', 'lab.test', 'SOA'], /status: REFUSED/],
    [['version.bind', 'TXT', 'CH'], /status: REFUSED/],
  ] as const) {
    const text = await dig(...(args as readonly string[]));
    for (const pattern of expected) assert.match(text, pattern, (args as readonly string[]).join(' '));
    assert.doesNotMatch(text, /WARNING: (?!recursion requested)|malformed|mismatch/i);
  }
  const text = await kdig('+dnssec', '+cookie', 'blog.lab.test', 'AAAA');
  assert.match(text, /status: NOERROR/);
  assert.doesNotMatch(text, /WARNING/);
});

test('an answer too large for UDP is fetched over TCP', async () => {
  const text = await dig('+ignore', 'big.lab.test', 'TXT');
  assert.match(text, /flags: qr aa tc/);
  assert.match(text, /ANSWER: 0/);
  assert.match(await dig('big.lab.test', 'TXT'), /ANSWER: 300/);
  assert.match(await kdig('big.lab.test', 'TXT'), /ANSWER: 300/);
});

test('several questions go over one TCP connection, also without waiting for answers', async () => {
  const text = await dig('+tcp', '+keepopen', 'blog.lab.test', 'A', 'no.lab.test', 'A', '+tcp', '+keepopen');
  assert.match(text, /NOERROR/);
  assert.match(text, /NXDOMAIN/);
  const socket = connect(server.ports[0]!, '127.0.0.1');
  const queries = Array.from({ length: 200 }, (_, id) =>
    framed(encodeMessage(dnsQuery('blog.lab.test', 'A', { id }))),
  );
  socket.end(Buffer.concat(queries));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const bytes = Buffer.concat(chunks);
  const ids: number[] = [];
  for (let i = 0; i < bytes.length; i += 2 + bytes.readUInt16BE(i)) ids.push(bytes.readUInt16BE(i + 2));
  assert.deepEqual(
    ids,
    queries.map((_, id) => id),
  );
});

test('zones are handed to whoever has the key, in full, and to nobody else', async () => {
  assert.match(await dig('-y', keyText, 'lab.test', 'AXFR'), /XFR size: 308 records/);
  assert.match(await kdig('-y', keyText, 'lab.test', 'AXFR'), /big\.lab\.test\./);
  assert.match(await dig('lab.test', 'AXFR'), /Transfer failed/);
  const wrong = Buffer.alloc(32, 1).toString('base64');
  assert.match(
    await dig('-y', `hmac-sha256:transfer:${wrong}`, 'lab.test', 'AXFR'),
    /Transfer failed|BADSIG/,
  );
  assert.match(await dig('-y', keyText, 'blog.lab.test', 'AXFR'), /Transfer failed/);
  // All changes since serial 0 are the whole zone; since this one, none.
  assert.match(await dig('-y', keyText, 'lab.test', 'IXFR=0'), /XFR size: 308 records/);
  assert.match(await dig('-y', keyText, 'lab.test', 'IXFR=1'), /XFR size: 1 records/);
});

test('new zones answer from the next query on', async () => {
  const own = await startOwnDnsServer({ zones: [zoneFrom('lab.test', lines)] });
  try {
    const ask = (): Promise<string> => run('dig', [...at(own.ports[0]!), '+short', 'new.lab.test', 'TXT']);
    assert.equal(await ask(), '');
    own.setZones([zoneFrom('lab.test', [...lines, ['new', 'TXT', '"at once"']], 2)]);
    assert.equal(await ask(), '"at once"\n');
    own.setZones([]);
    assert.equal(await ask(), '');
  } finally {
    await own.close();
  }
});

test('a flood over UDP from one address gets few answers, some of them truncated; TCP goes on', async () => {
  const own = await startOwnDnsServer({
    zones: [zoneFrom('lab.test', lines)],
    rate: { perSecond: 10, allPerSecond: 50, slip: 2, maxEntries: 100 },
  });
  const socket = createSocket('udp4');
  try {
    let whole = 0;
    let truncated = 0;
    socket.on('message', (bytes) => ((bytes[2]! & 2) !== 0 ? truncated++ : whole++));
    socket.connect(own.ports[0]!, '127.0.0.1');
    await once(socket, 'connect');
    const query = encodeMessage(dnsQuery('blog.lab.test', 'A'));
    for (let i = 0; i < 300; i++) {
      socket.send(query);
      if (i % 50 === 0) await pause(1);
    }
    await eventually('the last answers arrive', () => truncated > 20);
    assert.ok(whole < 150, `${whole} whole answers`);
    assert.match(
      await run('dig', [...at(own.ports[0]!), '+tcp', '+short', 'blog.lab.test', 'A']),
      /192\.0\.2\.7/,
    );
  } finally {
    socket.close();
    await own.close();
  }
});

test('TCP connections are limited for each address, and silent ones are closed', async () => {
  const own = await startOwnDnsServer({
    zones: [zoneFrom('lab.test', lines)],
    tcp: { ...defaultTcpLimits, connectionsPerAddress: 3, idleMs: 300 },
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(own.ports[0]!, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  try {
    const kept = [await open(), await open(), await open()];
    const refused = await open();
    await once(refused, 'close');
    await Promise.all(kept.map((socket) => once(socket.resume(), 'close')));
    const next = await open();
    next.end(framed(encodeMessage(dnsQuery('blog.lab.test', 'A'))));
    const [chunk] = (await once(next, 'data')) as [Buffer];
    assert.ok(chunk.length > 40);
  } finally {
    await own.close();
  }
});

test('a client that asks for everything and reads nothing is let go', async () => {
  const own = await startOwnDnsServer({
    zones: [zoneFrom('lab.test', lines)],
    tcp: { ...defaultTcpLimits, idleMs: 300 },
  });
  const socket = connect(own.ports[0]!, '127.0.0.1').on('error', () => {});
  try {
    await once(socket, 'connect');
    await eventually('it is taken in', () => own.tcpConnections === 1);
    socket.pause();
    const query = framed(encodeMessage(dnsQuery('big.lab.test', 'TXT')));
    for (let i = 0; i < 2000; i++) socket.write(query);
    await eventually('it is let go', () => own.tcpConnections === 0);
  } finally {
    socket.destroy();
    await own.close();
  }
});

test('listeners have their own readiness, and one port serves both transports', async () => {
  const own = await startOwnDnsServer({
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
    ],
  });
  const port = own.ports[0]!;
  assert.deepEqual(
    own.listeners().map(({ name, isReady, detail }) => [name, isReady, detail]),
    [
      ['dns-udp', true, `udp 127.0.0.1:${port}`],
      ['dns-tcp', true, `tcp 127.0.0.1:${port}`],
      ['dns-udp-2', true, `udp [::1]:${own.ports[1]}`],
      ['dns-tcp-2', true, `tcp [::1]:${own.ports[1]}`],
    ],
  );
  await assert.rejects(
    startOwnDnsServer({ listen: [{ host: '127.0.0.1', port }] }),
    /could not listen on .*dns\.serve\.listen/,
  );
  await own.close();
  assert.ok(own.listeners().every(({ isReady }) => !isReady));
});

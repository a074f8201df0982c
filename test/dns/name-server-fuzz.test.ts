// A fuzz run of the built-in name server over real sockets: whatever comes, it goes on, answers no larger than it may, offers
// no recursion, speaks of nothing outside its zones, and holds no more connections than it was told; dig and kdig find it well
// afterwards. The seeds are fixed, so that what fails once fails again.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { type Log, silentLog } from '#base/log.ts';
import { framed, MessageStream } from '#dns/client/message-stream.ts';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { payloadBytes } from '#dns/server/respond.ts';
import { defaultTcpLimits } from '#dns/server/tcp-listener.ts';
import { dnsQuery, type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { decodeMessage, type DnsMessage, encodeMessage } from '#wire/dns-message.ts';
import { isWithin } from '#wire/dns-name.ts';
import { recordTypes } from '#wire/dns-numbers.ts';
import { at } from '../support/dns-servers.ts';
import { eventually, within } from '../support/eventually.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';
import { run } from '../support/process.ts';
import { goodQuery, hostileMessage } from './hostile-messages.ts';

const lines: readonly RecordLine[] = [
  ['', 'NS', 'ns1.lab.test.'],
  ['ns1', 'A', '127.0.0.1'],
  ['blog', 'A', '192.0.2.7'],
  ['*.apps', 'CNAME', 'blog.lab.test.'],
  ['child', 'NS', 'ns.child.lab.test.'],
  ['ns.child', 'A', '192.0.2.53'],
  ...Array.from({ length: 300 }, (_, i): RecordLine => ['big', 'TXT', `"${i} ${'x'.repeat(200)}"`]),
];
const tcpLimits = { ...defaultTcpLimits, connections: 60, connectionsPerAddress: 40, idleMs: 1_000 };

/** Faults of the server itself, which it survives and reports. */
const faults: string[] = [];
const log: Log = {
  ...silentLog,
  error: (message, fields) => void faults.push(`${message} ${JSON.stringify(fields)}`),
};

let server: DnsServer;
before(async () => {
  server = await startOwnDnsServer({
    ...{ zones: [zoneFrom('lab.test', lines)], log, tcp: tcpLimits },
    // The fuzz is to reach the answers; the limit has a test of its own.
    rate: { perSecond: 1e6, allPerSecond: 1e6, slip: 2, maxEntries: 100 },
  });
});
beforeEach(() => void faults.splice(0));
after(() => server?.close());

/** Asked between the noise: what was sent before it has been dealt with when its answer comes. */
const sentinelId = 0xbeef;
const sentinel = encodeMessage(dnsQuery('blog.lab.test', 'A', { id: sentinelId }));
const answerWithinMs = 30_000;

/** What must be so of every answer. */
function judge(answer: Buffer, asked: Uint8Array, limitBytes: number): void {
  const what = `${answer.toString('hex')} to ${Buffer.from(asked).toString('hex')}`;
  assert.ok(answer.length <= limitBytes, `${answer.length} bytes, more than ${limitBytes}: ${what}`);
  const message = decodeMessage(answer);
  assert.ok(message.isResponse, what);
  assert.equal(message.offersRecursion, false, what);
  assert.equal(message.id, Buffer.from(asked).readUInt16BE(0), what);
  for (const { name } of [...message.answers, ...message.authorities])
    assert.ok(isWithin(name, 'lab.test'), `${name} is none of ours: ${what}`);
}

/** What may come back over UDP: 512 bytes, or as much as an OPT record names, up to the server's own limit. */
function limitOf(asked: Uint8Array): number {
  let additionals: DnsMessage['additionals'] = [];
  try {
    additionals = decodeMessage(asked).additionals;
  } catch {
    // What cannot be read promises nothing.
  }
  const opt = additionals.find(({ type }) => type === recordTypes.OPT);
  return opt ? Math.max(512, Math.min(payloadBytes, opt.class)) : 512;
}

for (const seed of [1, 2, 3]) {
  test(
    `S0-35 fuzz over UDP, seed ${seed}: answers within their limits, no recursion, no fault`,
    { timeout: 120_000 },
    async () => {
      const random = seededRandom(seed);
      const socket = createSocket('udp4');
      let [answered, ignored] = [0, 0];
      try {
        socket.connect(server.ports[0]!, '127.0.0.1');
        await once(socket, 'connect');
        let answers: Buffer[] = [];
        let passed = (): void => {};
        socket.on('message', (bytes: Buffer) => {
          if (bytes.readUInt16BE(0) === sentinelId && bytes.length > 30) passed();
          else answers.push(bytes);
        });
        for (let i = 0; i < 1_500; i++) {
          const message = hostileMessage(random);
          answers = [];
          const done = Promise.withResolvers<void>();
          passed = done.resolve;
          socket.send(message);
          socket.send(sentinel);
          await within(
            `an answer after ${Buffer.from(message).toString('hex')}`,
            answerWithinMs,
            done.promise,
          );
          assert.ok(answers.length <= 1, 'one datagram, one answer');
          if (answers.length === 0) ignored += 1;
          for (const answer of answers) judge(answer, message, limitOf(message));
          answered += answers.length;
        }
      } finally {
        socket.close();
      }
      assert.deepEqual(faults, []);
      assert.ok(answered > 500 && ignored > 100, `${answered} answered, ${ignored} ignored`);
    },
  );
}

function openTcp(): Socket {
  return connect(server.ports[0]!, '127.0.0.1').on('error', () => {});
}

/** Until a connection has ended, whichever way. */
function closing(socket: Socket): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
  return within('the end of a connection', 60_000, ended);
}

test(
  'S0-35 fuzz over TCP: frames of noise, cut, empty, a byte at a time; each connection ends, none takes another along',
  { timeout: 120_000 },
  async () => {
    const random = seededRandom(4);
    for (let round = 0; round < 12; round++) {
      const closed = Array.from({ length: 30 }, async () => {
        const socket = openTcp();
        const stream = new MessageStream();
        const asked = Array.from({ length: random.integer(1, 8) }, () => hostileMessage(random));
        socket.on('data', (piece: Buffer) => {
          for (const answer of stream.push(piece)) {
            const message = decodeMessage(answer);
            assert.ok(message.isResponse && !message.offersRecursion);
          }
        });
        const bytes = Buffer.concat(asked.map((message) => framed(message)));
        const way = random.integer(0, 4);
        if (way === 0) socket.end(bytes);
        else if (way === 1) socket.end(bytes.subarray(0, random.integer(0, bytes.length)));
        else if (way === 2) socket.end(Buffer.concat([Buffer.alloc(64), bytes]));
        else if (way === 3) socket.end(Buffer.concat([bytes, Buffer.from([0xff, 0xff, 1, 2, 3])]));
        else {
          for (const byte of bytes.subarray(0, 200)) socket.write(Buffer.of(byte));
          socket.end();
        }
        await closing(socket);
      });
      await Promise.all(closed);
      assert.ok(server.tcpConnections <= tcpLimits.connections);
    }
    assert.deepEqual(faults, []);
    await eventually('no connection is left', () => server.tcpConnections === 0);
  },
);

test(
  'S0-35 hundreds of connections, most of them silent or slow, are held to their number; the others are answered',
  { timeout: 120_000 },
  async () => {
    const sockets = Array.from({ length: 300 }, (_, i) => {
      const socket = openTcp();
      // Half a frame, a length and nothing, or nothing at all.
      if (i % 3 === 0) socket.write(framed(sentinel).subarray(0, 9));
      else if (i % 3 === 1) socket.write(Buffer.from([0xff, 0xff]));
      return socket.resume();
    });
    let most = 0;
    const closed = Promise.all(sockets.map(closing));
    const look = setInterval(() => (most = Math.max(most, server.tcpConnections)), 5);
    try {
      assert.match(await dig('+notcp', '+short', 'blog.lab.test', 'A'), /192\.0\.2\.7/);
      await closed;
    } finally {
      clearInterval(look);
      for (const socket of sockets) socket.destroy();
    }
    assert.ok(most <= tcpLimits.connectionsPerAddress, `${most} connections of one address`);
    await eventually('room again', () => server.tcpConnections === 0);
    assert.match(await dig('+tcp', '+short', 'blog.lab.test', 'A'), /192\.0\.2\.7/);
  },
);

test(
  'S0-35 a connection that asks a thousand good questions at once and then goes away costs nothing',
  { timeout: 120_000 },
  async () => {
    const random = seededRandom(5);
    for (let i = 0; i < 20; i++) {
      const socket = openTcp();
      await once(socket, 'connect');
      socket.write(Buffer.concat(Array.from({ length: 1000 }, () => framed(goodQuery(random)))));
      socket.destroy();
    }
    await eventually('they are forgotten', () => server.tcpConnections === 0);
    assert.deepEqual(faults, []);
  },
);

const dig = (...args: string[]): Promise<string> =>
  run('dig', [...at(server.ports[0]!), '+tries=1', '+time=10', ...args]);
const kdig = (...args: string[]): Promise<string> =>
  run('kdig', [...at(server.ports[0]!), '+retry=0', '+time=10', ...args]);

test('S0-35 dig and kdig find it well after all of that, and agree on what it says', async () => {
  for (const judgeProgram of [dig, kdig]) {
    const ask = async (...args: string[]): Promise<string> => {
      const text = await judgeProgram(...args);
      assert.doesNotMatch(text, /malformed|WARNING: (?!recursion requested)/i, args.join(' '));
      return text;
    };
    // A delegation: no authority of ours, the child's servers, and the way to them.
    const referral = await ask('+norecurse', 'x.child.lab.test', 'A');
    assert.match(referral, /status: NOERROR/);
    assert.doesNotMatch(referral, /flags:[^;]* aa/i);
    assert.match(referral, /child\.lab\.test\.\s+300\s+IN\s+NS\s+ns\.child\.lab\.test\./);
    assert.match(referral, /ns\.child\.lab\.test\.\s+300\s+IN\s+A\s+192\.0\.2\.53/);
    assert.match(await ask('no.lab.test', 'A'), /status: NXDOMAIN[^]*IN\s+SOA/);
    assert.match(await ask('blog.lab.test', 'AAAA'), /status: NOERROR[^]*IN\s+SOA/);
    // A type that nobody knows, and one that is not in the zone.
    assert.match(await ask('blog.lab.test', 'TYPE65280'), /status: NOERROR[^]*IN\s+SOA/);
    assert.match(await ask('example.com', 'A'), /status: REFUSED/);
    // Case comes back as it was asked (0x20); kdig shows everything in lower case.
    if (judgeProgram === dig)
      assert.match(await ask('bLoG.lAb.TeSt', 'A'), /;;? ?bLoG\.lAb\.TeSt\.[^]*bLoG\.lAb\.TeSt\.\s+300/);
    assert.match(await ask('version.bind', 'TXT', 'CH'), /status: REFUSED/);
    assert.match(await ask('blog.lab.test', 'ANY', '+notcp'), /HINFO/);
    for (const size of [512, 1232, 4096]) {
      const cut = await ask(`+bufsize=${size}`, '+ignore', 'big.lab.test', 'TXT');
      assert.match(cut, /flags: qr aa tc/i, `${size}`);
      assert.match(await ask(`+bufsize=${size}`, 'big.lab.test', 'TXT'), /ANSWER: 300/);
    }
  }
});

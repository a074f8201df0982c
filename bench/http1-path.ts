// What the edge's own HTTP/1.1 code costs, without sockets, TLS or a tunnel: requests go in as bytes, a scripted stream
// answers, responses come out as bytes. `node bench/http1-path.ts` prints microseconds of CPU per request; profile it
// with `--cpu-prof` before and after touching a hot path.
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { AccessDesk } from '#edge/access/visitors/access-desk.ts';
import { AssertionSigner } from '#edge/access/visitors/assertion.ts';
import { AccessLog } from '#edge/logs/access-log.ts';
import { EdgeMetrics } from '#edge/observation/edge-metrics.ts';
import { Http1Front } from '#edge/http1/http1-front.ts';
import { LimitLog } from '#edge/observation/limit-log.ts';
import { OriginWatch } from '#edge/origins/origin-watch.ts';
import { Proxy } from '#edge/proxy.ts';
import { Traffic } from '#edge/observation/traffic.ts';
import { TunnelRegistry } from '#edge/tunnels/tunnel-registry.ts';
import { routeHandlers } from '#edge/routes/route-steps.ts';
import { plainRule } from '#model/ingress/published-rules.ts';
import { createRingSigner } from '#model/access/access-key-signer.ts';
import { createPassTexts } from '#model/access/access-pass.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { emptyDirectory } from '#model/access/access-state.ts';
import { createPassage } from '#model/access/sign-in-passage.ts';
import { firstRing } from '#roles/access/access-key-drawing.ts';
import { defaultLimits, defaultTimeouts } from '#model/edge-snapshot.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { StreamHandler, TunnelStream } from '#tunnel/stream.ts';

const connections = 64;
const requestsPerRound = 20_000;
/** `node bench/http1-path.ts 15` looks in seconds. */
const rounds = Number(process.argv[2] ?? 100);

const responseBytes = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\nContent-Type: text/plain\r\n` +
    `Content-Length: 900\r\nConnection: keep-alive\r\n\r\n${'a'.repeat(900)}`,
);

const requests: Readonly<Record<string, Buffer>> = {
  'load generator': Buffer.from('GET /small HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  browser: Buffer.from(
    'GET /posts/hello?from=feed HTTP/1.1\r\nHost: a.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ' +
      '(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n' +
      'Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nCookie: session=abcdef0123456789; theme=dark\r\n' +
      'Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nUpgrade-Insecure-Requests: 1\r\n\r\n',
  ),
};

const ring = firstRing(systemRandom, systemClock.wallMs());
const signer = createRingSigner(
  () => ring,
  () => systemClock.wallMs(),
);
const passage = createPassage(signer);
const desk = new AccessDesk({
  ...{ clock: systemClock, random: systemRandom, passage, passTexts: createPassTexts(signer) },
  assertions: new AssertionSigner(() => ring),
  dashboardUrl: () => 'https://sallyport.example',
  httpsPort: () => 443,
  useShareLink: () => Promise.resolve(false),
});
desk.apply({
  ...emptyDirectory,
  users: [{ id: 'u', name: 'ada', email: 'ada@example.com', role: 'viewer', groups: ['family', 'lab'] }],
  sessions: [{ id: 's', userId: 'u', untilMs: systemClock.wallMs() + 86_400_000 }],
});

/** The browser's request with the cookie of a sign-in beside its own. */
function signedInRequest(): Buffer {
  const visit = passage.formatVisit({
    ...{ host: 'a.example', sessionId: 's', userId: 'u' },
    issuedAtMs: systemClock.wallMs(),
  });
  const text = requests['browser']!.toString();
  return Buffer.from(text.replace('theme=dark', `theme=dark; __Host-sallyport-visit=${visit}`));
}

/** Streams that have been written to and wait for their answer. */
const waiting: ScriptedStream[] = [];

class ScriptedStream implements TunnelStream {
  readonly id = 1;
  readonly isOpen = true;
  readonly isRemoteEnded = false;
  readonly isFlushed = true;
  handler!: StreamHandler;
  write(): boolean {
    waiting.push(this);
    return true;
  }
  end(): void {}
  reset(): void {}
  consume(): void {}
}

class ScriptedSocket extends EventEmitter {
  readonly writableLength = 0;
  readonly destroyed = false;
  write(_bytes: Uint8Array, done: () => void): boolean {
    // The system has taken it, as it usually does.
    done();
    return true;
  }
  pause(): void {}
  resume(): void {}
  isPaused(): boolean {
    return false;
  }
}

/** `access`: who may; a route without it has no steps at all. */
function openSockets(access?: AccessPolicy): ScriptedSocket[] {
  const registry = new TunnelRegistry();
  const metrics = new EdgeMetrics(new MetricsRegistry(), registry);
  const accessLog = new AccessLog({ write() {}, wallMs: () => Date.now() });
  const routes = [{ hostname: 'a.example', path: '/', tunnelId: 't', access }];
  const snapshot = {
    version: 1,
    tunnels: [],
    routes,
    trustedProxies: [],
    upgrades: [],
    timeouts: defaultTimeouts,
    limits: defaultLimits,
  };
  const origins = new OriginWatch({ clock: systemClock, random: systemRandom, registry });
  const proxy = new Proxy({
    origins,
    clock: systemClock,
    random: systemRandom,
    registry,
    accessLog,
    metrics,
    limits: new LimitLog(silentLog),
    traffic: new Traffic({ nowMs: () => systemClock.nowMs(), wallMs: () => systemClock.wallMs() }),
    snapshot,
    handlers: routeHandlers({ clock: systemClock, cache: undefined, desk }),
  });
  registry.setRules(scriptedConnection(), { version: 1, rules: [rule] });
  const front = new Http1Front({
    scheme: 'https',
    now: () => systemClock.nowMs(),
    newRequestId: () => proxy.newRequestId(),
    requestIdOf: () => proxy.newRequestId(),
    start: (request, downstream) => proxy.start(request, downstream),
    isMisdirected: () => false,
    takesUpgrade: () => false,
    upgradeTaken() {},
    refused({ code, detail }) {
      throw new Error(`${code}: ${detail}`);
    },
    limits: defaultLimits,
    timeouts: defaultTimeouts,
    upgrades: [],
  });
  const client = {
    address: '192.0.2.1',
    port: 1,
    peerAddress: '192.0.2.1',
    localAddress: '192.0.2.2',
    localPort: 443,
    serverName: 'a.example',
  };
  return Array.from({ length: connections }, () => {
    const socket = new ScriptedSocket();
    front.accept(socket as unknown as Socket, client);
    return socket;
  });
}

const rule = {
  ...plainRule,
  service: 'http://localhost:8080',
};

function scriptedConnection(): EdgeConnection {
  const parts = {
    id: 'c',
    tunnelId: 't',
    instanceId: 'i',
    isDraining: false,
    open: () => new ScriptedStream(),
  };
  return parts as unknown as EdgeConnection;
}

function runRound(sockets: readonly ScriptedSocket[], request: Buffer): number {
  const before = process.cpuUsage();
  for (let count = 0; count < requestsPerRound; count += sockets.length) {
    for (const socket of sockets) socket.emit('data', request);
    for (const stream of waiting.splice(0)) stream.handler.onData(responseBytes);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requestsPerRound;
}

/** What access adds: the same bytes to a public route and to one for users only, in turns. */
function measureAccess(): void {
  const request = signedInRequest();
  const [open, guarded] = [openSockets(), openSockets(['group:family'])];
  const both = Array.from(
    { length: rounds },
    () => [runRound(open, request), runRound(guarded, request)] as const,
  );
  const best = [0, 1].map((i) => Math.min(...both.map((costs) => costs[i]!)));
  const [less, more] = best as [number, number];
  process.stdout.write(
    `signed in        best ${less.toFixed(2)} us public, ${more.toFixed(2)} us protected: access adds ${(more - less).toFixed(2)} us\n`,
  );
}

measureAccess();
for (const [name, request] of Object.entries(requests)) {
  const sockets = openSockets();
  const costs = Array.from({ length: rounds }, () => runRound(sockets, request));
  const best = Math.min(...costs).toFixed(2);
  process.stdout.write(`${name.padEnd(16)} best ${best} us per request of ${rounds} rounds\n`);
}

// Every step of a route does the same by HTTP/1.1 and by HTTP/2, for a page that comes from home and for one that the cache
// has: one table, written as edge.yml writes it, asked four ways. A step without a row does not compile.
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { type RouteStepName, routeStepNames } from '#model/routes/route-steps.ts';
import { http1CaseClient, http2CaseClient } from '../conformance/cache-case-clients.ts';
import type { CaseAnswer, CaseAsk, CaseClient } from '../conformance/cache-case-runner.ts';
import { answerText, type CacheWorld, startCacheWorld } from '../cache/cache-world.ts';
import { eventually } from '../support/eventually.ts';
import type { RecordedRequest } from '../support/recording-origin.ts';

let world: CacheWorld;
let overHttp2: CaseClient & { close(): void };
before(async () => {
  world = await startCacheWorld();
  overHttp2 = http2CaseClient(world.edge.port, 'a.test', world.edge.ca);
});
after(async () => {
  overHttp2?.close();
  await world?.close();
});

/** Asks for a path, and gives what a row is about. */
type Ask = (target: string, more?: Partial<CaseAsk>) => Promise<CaseAnswer>;

/** Begins a download, and resolves once some of it has come. */
type Begin = (target: string) => Promise<{ readonly received: () => number; readonly close: () => void }>;

interface Row {
  /** As in edge.yml; `round` is another number each time, where what was counted before must not matter. */
  readonly settings: (round: number) => unknown;
  readonly run: (ask: Ask, begin: Begin) => Promise<string>;
  /** Asked before the step is in force, so that a cache has it whole. */
  readonly prime?: (ask: Ask) => Promise<void>;
  readonly wanted: string;
  /** The edge answers itself, so that neither cache nor origin is asked. */
  readonly isOwnAnswer?: boolean;
}

const largeBody = 'x'.repeat(8 * 1024 * 1024 - 4096);

/** Says which path and fields it got, with a Location, in an answer that may be kept. */
function mirror({ requestLine, fields }: RecordedRequest): string {
  const path = requestLine.split(' ')[1]!;
  const kept = { 'Cache-Control': 'max-age=600', 'Content-Type': 'text/html' };
  if (path.startsWith('/missing')) return answerText(kept, 'nothing here', 404);
  if (path.startsWith('/big')) return answerText(kept, largeBody);
  const seen = fields.map(([name, value]) => `${name.toLowerCase()}=${value}`).join('|');
  return answerText({ ...kept, Location: '/login' }, `${path}|${seen}|`.padEnd(4096));
}

const field = ({ fields }: CaseAnswer, name: string): string => fields[name] ?? '-';
const html: CaseAsk['fields'] = [['Accept', 'text/html']];

/** The cache itself is one of the two axes. */
const rows: Readonly<Record<Exclude<RouteStepName, 'cache'>, Row>> = {
  compression: {
    settings: () => ({ codings: ['br'] }),
    async run(ask) {
      const answer = await ask('/', { fields: [['Accept-Encoding', 'gzip, br']] });
      return `${field(answer, 'content-encoding')} ${field(answer, 'vary')}`;
    },
    wanted: 'br Accept-Encoding',
  },
  redirects: {
    settings: () => [{ outside: '/blog', to: '/blog{rest}', status: 301 }],
    async run(ask) {
      const answer = await ask('/x?y=1');
      return `${answer.status} ${field(answer, 'location')}`;
    },
    wanted: '301 /blog/x?y=1',
    isOwnAnswer: true,
  },
  hsts: {
    settings: () => ({ maxAge: '24h' }),
    run: async (ask) => field(await ask('/'), 'strict-transport-security'),
    wanted: 'max-age=86400',
  },
  balance: {
    settings: () => ({ statusPath: '/-/status' }),
    async run(ask) {
      const { status, body } = await ask('/-/status', { fields: [['Accept', 'application/json']] });
      return `${status} ${body}`;
    },
    wanted: '200 {"services":1,"well":1}',
    isOwnAnswer: true,
  },
  canonicalHost: {
    settings: () => 'www',
    async run(ask) {
      const answer = await ask('/x?y=1');
      return `${answer.status} ${field(answer, 'location').replace(/:\d+/, '')}`;
    },
    wanted: '308 https://www.a.test/x?y=1',
    isOwnAnswer: true,
  },
  prefix: {
    settings: () => ({ strip: '/frank' }),
    async run(ask) {
      const answer = await ask('/frank/x');
      const told = /x-forwarded-prefix=[^|]*/.exec(answer.body)?.[0];
      return `${answer.body.split('|')[0]} ${told} ${field(answer, 'location')}`;
    },
    wanted: '/x x-forwarded-prefix=/frank /frank/login',
  },
  headers: {
    settings: () => ({
      request: { set: { 'X-A': 'b' } },
      response: { set: { 'X-C': 'd' } },
      security: 'basic',
    }),
    async run(ask) {
      const answer = await ask('/');
      return `${/x-a=b/.exec(answer.body)?.[0]} ${field(answer, 'x-c')} ${field(answer, 'x-frame-options')}`;
    },
    wanted: 'x-a=b d SAMEORIGIN',
  },
  cors: {
    settings: () => ({ origins: ['https://app.test'], methods: ['PUT'] }),
    async run(ask) {
      const origin = ['Origin', 'https://app.test'] as const;
      const preflight = await ask('/', {
        method: 'OPTIONS',
        fields: [origin, ['Access-Control-Request-Method', 'PUT']],
      });
      const read = await ask('/', { fields: [origin] });
      return [preflight, read]
        .map((each) => `${each.status} ${field(each, 'access-control-allow-origin')}`)
        .join();
    },
    wanted: '204 https://app.test,200 https://app.test',
  },
  maintenance: {
    settings: () => ({ message: 'Back at noon.', retryAfter: '1h' }),
    async run(ask) {
      const answer = await ask('/', { fields: html });
      return `${answer.status} ${field(answer, 'retry-after')} ${/Back at noon/.exec(answer.body)?.[0]}`;
    },
    wanted: '503 3600 Back at noon',
    isOwnAnswer: true,
  },
  errorPages: {
    settings: () => ({ pages: { '404': '<p>{status} at {host}</p>' } }),
    async run(ask) {
      const [read, program] = [await ask('/missing', { fields: html }), await ask('/missing')];
      return `${read.status} ${read.body}, ${program.status} ${program.body}`;
    },
    wanted: '404 <p>404 at a.test</p>, 404 nothing here',
  },
  limits: {
    settings: () => ({ body: '10', url: '20' }),
    async run(ask) {
      const answers = [
        await ask('/short'),
        await ask(`/${'x'.repeat(20)}`),
        await ask('/', { method: 'POST', body: 'x'.repeat(11) }),
      ];
      return answers.map(({ status }) => status).join();
    },
    wanted: '200,414,413',
  },
  rateLimits: {
    settings: (round) => [{ name: `round-${round}`, requests: 2, window: '1h' }],
    async run(ask) {
      const answers = [await ask('/'), await ask('/'), await ask('/')];
      const last = answers.at(-1)!;
      const policy = field(last, 'ratelimit-policy').replace(/"[^"]*"/, 'name');
      return `${answers.map(({ status }) => status).join()} ${policy} ${Number(field(last, 'retry-after')) > 0}`;
    },
    wanted: '200,200,429 name;q=2;w=3600 true',
  },
  bandwidth: {
    settings: () => ({ down: '16KiB', per: 'request' }),
    async prime(ask) {
      await ask('/big');
      await ask('/small');
    },
    async run(ask, begin) {
      // It is held, and what is asked meanwhile is not.
      const download = await begin('/big');
      const small = await ask('/small');
      const isHeld = download.received() < largeBody.length;
      download.close();
      return `${small.status}, while the download is ${isHeld ? 'held' : 'not held'}`;
    },
    wanted: '200, while the download is held',
  },
  guard: {
    settings: () => ({ agents: ['*badbot*'] }),
    async run(ask) {
      const answers = [
        await ask('/'),
        await ask('/%2eenv'),
        await ask('/', { fields: [['User-Agent', 'A BadBot/1.0']] }),
      ];
      return answers.map(({ status }) => status).join();
    },
    wanted: '200,403,403',
  },
  trace: {
    settings: () => ({ ratio: 1 }),
    run: async (ask) =>
      String(/traceparent=00-[0-9a-f]{32}-[0-9a-f]{16}-0./.exec((await ask('/')).body)?.[0].length),
    wanted: '67',
  },
};

/** Puts one step in force, as edge.yml would. */
function apply(name: RouteStepName, settings: unknown, isCached: boolean): void {
  const { tunnelId } = world.edge.credentials;
  const config = parseEdgeConfig(
    stringify({
      internalCa: true,
      tunnels: [{ name: 'home', id: tunnelId, publicKeys: [`${'A'.repeat(43)}=`] }],
      routes: [
        {
          ...{ hostname: 'a.test', tunnel: 'home', compression: 'off', [name]: settings },
          ...(isCached ? {} : { cache: 'off' }),
        },
      ],
    }),
    'edge.yml',
  );
  world.edge.apply({ routes: snapshotOf(config, 1).routes });
}

const beginHttp1: Begin = async (target) => {
  const client = await world.edge.client();
  client.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  await eventually('the download has begun', () => client.received.length > 1_000, 30_000);
  return { received: () => client.received.length, close: () => client.close() };
};

const beginHttp2: Begin = async (target) => {
  const { port, ca } = world.edge;
  const session = connect(`https://127.0.0.1:${port}`, { ca, servername: 'a.test' });
  const stream = session.request({ ':path': target, ':authority': 'a.test' });
  let received = 0;
  stream.on('data', (chunk: Buffer) => void (received += chunk.length)).on('error', () => undefined);
  await eventually('the download has begun', () => received > 1_000, 30_000);
  return { received: () => received, close: () => session.destroy() };
};

let rounds = 0;

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  for (const isCached of [false, true]) {
    describe(`over ${protocol}, ${isCached ? 'from the cache' : 'from home'}`, () => {
      for (const [name, row] of Object.entries(rows) as [keyof typeof rows, Row][]) {
        test(`${name} does what it says`, async () => {
          await world.begin(mirror);
          const { port, ca } = world.edge;
          const tls = { serverName: 'a.test', ca, alpn: ['http/1.1'] };
          const client = protocol === 'HTTP/2' ? overHttp2 : http1CaseClient({ port, tls }, 'a.test');
          const ask: Ask = (target, more) =>
            client({ method: 'GET', target, fields: [], body: undefined, ...more });
          apply('compression', 'off', isCached);
          await row.prime?.(ask);
          const begin = protocol === 'HTTP/2' ? beginHttp2 : beginHttp1;
          const askedPerRun: number[] = [];
          for (let run = 0; run < 2; run++) {
            apply(name, row.settings((rounds += 1)), isCached);
            const before = world.asked.length;
            assert.equal(await row.run(ask, begin), row.wanted, run === 0 ? 'the first time' : 'again');
            await world.quiet();
            askedPerRun.push(world.asked.length - before);
          }
          const [first, again] = askedPerRun;
          if (row.isOwnAnswer) assert.deepEqual(askedPerRun, [0, 0], 'the edge answers itself');
          else {
            assert.equal(first! > 0, !(isCached && row.prime), 'the first answer comes from home');
            assert.equal(again === 0, isCached, 'the second comes from the cache where there is one');
          }
        });
      }
    });
  }
}

test('the table has every step there is', () => {
  assert.deepEqual([...Object.keys(rows), 'cache'].toSorted(), [...routeStepNames].toSorted());
});

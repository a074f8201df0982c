// `sallyport demo` as a person or a script starts it: what it prints, what answers, and how it stops.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { get as getHttps } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { healthSchema } from '#model/live/health.ts';
import { createServer as createOrigin, get as getHttp, type IncomingMessage, type Server } from 'node:http';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { within } from '../support/eventually.ts';
import { startProcess } from '../support/process.ts';

let demo: Demo;
let origin: Server;

before(async () => {
  origin = createOrigin((request, response) => response.end(`origin saw ${request.headers.host}`));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  demo = await startDemo({ services: { 'app.localhost': `http://127.0.0.1:${port}` } });
});
after(async () => {
  await demo?.close();
  origin.close();
});

interface Page {
  readonly status: number;
  readonly fields: IncomingMessage['headers'];
  readonly body: string;
}

/** A GET over HTTP/1.1; `*.localhost` is loopback whatever this machine's resolver says. */
function get(url: string, ca: string): Promise<Page> {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    getHttps(
      {
        ...{ host: '127.0.0.1', port, path: pathname, servername: hostname, ca, agent: false },
        headers: { Host: host },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, fields: response.headers, body }));
        response.on('error', reject);
      },
    ).on('error', reject);
  });
}

test('S3-23 S3-24 a page that says s-maxage is a HIT the second time, with no second switch', async () => {
  const url = `${demo.hostnames['blog.localhost']!}/posts/a-door-that-opens-outward`;
  const words: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    const { status, fields } = await get(url, demo.ca);
    assert.equal(status, 200);
    assert.match(String(fields['content-type']), /^text\/html/);
    words.push(fields['cf-cache-status'], String(fields['cache-status']).replace(/ttl=\d+/, 'ttl=n'));
  }
  assert.deepEqual(words, ['MISS', 'sallyport; fwd=uri-miss; ttl=n; stored', 'HIT', 'sallyport; hit; ttl=n']);
});

test('`--output json` prints one object of the promised shape, and no request is in the log but the one that was answered', () => {
  const { process: running, ...facts } = demo;
  assert.equal(running.stdout().trim().split('\n').length, 1);
  const printed = JSON.parse(running.stdout()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(printed).toSorted(), [
    ...['adminSocket', 'caFile', 'dashboard', 'edgeAddress', 'hostnames', 'http', 'https', 'metrics'],
    ...['ready', 'tunnelToken'],
  ]);
  assert.equal(printed['ready'], true);
  assert.equal(facts.https, `https://localhost:${facts.httpsPort}`);
  assert.equal(facts.edgeAddress, `localhost:${facts.httpsPort}`);
  assert.deepEqual(facts.hostnames, {
    'blog.localhost': `https://blog.localhost:${facts.httpsPort}`,
    'app.localhost': `https://app.localhost:${facts.httpsPort}`,
  });
  assert.doesNotMatch(readFileSync(join(demo.dataDir, 'access.log'), 'utf8'), /"status":5/);
});

test('the blog and a service of the user answer over HTTP/1.1', async () => {
  const blog = await get(`${demo.hostnames['blog.localhost']!}/`, demo.ca);
  assert.equal(blog.status, 200);
  assert.match(blog.body, /<title>/);
  const app = await get(`${demo.hostnames['app.localhost']!}/`, demo.ca);
  assert.equal(app.body, `origin saw app.localhost:${demo.httpsPort}`);
});

test('the blog answers over HTTP/2', async () => {
  const session = connectHttp2(demo.hostnames['blog.localhost']!, {
    ca: demo.ca,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const stream = session.request({ ':path': '/about' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(headers[':status'], 200);
  session.destroy();
});

test('plain http is redirected to the https port', async () => {
  const asked = getHttp({
    ...{ host: '127.0.0.1', port: demo.httpPort, path: '/about?x=1', agent: false },
    headers: { Host: `blog.localhost:${demo.httpPort}` },
  });
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 308);
  assert.equal(answer.headers.location, `${demo.hostnames['blog.localhost']!}/about?x=1`);
});

test('the metrics servers answer, and each listener of the edge is ready', async () => {
  for (const url of Object.values(demo.metrics)) assert.equal((await fetch(url)).status, 200);
  const edge = demo.metrics.edge.replace(/metrics$/, '');
  assert.equal((await fetch(`${edge}healthz`)).status, 200);
  const ready = await fetch(`${edge}readyz`);
  assert.equal(ready.status, 200);
  const health = healthSchema.parse(await ready.json());
  const kinds = new Set(health.parts.map(({ kind }) => kind));
  for (const kind of ['listener', 'store', 'certificate', 'tunnel', 'origin'] as const)
    assert.ok(kinds.has(kind), `there is a part of the kind ${kind}`);
  assert.ok(health.parts.every(({ sinceMs }) => sinceMs > 0 && sinceMs <= Date.now()));
  const text = await (await fetch(`${edge}readyz?format=text`)).text();
  assert.match(text, /^(ok|degraded): .*\n/);
  assert.match(text, /^listener +\d+ ok$/m);
  const curl = await fetch(`${edge}readyz`, { headers: { 'User-Agent': 'curl/8.14.1' } });
  assert.match(curl.headers.get('content-type')!, /^text\/plain/);
});

test('`health` tells of each part; `status` counts them', async () => {
  const asked = async (...words: string[]) => {
    const running = startProcess(sallyportCommand, [...words, '--socket', demo.adminSocket]);
    await running.ended;
    return running.stdout();
  };
  const health = healthSchema.parse(
    JSON.parse(await asked('health', '--kind', 'origin', '--output', 'json')),
  );
  assert.ok(health.parts.length > 0);
  assert.ok(health.parts.every(({ kind }) => kind === 'origin'));
  const listed = await asked('health', '--all', '--kind', 'listener');
  assert.match(listed, /^ok +listener https, since \d{4}-/m);
  assert.match(await asked('status'), /^Health +.*\d+ ok/m);
});

test('`tunnel ready` asks the connector of the demo', async () => {
  const running = startProcess(sallyportCommand, [
    ...['tunnel', 'ready', '--metrics', new URL(demo.metrics.connector).host, '--output', 'json'],
  ]);
  assert.equal(await running.ended, 0, running.stderr());
  const answer = JSON.parse(running.stdout()) as { readyConnections: number };
  assert.ok(answer.readyConnections > 0);
});

test('a port that is taken is one sentence and exit code 1', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const running = startProcess(sallyportCommand, [
    'demo',
    '--https-port',
    String(port),
    '--data',
    demo.dataDir,
  ]);
  assert.equal(await running.ended, 1);
  assert.match(
    running.stderr(),
    /^sallyport: Port \d+ on this machine is taken or not allowed; choose another with --https-port\.\n$/,
  );
  blocker.close();
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} stops it within three seconds with exit code 0, and nothing listens any more`, async () => {
    const another = await startDemo();
    another.process.child.kill(signal);
    assert.equal(await within('the demo ends', 3_000, another.process.ended), 0, another.process.stderr());
    for (const port of [another.httpsPort, another.httpPort]) {
      const socket = connect(port, '127.0.0.1');
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      assert.equal(error.code, 'ECONNREFUSED');
    }
    await another.close();
  });
}

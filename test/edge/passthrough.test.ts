// The blind edge: TLS that ends at home, in a real nginx behind a connector, reached by curl and openssl through the edge's
// https port. The edge has no key for the name, shows none, and what it carries cannot be read there.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PortEntry } from '#model/edge-snapshot.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isInstalled, run, type RunningProcess, startProcess } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

const name = 'nas.test';
const secret = 'what only the two ends may read';
let folder: string;
let ca: TestCertificate;
let nginx: RunningProcess;
let origin: RecordingOrigin;
let world: EdgeWorld;
/** Everything that passed between the connector and nginx, which is what the edge carried. */
let carried: () => Buffer;
let closeRelay: () => void;
let homePort: number;

before(async () => {
  for (const program of ['nginx', 'curl', 'openssl'])
    assert.ok(
      await isInstalled(program),
      `${program} is missing; install it with: apt-get install ${program}`,
    );
  folder = mkdtempSync(join(tmpdir(), 'sallyport-blind-'));
  ca = createCertificate({ name: 'home CA', isCa: true });
  const own = createCertificate({ name, names: [name, '*.wild.test'], issuer: ca });
  writeFileSync(join(folder, 'ca.pem'), ca.cert);
  writeFileSync(join(folder, 'cert.pem'), own.cert + ca.cert);
  writeFileSync(join(folder, 'key.pem'), own.key, { mode: 0o600 });
  homePort = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1;
events {}
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${homePort} ssl http2 proxy_protocol;
    ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { default_type text/plain; return 200 "${secret}; $server_protocol, $ssl_server_name, $proxy_protocol_addr\\n"; }
  }
}`,
  );
  nginx = startProcess('nginx', ['-c', join(folder, 'nginx.conf'), '-e', 'stderr']);
  await eventually(`nginx answers: ${nginx.stderr()}`, () => reaches(homePort));
  const relay = await recordingRelay(homePort);
  carried = relay.carried;
  closeRelay = relay.close;
  origin = await RecordingOrigin.start(() => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsite');
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test
    service: ${origin.url}
  - hostname: ${name}
    service: tcp://127.0.0.1:${relay.port}
  - hostname: "*.wild.test"
    service: tcp://127.0.0.1:${relay.port}`,
    hosts: ['a.test'],
  });
  world.apply({ ports: [entryOf(name), entryOf('*.wild.test')] });
});
after(async () => {
  try {
    await world?.close();
  } finally {
    await origin?.close();
    closeRelay?.();
    await nginx?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

function entryOf(hostname: string, change: Partial<PortEntry> = {}): PortEntry {
  const { port = 0 } = change;
  return {
    name: port === 0 ? `tls:${hostname}` : `tls:${port}:${hostname}`,
    ...{ protocol: 'tls', port, address: '127.0.0.1', hostname, tunnelId: world.credentials.tunnelId },
    ...{ proxyProtocol: 'v2', from: [], idleMs: 60_000, maxConnections: 100, maxPerAddress: 100 },
    ...change,
  };
}

function reaches(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    }).on('error', () => resolve(false));
  });
}

function curl(host: string, ...more: string[]): Promise<string> {
  const at = `${host}:${world.port}:127.0.0.1`;
  return run('curl', [
    '-sS',
    '--max-time',
    '20',
    '--cacert',
    join(folder, 'ca.pem'),
    '--resolve',
    at,
    ...more,
    `https://${host}:${world.port}/`,
  ]);
}

test('S0-22 curl reaches nginx at home with its own certificate; ALPN, name and client address get through', async () => {
  assert.equal(await curl(name, '--http2'), `${secret}; HTTP/2.0, ${name}, 127.0.0.1\n`);
  assert.equal(await curl(name, '--http1.1'), `${secret}; HTTP/1.1, ${name}, 127.0.0.1\n`);
  assert.match(await curl(name, '--tls-max', '1.2'), /^what only/);
  assert.match(await curl('deep.wild.test'), /deep\.wild\.test, 127\.0\.0\.1\n$/);
  const line = await world.loggedLine('of a connection', ({ path }) => path === `tls:${name}`);
  assert.deepEqual([line.method, line.status, line.host], ['TLS', 200, name]);
  const wild = await world.loggedLine('of the wildcard', ({ path }) => path === 'tls:*.wild.test');
  assert.equal(wild.host, 'deep.wild.test');
});

test('S0-22 the edge holds no key: openssl sees the certificate of home and nothing of the edge, and the words pass in cipher only', async () => {
  const shown = await run('sh', [
    '-c',
    `openssl s_client -connect 127.0.0.1:${world.port} -servername ${name} -CAfile ${folder}/ca.pem -alpn h2,http/1.1 </dev/null 2>&1`,
  ]);
  assert.match(shown, /issuer=.*home CA/);
  assert.match(shown, /Verify return code: 0 \(ok\)/);
  assert.match(shown, /ALPN protocol: h2/);
  assert.doesNotMatch(shown, /test CA/);
  const before = carried().length;
  await curl(name);
  const bytes = carried().subarray(before);
  assert.ok(bytes.includes(Buffer.from(name)), 'the ClientHello is there');
  assert.ok(!bytes.includes(Buffer.from(secret)), 'the answer is not');
  // The edge's own certificates do not answer for the name, so there is nothing that it could open the connection with.
  const own = await run('sh', [
    '-c',
    `openssl s_client -connect 127.0.0.1:${world.port} -servername a.test </dev/null 2>&1`,
  ]);
  assert.match(own, /issuer=.*test CA/);
});

test('S0-22 other names on the same port, and no name, are the edge’s own; its sites go on as before', async () => {
  const [answer] = await world.ask('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  assert.equal(answer!.body, 'site');
  const nameless = await new Promise<string>((resolve, reject) => {
    const socket = connectTls({ port: world.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    }).on('error', reject);
  });
  assert.equal(nameless, 'test CA');
});

test('CVE-2026-32305 a ClientHello in many segments and records goes to the same place', async () => {
  for (const pieceBytes of [1, 7, 600]) {
    const issuer = await new Promise<string>((resolve, reject) => {
      const relay = connect(world.port, '127.0.0.1');
      const socket = connectTls(
        { socket: dribbling(relay, pieceBytes), servername: name, rejectUnauthorized: false },
        () => {
          resolve(String(socket.getPeerCertificate().issuer.CN));
          socket.destroy();
          relay.destroy();
        },
      ).on('error', reject);
    });
    assert.equal(issuer, 'home CA', `pieces of ${pieceBytes}`);
  }
});

test('what is no ClientHello on a shared port is told so and closed; nothing of it gets home', async () => {
  const before = carried().length;
  const answer = await new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(world.port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: nas.test\r\n\r\n'),
    );
    socket
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('close', () => resolve(Buffer.concat(chunks)))
      .on('error', () => {});
  });
  // A fatal alert, decode_error.
  assert.equal(answer.toString('hex'), '15030300020232');
  assert.equal(carried().length, before);
});

test('a port of its own tells names apart, and refuses a name that nobody has', async () => {
  const port = await freePort();
  world.apply({ ports: [entryOf(name), entryOf('*.wild.test'), entryOf(name, { port })] });
  await eventually('it is open', () => world.edge.ports().every(({ isOpen }) => isOpen));
  const at = ['-sS', '--max-time', '20', '--cacert', join(folder, 'ca.pem')];
  const good = await run('curl', [
    ...at,
    '--resolve',
    `${name}:${port}:127.0.0.1`,
    `https://${name}:${port}/`,
  ]);
  assert.match(good, /^what only/);
  const shown = await run('sh', [
    '-c',
    `openssl s_client -connect 127.0.0.1:${port} -servername other.test </dev/null 2>&1; true`,
  ]);
  assert.match(shown, /unrecognized name/i);
  assert.doesNotMatch(shown, /BEGIN CERTIFICATE/);
});

test('plain HTTP for a name that is passed on leads to https, and a name of nobody does not', async () => {
  const status = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ port: world.httpPort, host: '127.0.0.1', headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      })
        .on('error', reject)
        .end();
    });
  assert.equal(await status(name), 308);
  assert.equal(await status('nobody.test'), 404);
});

/** A connection that writes at most so many bytes at a time, each in a segment of its own. */
function dribbling(socket: Socket, pieceBytes: number): Duplex {
  socket.setNoDelay(true);
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      const step = (at: number): void => {
        if (at >= chunk.length) return done();
        socket.write(chunk.subarray(at, at + pieceBytes), () => setImmediate(step, at + pieceBytes));
      };
      step(0);
    },
  });
  socket.on('data', (chunk) => duplex.push(chunk)).on('end', () => duplex.push(null));
  socket.on('error', (error) => duplex.destroy(error));
  return duplex;
}

/** Keeps everything that passes to and from a port of this machine. */
async function recordingRelay(
  target: number,
): Promise<{ port: number; carried: () => Buffer; close: () => void }> {
  const chunks: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    near.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => far.destroy());
    far.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { port, carried: () => Buffer.concat(chunks), close: () => server.close() };
}

// Files of other programs, imported and applied to a running edge: an frpc.toml's raw services are reached through the ports that it
// becomes, the name whose TLS frps passed on shows the certificate of home, and upstreams of a Caddyfile share a site.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { after, before, test } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { sallyportCommand } from '../support/demo.ts';
import { freePort, run } from '../support/process.ts';
import { openRaw } from '../support/raw-client.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

let edge: OwnEdge;
let origin: RecordingOrigin;
let secure: Server;
const certificate = createCertificate({ name: 'nas', names: ['nas.localhost'] });
const service = createServer((socket) => {
  socket.on('error', () => {}).on('data', (chunk) => socket.write(`home heard ${chunk.toString()}`));
});

before(async () => {
  origin = await RecordingOrigin.start();
  secure = createTlsServer({ cert: certificate.cert, key: certificate.key }, (socket) => {
    socket.on('error', () => {}).end('the nas itself');
  });
  for (const server of [service, secure]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  edge = await OwnEdge.start();
  await edge.serve('home', ['blog.localhost'], origin.url);
});
after(async () => {
  await edge?.close();
  await origin?.close();
  service.close();
  secure?.close();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

test('frp: a tcp proxy is a port and an https proxy a name passed on, once the imported file is applied', async () => {
  const remotePort = await freePort();
  const [toml, lab] = [join(edge.folder, 'frpc.toml'), join(edge.folder, 'lab.yml')];
  writeFileSync(
    toml,
    [
      ...['[[proxies]]', 'name = "echo"', 'type = "tcp"', `localPort = ${portOf(service)}`],
      `remotePort = ${remotePort}`,
      ...['[[proxies]]', 'name = "nas"', 'type = "https"', `localPort = ${portOf(secure)}`],
      'customDomains = ["nas.localhost"]',
      '',
    ].join('\n'),
  );
  await run(sallyportCommand, ['import', toml, '-f', lab, '--tunnel', 'home']);
  const applied = await edge.command('apply', '-f', lab, '--yes');
  assert.equal(applied.code, 0, applied.err);
  const answer = await eventually('the service answers', async () => {
    const socket = connect(remotePort, '127.0.0.1').on('error', () => {});
    socket.write('hello');
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(
      () => [],
    )) as unknown[];
    socket.destroy();
    return chunk instanceof Buffer && chunk.toString();
  });
  assert.equal(answer, 'home heard hello');
  const client = await eventually('the name is passed on', () =>
    openRaw({ port: edge.port, tls: { serverName: 'nas.localhost', ca: certificate.cert } }).catch(
      () => false as const,
    ),
  );
  await client.waitFor('the nas itself');
  client.close();
});

test('Caddy: two upstreams of one site share its requests, once the imported file is applied', async () => {
  const upstreams = await Promise.all(
    ['one', 'two'].map((name) =>
      RecordingOrigin.start(() => `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`),
    ),
  );
  try {
    const [caddyfile, lab] = [join(edge.folder, 'Caddyfile'), join(edge.folder, 'shop.yml')];
    const places = upstreams.map(({ port }) => `127.0.0.1:${port}`).join(' ');
    writeFileSync(
      caddyfile,
      `shop.localhost {\n  reverse_proxy ${places} {\n    lb_policy round_robin\n  }\n}\n`,
    );
    await run(sallyportCommand, ['import', caddyfile, '-f', lab, '--tunnel', 'home']);
    const applied = await edge.command('apply', '-f', lab, '--yes');
    assert.equal(applied.code, 0, applied.err);
    const seen = new Set<string>();
    await eventually('both have answered', async () => {
      const { status, body } = await edge.get('shop.localhost', '/');
      if (status === 200) seen.add(body);
      return seen.size === 2;
    });
    assert.deepEqual([...seen].toSorted(), ['one', 'two']);
  } finally {
    for (const each of upstreams) await each.close();
  }
});

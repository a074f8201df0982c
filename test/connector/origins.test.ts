// Every kind of service behind a real tunnel: TLS with names and roots, HTTP/2, unix sockets, bastion, SOCKS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createCertificate } from '#testkit/certificates.ts';
import { createTestCa, type EdgeSide, startEdgeSide } from './edge-side.ts';
import { echo, startOrigin } from './origins.ts';
import { startWorld, until } from './world.ts';

const ca = createTestCa();
let folder: string;
let edge: EdgeSide;
let secure: Server;
let securePort: number;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-origins-'));
  writeFileSync(join(folder, 'ca.pem'), ca.cert);
  edge = await startEdgeSide();
  const leaf = createCertificate({ name: 'origin', names: ['app.example.com', 'inner.test'], issuer: ca });
  secure = createTlsServer(
    { cert: leaf.cert, key: leaf.key, ALPNProtocols: ['h2', 'http/1.1'], allowHalfOpen: true },
    (socket: TLSSocket) => {
      socket.on('error', () => {});
      socket.write(`${String(socket.servername)} ${String(socket.alpnProtocol)} `);
      socket.pipe(socket);
    },
  );
  secure.on('tlsClientError', () => {});
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  securePort = (secure.address() as { port: number }).port;
});
after(async () => {
  rmSync(folder, { recursive: true });
  secure.close();
  await edge.close();
});

/** Opens one stream of a connector with the given rule, sends `text` and returns what came until `isEnough`. */
async function talk(
  rule: string,
  text: string,
  isEnough: (got: string) => boolean,
  destination = '',
): Promise<string> {
  const world = await startWorld(edge, `  - ${rule.replaceAll('\n', '\n    ')}\n`);
  try {
    await until(() => edge.connections.length === 1, 'rules');
    const probe = edge.open(0, { destination });
    if (text !== '') probe.stream.write(Buffer.from(text, 'latin1'), false);
    await until(
      () => probe.reset !== undefined || isEnough(Buffer.concat(probe.chunks).toString('latin1')),
      'an outcome',
    );
    const got = Buffer.concat(probe.chunks).toString('latin1');
    probe.stream.reset('cancelled');
    return probe.reset ? `${got}${probe.reset.reason}` : got;
  } finally {
    await world.connector.close();
    await until(() => edge.connections.length === 0, 'gone');
  }
}

const has = (what: string) => (got: string) => got.includes(what);

test('https verifies the name against caPool', async () => {
  const rule = `service: https://127.0.0.1:${securePort}\noriginRequest: {caPool: ${join(folder, 'ca.pem')}, originServerName: inner.test}`;
  assert.equal(await talk(rule, 'ping', has('ping')), 'inner.test http/1.1 ping');
});

test('https without the CA, or with the wrong name, fails as TLS', async () => {
  assert.equal(
    await talk(
      `service: https://127.0.0.1:${securePort}\noriginRequest: {originServerName: inner.test}`,
      'x',
      () => false,
    ),
    'origin-tls',
  );
  const wrong = `service: https://127.0.0.1:${securePort}\noriginRequest: {caPool: ${join(folder, 'ca.pem')}, originServerName: other.test}`;
  assert.equal(await talk(wrong, 'x', () => false), 'origin-tls');
  const byAddress = `service: https://127.0.0.1:${securePort}\noriginRequest: {caPool: ${join(folder, 'ca.pem')}}`;
  assert.equal(await talk(byAddress, 'x', () => false), 'origin-tls');
});

test('noTLSVerify and matchSNItoHost: any certificate, the name of the request', async () => {
  const rule = `service: https://127.0.0.1:${securePort}\noriginRequest: {noTLSVerify: true, matchSNItoHost: true}`;
  assert.equal(await talk(rule, 'ping', has('ping')), 'app.example.com http/1.1 ping');
});

test('http2Origin offers h2, and refuses an origin that does not', async () => {
  const rule = (port: number): string =>
    `service: https://127.0.0.1:${port}\noriginRequest: {noTLSVerify: true, http2Origin: true}`;
  assert.equal(await talk(rule(securePort), 'ping', has('ping')), 'false h2 ping');
  const leaf = createCertificate({ name: 'old', names: ['old.test'], issuer: ca });
  const old = createTlsServer({ cert: leaf.cert, key: leaf.key }, (socket) => socket.on('error', () => {}));
  old.on('tlsClientError', () => {});
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  assert.equal(await talk(rule((old.address() as { port: number }).port), 'x', () => false), 'origin-tls');
  old.close();
});

test('a caPool that is missing or empty refuses the rules with one sentence', async () => {
  const file = join(folder, 'empty.pem');
  writeFileSync(file, '');
  await assert.rejects(
    talk(`service: https://x\noriginRequest: {caPool: ${file}}`, '', () => true),
    /does not hold PEM certificates/,
  );
  await assert.rejects(
    talk('service: https://x\noriginRequest: {caPool: /nonexistent.pem}', '', () => true),
    /could not be read/,
  );
});

test('unix sockets', async () => {
  const path = join(folder, 'echo.sock');
  const server = createPlainServer({ allowHalfOpen: true }, echo).listen(path);
  await once(server, 'listening');
  assert.equal(await talk(`service: unix:${path}`, 'ping', has('ping')), 'ping');
  server.close();
});

test('a scheme without a default port, and without one in the rule, is unreachable', async () => {
  assert.equal(await talk('service: ftp://127.0.0.1', 'x', () => false), 'origin-unreachable');
});

const loopbackAllowed = 'originRequest: {ipRules: [{prefix: 127.0.0.0/8, allow: true}]}';

test('a bastion goes where ipRules allow, by address or by name', async () => {
  const origin = await startOrigin(echo);
  const rule = `service: bastion\n${loopbackAllowed}`;
  assert.equal(await talk(rule, 'ping', has('ping'), `127.0.0.1:${origin.port}`), 'ping');
  assert.equal(await talk(rule, 'ping', has('ping'), `localhost:${origin.port}`), 'ping');
  origin.close();
});

for (const [name, rule, destination] of [
  ['without ipRules', 'service: bastion', '127.0.0.1:80'],
  ['outside of ipRules', `service: bastion\n${loopbackAllowed}`, '10.0.0.1:80'],
  [
    'at another port',
    'service: bastion\noriginRequest: {ipRules: [{prefix: 0.0.0.0/0, ports: [22], allow: true}]}',
    '127.0.0.1:80',
  ],
  [
    'where an earlier entry denies',
    'service: bastion\noriginRequest: {ipRules: [{prefix: 127.0.0.1/32, allow: false}, {prefix: 0.0.0.0/0, allow: true}]}',
    '127.0.0.1:80',
  ],
  [
    'to cloud metadata, whatever ipRules say',
    'service: bastion\noriginRequest: {ipRules: [{prefix: 0.0.0.0/0, allow: true}]}',
    '169.254.169.254:80',
  ],
  [
    'in another spelling',
    'service: bastion\noriginRequest: {ipRules: [{prefix: "::/0", allow: true}]}',
    '[::ffff:169.254.169.254]:80',
  ],
  ['without a destination', `service: bastion\n${loopbackAllowed}`, ''],
] as const) {
  test(`a bastion refuses ${name}`, async () => {
    assert.equal(await talk(rule, 'x', () => false, destination), 'origin-not-allowed');
  });
}

function socksRequest(port: number, host = '\x01\x7f\0\0\x01', command = 1): string {
  return `\x05\x01\0\x05${String.fromCharCode(command)}\0${host}${String.fromCharCode(port >> 8, port & 0xff)}`;
}

const granted = '\x05\0\x05\0\0\x01\0\0\0\0\0\0';

test('SOCKS 5 connects by address and by name, and bytes that come early are kept', async () => {
  const origin = await startOrigin(echo);
  const rule = `service: socks-proxy\n${loopbackAllowed}`;
  assert.equal(await talk(rule, `${socksRequest(origin.port)}ping`, has('ping')), `${granted}ping`);
  assert.equal(
    await talk(rule, `${socksRequest(origin.port, '\x03\x09localhost')}ping`, has('ping')),
    `${granted}ping`,
  );
  origin.close();
});

test('SOCKS 5 refuses what ipRules do not allow, other commands and other versions', async () => {
  const rule = `service: socks-proxy\n${loopbackAllowed}`;
  assert.equal(
    await talk(rule, socksRequest(80, '\x01\x0a\0\0\x01'), () => false),
    '\x05\0\x05\x02\0\x01\0\0\0\0\0\0origin-not-allowed',
  );
  assert.match(await talk(rule, socksRequest(80, '\x01\x7f\0\0\x01', 2), has('\x05\x07')), /\x05\x07/);
  assert.equal(await talk(rule, 'GET / HTTP/1.1\r\n\r\n', () => false), 'protocol-error');
  assert.equal(await talk(rule, '\x05\x01\x02', has('\xff')), '\x05\xff');
});

// Whom a connector trusts, and what it says when it does not: real TLS on loopback with certificates made here.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { isSallyportError } from '#base/errors.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { listenForTunnels } from '#testkit/tunnel-listener.ts';
import { pinOfCertificate } from './edge-trust.ts';
import { dialTlsSocket, type TlsDialOptions } from './tls-dial.ts';
import { tlsTransport, tunnelAlpnProtocol } from './tls-transport.ts';
import { TrustedRoots } from './trusted-roots.ts';

const dayMs = 86_400_000;
const ca = createCertificate({ name: 'Home CA', isCa: true });
const otherCa = createCertificate({ name: 'Other CA', isCa: true });
/** Bears the CA's name, but not its key. */
const impostorCa = createCertificate({ name: 'Home CA', isCa: true });
const middle = createCertificate({ name: 'Middle CA', isCa: true, issuer: ca });
const names = ['edge.test', '127.0.0.1'];
const good = createCertificate({ name: 'edge', names, issuer: ca });
const caPin = pinOfCertificate(ca.der);
/** As the internal CA makes its root: for leaves only, and for its names only. */
const strictCa = createCertificate({
  name: 'Strict CA',
  isCa: true,
  pathLength: 0,
  permittedNames: ['edge.test', '127.0.0.1'],
});
const strictPin = pinOfCertificate(strictCa.der);
const strictMiddle = createCertificate({ name: 'Middle CA', isCa: true, issuer: strictCa });

interface Case {
  readonly name: string;
  readonly chain: readonly TestCertificate[];
  readonly options: Partial<TlsDialOptions>;
  /** What the error says; undefined when the dial succeeds. */
  readonly says?: RegExp;
}

const cases: readonly Case[] = [
  { name: 'a CA file vouches', chain: [good], options: { caText: ca.cert } },
  { name: 'a CA file vouches by name', chain: [good], options: { caText: ca.cert, serverName: 'edge.test' } },
  { name: 'the pin vouches', chain: [good, ca], options: { caPin } },
  { name: 'the pin vouches by name', chain: [good, ca], options: { caPin, serverName: 'edge.test' } },
  {
    name: 'the pin vouches through an intermediate',
    chain: [createCertificate({ name: 'edge', names, issuer: middle }), middle, ca],
    options: { caPin },
  },
  {
    name: 'the pin vouches within its constraints',
    chain: [createCertificate({ name: 'edge', names, issuer: strictCa }), strictCa],
    options: { caPin: strictPin },
  },
  {
    name: 'the pinned CA may have no other CA below it',
    chain: [createCertificate({ name: 'edge', names, issuer: strictMiddle }), strictMiddle, strictCa],
    options: { caPin: strictPin },
    says: /not properly signed \(PATH_LENGTH_EXCEEDED\)/,
  },
  {
    name: 'the pinned CA may not vouch for the name',
    chain: [createCertificate({ name: 'edge', names: ['other.test'], issuer: strictCa }), strictCa],
    options: { caPin: strictPin, serverName: 'other.test' },
    says: /issued by "CN=Strict CA", which may not vouch for other\.test/,
  },
  {
    name: 'nobody vouches',
    chain: [good, ca],
    options: {},
    says: /issued by "CN=Home CA", which this machine does not trust/,
  },
  {
    name: 'another CA’s pin',
    chain: [good, ca],
    options: { caPin: pinOfCertificate(otherCa.der) },
    says: /does not trust/,
  },
  { name: 'another CA’s file', chain: [good, ca], options: { caText: otherCa.cert }, says: /does not trust/ },
  { name: 'the pinned CA is not sent', chain: [good], options: { caPin }, says: /does not trust/ },
  {
    name: 'the pinned CA is sent, but did not sign',
    chain: [createCertificate({ name: 'edge', names, issuer: impostorCa }), ca],
    options: { caPin },
    says: /not properly signed|does not trust/,
  },
  {
    name: 'an ordinary certificate of the CA signs another',
    chain: [createCertificate({ name: 'edge', names, issuer: good }), good, ca],
    options: { caPin },
    says: /not properly signed|does not trust/,
  },
  {
    name: 'a client certificate',
    chain: [createCertificate({ name: 'edge', names, issuer: ca, purpose: 'clientAuth' }), ca],
    options: { caPin },
    says: /not properly signed \(INVALID_PURPOSE\)/,
  },
  {
    name: 'another name',
    chain: [good, ca],
    options: { caPin, serverName: 'other.test' },
    says: /is for edge\.test, 127\.0\.0\.1, not for other\.test/,
  },
  {
    name: 'another name, CA file',
    chain: [good],
    options: { caText: ca.cert, serverName: 'other.test' },
    says: /not for other\.test/,
  },
  {
    name: 'no name at all',
    chain: [createCertificate({ name: 'edge.test', issuer: ca }), ca],
    options: { caPin, serverName: 'edge.test' },
    says: /is for no name at all, not for edge\.test/,
  },
  {
    name: 'a clock that is behind, pin',
    chain: [good, ca],
    options: { caPin, wallMs: () => Date.UTC(2001, 1, 3) },
    says: /valid only from 20.*clock says 2001-02-03T00:00:00\.000Z; set the clock/,
  },
  {
    name: 'a certificate of the future, CA file',
    chain: [createCertificate({ name: 'edge', names, issuer: ca, notBefore: new Date(Date.now() + dayMs) })],
    options: { caText: ca.cert },
    says: /valid only from .* clock says/,
  },
  {
    name: 'an expired certificate, CA file',
    chain: [createCertificate({ name: 'edge', names, issuer: ca, notAfter: new Date(Date.now() - 1_000) })],
    options: { caText: ca.cert },
    says: /expired at .* clock says .*renew the edge's certificate/,
  },
  {
    name: 'an expired certificate, pin',
    chain: [
      createCertificate({ name: 'edge', names, issuer: ca, notAfter: new Date(Date.now() - 1_000) }),
      ca,
    ],
    options: { caPin },
    says: /expired at/,
  },
];

for (const { name, chain, options, says } of cases) {
  test(`dialling an edge: ${name} → ${says ? 'refused with the reason' : 'accepted'}`, async () => {
    const listener = await listenForTunnels(chain.map(({ cert }) => cert).join(''), chain[0]!.key);
    try {
      const dialled = dial({ port: listener.port, ...options });
      if (says)
        await assert.rejects(
          dialled,
          (error) => isSallyportError(error, 'certificate-invalid') && says.test(error.message),
        );
      else (await dialled).destroy();
    } finally {
      listener.close();
    }
  });
}

test('an edge that is not there, has no such name, or says nothing: each is told apart', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  await assert.rejects(dial({ port, timeoutMs: 50 }), /did not answer within 0\.05 s/);
  silent.close();
  silent.unref();
  const gone = createServer();
  await new Promise<void>((resolve) => void gone.listen(0, '127.0.0.1', resolve));
  const freePort = (gone.address() as AddressInfo).port;
  await new Promise((resolve) => void gone.close(resolve));
  await assert.rejects(
    dial({ port: freePort }),
    /127\.0\.0\.1:\d+ refused the connection; check that the edge runs/,
  );
  await assert.rejects(
    dial({ port: freePort, host: 'edge.invalid' }),
    /edge\.invalid:\d+ (does not exist in DNS|could not be resolved)/,
  );
});

test('a port that speaks no TLS, an edge without TLS 1.3 and one without our protocol are told apart', async () => {
  const plain = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => void plain.listen(0, '127.0.0.1', resolve));
  await assert.rejects(dial({ port: (plain.address() as AddressInfo).port }), /does not speak TLS/);
  plain.close();
  const old = await listenForTunnels(good.cert + ca.cert, good.key, { maxVersion: 'TLSv1.2' });
  await assert.rejects(dial({ port: old.port, caPin }), /does not offer TLS 1\.3/);
  old.close();
  const foreign = await listenForTunnels(good.cert + ca.cert, good.key);
  const dialled = dialTlsSocket(
    { ...base, port: foreign.port, caPin },
    'other/1',
    new AbortController().signal,
  );
  await assert.rejects(dialled, /does not offer the tunnel protocol|does not speak other\/1/);
  foreign.close();
});

test('a dial stops as soon as its signal fires', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  const abort = new AbortController();
  const dialled = dialTlsSocket({ ...base, port: (silent.address() as AddressInfo).port }, 'x', abort.signal);
  abort.abort(new Error('enough'));
  await assert.rejects(dialled, /enough/);
  await assert.rejects(dialTlsSocket({ ...base, port: 1 }, 'x', abort.signal), /enough/);
  silent.close();
});

test('a socket of an older TLS version exports nothing', async () => {
  const listener = await listenForTunnels(good.cert + ca.cert, good.key);
  const socket = await dial({ port: listener.port, caPin });
  socket.getProtocol = () => 'TLSv1.2';
  assert.throws(() => tlsTransport(socket).exporter('EXPORTER-x', 32), /needs TLS 1\.3/);
  socket.destroy();
  listener.close();
});

const base = { host: '127.0.0.1', wallMs: Date.now };

function dial(
  options: Partial<TlsDialOptions> & { readonly port: number },
): ReturnType<typeof dialTlsSocket> {
  return dialTlsSocket({ ...base, ...options }, tunnelAlpnProtocol, new AbortController().signal);
}

test('the roots of the machine are asked when what the operator named does not vouch, and at once from then on', async () => {
  const before = getCACertificates('default');
  const listener = await listenForTunnels(good.cert, good.key);
  setDefaultCACertificates([ca.cert]);
  try {
    const roots = new TrustedRoots();
    const options = { port: listener.port, caText: otherCa.cert, roots };
    (await dial(options)).destroy();
    assert.equal(roots.areMachineRootsNeeded, true);
    const seen = listener.connectionCount;
    (await dial(options)).destroy();
    assert.equal(listener.connectionCount, seen + 1);
  } finally {
    setDefaultCACertificates(before);
    listener.close();
  }
});

test('an edge that the named CA vouches for never has the machine’s roots parsed', async () => {
  const listener = await listenForTunnels(good.cert + ca.cert, good.key);
  const roots = new TrustedRoots();
  for (const trust of [{ caText: ca.cert }, { caPin }]) {
    (await dial({ port: listener.port, roots, ...trust })).destroy();
  }
  assert.equal(roots.areMachineRootsNeeded, false);
  listener.close();
});

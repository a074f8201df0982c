// The certificates that the internal CA writes by hand, before judges that had no part in writing them: OpenSSL's
// command line (strict RFC 5280 checks) and Node's X509Certificate. docs/adr/0003-own-x509-writer.md says why.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemRandom } from '#base/random.ts';
import { issueLeaf, issueRoot } from '#certs/x509-issue.ts';
import type { IssuedCertificate } from '#certs/x509-write.ts';
import { createCertificate } from '#testkit/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-x509-'));
after(() => rmSync(folder, { recursive: true }));

const dayMs = 86_400_000;
/** Whole seconds, as certificates have them. */
const nowMs = Math.floor(Date.now() / 1000) * 1000;
const commonName = 'Test root';
const root = issueRoot({
  commonName,
  permittedNames: ['lab.test', '192.0.2.7', '2001:db8::7'],
  notBeforeMs: nowMs - dayMs,
  notAfterMs: nowMs + 9_000 * dayMs,
  random: systemRandom,
});

function leafFor(...names: string[]): IssuedCertificate {
  return issueLeaf({
    names,
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + 7 * dayMs,
    issuerName: commonName,
    issuerKey: createPrivateKey(root.keyPem),
    random: systemRandom,
  });
}

/** What `openssl verify` says of a leaf below the root: 'OK' or the error's text. */
function verify(leafPem: string, options: string[] = [], between: readonly string[] = []): string {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const args = [
    'verify',
    // The test kit's intermediates have no key identifiers, which strictness asks for.
    ...(between.length > 0 ? [] : ['-x509_strict']),
    ...['-purpose', 'sslserver', '-no-CApath', '-CAfile', file('root.pem', root.certPem)],
    ...(between.length > 0 ? ['-untrusted', file('between.pem', between.join(''))] : []),
    ...options,
    file('leaf.pem', leafPem),
  ];
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  const said = `${stdout}${stderr}`;
  return status === 0 ? 'OK' : (/depth lookup: (.*)/.exec(said)?.[1] ?? said);
}

test('OpenSSL accepts a leaf of the internal CA for each of its names, and for no other', () => {
  const { certPem } = leafFor('lab.test', '*.lab.test', '192.0.2.7', '2001:db8::7');
  for (const name of ['lab.test', 'blog.lab.test'])
    assert.equal(verify(certPem, ['-verify_hostname', name]), 'OK', name);
  for (const address of ['192.0.2.7', '2001:db8::7'])
    assert.equal(verify(certPem, ['-verify_ip', address]), 'OK', address);
  assert.equal(verify(certPem, ['-verify_hostname', 'a.b.lab.test']), 'hostname mismatch');
  assert.equal(verify(certPem, ['-verify_ip', '192.0.2.8']), 'IP address mismatch');
  assert.match(verify(certPem, ['-purpose', 'sslclient']), /unsuit/);
});

test('the internal root can sign for nothing but its names: OpenSSL enforces its constraints', () => {
  for (const name of ['example.com', 'notlab.test', '192.0.2.8', '2001:db8::8'])
    assert.equal(verify(leafFor('lab.test', name).certPem), 'permitted subtree violation', name);
});

test('the internal root cannot have a CA below it', () => {
  const issuer = { ...testCertificate(root), name: commonName };
  const middle = createCertificate({ name: 'Middle', isCa: true, issuer });
  const leaf = createCertificate({ name: 'leaf', names: ['lab.test'], issuer: middle });
  assert.equal(verify(leaf.cert, [], [middle.cert]), 'path length constraint exceeded');
});

test('leaf and root are good from their first second to their last', () => {
  const { certPem } = leafFor('lab.test');
  const at = (ms: number): string => verify(certPem, ['-attime', String(ms / 1000)]);
  assert.equal(at(nowMs - dayMs), 'OK');
  assert.equal(at(nowMs - dayMs - 1000), 'certificate is not yet valid');
  // OpenSSL counts the last second itself as too late.
  assert.equal(at(nowMs + 7 * dayMs - 1000), 'OK');
  assert.equal(at(nowMs + 7 * dayMs + 1000), 'certificate has expired');
  const read = new X509Certificate(certPem);
  assert.equal(read.validFromDate.getTime(), nowMs - dayMs);
  assert.equal(read.validToDate.getTime(), nowMs + 7 * dayMs);
  // After 2049 times are written in another form (RFC 5280 section 4.1.2.5).
  assert.equal(new X509Certificate(root.certPem).validToDate.getTime(), nowMs + 9_000 * dayMs);
});

test('Node reads the same out of the certificates', () => {
  const leaf = leafFor('lab.test', '192.0.2.7');
  const read = new X509Certificate(leaf.certPem);
  const ca = new X509Certificate(root.certPem);
  assert.ok(read.checkIssued(ca) && read.verify(ca.publicKey));
  assert.ok(read.checkPrivateKey(createPrivateKey(leaf.keyPem)));
  assert.equal(read.subjectAltName, 'DNS:lab.test, IP Address:192.0.2.7');
  assert.deepEqual([read.ca, ca.ca], [false, true]);
});

test('serial numbers are positive, 16 octets long and never the same', () => {
  const serials = Array.from(
    { length: 200 },
    () => new X509Certificate(leafFor('lab.test').certPem).serialNumber,
  );
  assert.equal(new Set(serials).size, serials.length);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

function testCertificate({ certPem, keyPem }: IssuedCertificate): ReturnType<typeof createCertificate> {
  const privateKey = createPrivateKey(keyPem);
  return { der: new X509Certificate(certPem).raw, cert: certPem, key: keyPem, name: '', privateKey };
}

// testssl.sh (Debian's) as the judge of the edge's TLS, on loopback: everything that it looks at must be as for an A+ of SSL
// Labs' rating guide. Debian's version gives findings and no grade, so each finding that would cost a grade is a failure:
// versions below 1.2, ciphers without forward secrecy or authentication, any vulnerability, a chain that is not trusted, a
// weak key, and no HSTS of half a year (which the origin sends).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDemo } from '../support/demo.ts';
import { isInstalled, startProcess } from '../support/process.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** The guide wants 15,552,000 s at least. */
const hstsSeconds = 31_536_000;
/** The whole run takes two minutes on an idle machine; a program that hangs is ended. */
const limitMs = 15 * 60_000;
/**
 * Findings that say nothing of the edge's TLS: its certificate lives for a week, a CA of one's own has no public services,
 * and further security headers are the origin's.
 */
const ofOthers = [
  'security_headers',
  'cert_notAfter',
  'cert_expirationStatus',
  'cert_crlDistributionPoints',
  'cert_ocspURL',
  'cert_revocation',
  'cert_extlifeSpan',
  'DNS_CAArecord',
  'certificate_transparency',
  'OCSP_stapling',
  'cert_validityPeriod',
];
const missing = (await isInstalled('testssl'))
  ? false
  : 'testssl.sh is missing; test/system-packages.sh installs it';

test(
  'S0-19 testssl.sh finds nothing that would cost an A+',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const origin = createServer((_request, response) => {
      response.setHeader('Strict-Transport-Security', `max-age=${hstsSeconds}; includeSubDomains`);
      response.end('<!doctype html><title>secure</title>');
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    context.after(() => origin.close());
    const { port } = origin.address() as AddressInfo;
    const demo = await startDemo({ services: { 'secure.localhost': `http://127.0.0.1:${port}` } });
    context.after(() => demo.close());
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-testssl-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'findings.json');
    const running = startProcess('testssl', [
      ...['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1'],
      ...['--openssl-timeout', '60', '--connect-timeout', '60', '--add-ca', demo.caFile, '--jsonfile', file],
      `https://secure.localhost:${demo.httpsPort}/`,
    ]);
    context.after(() => running.kill());
    await running.ended;
    const findings = JSON.parse(readFileSync(file, 'utf8')) as Finding[];
    const byId = new Map(findings.map((finding) => [finding.id.split(' ')[0]!, finding]));
    const told = (id: string): string => byId.get(id)?.finding ?? `testssl.sh says nothing of ${id}`;

    for (const version of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1'])
      assert.match(told(version), /not offered/, version);
    for (const version of ['TLS1_2', 'TLS1_3']) assert.match(told(version), /^offered/, version);
    assert.match(told('HSTS_time'), /36[0-9] days|365/);
    assert.match(told('cert_chain_of_trust'), /passed|Ok/i);
    assert.ok(findings.length > 80, `only ${findings.length} findings: ${running.stdout().slice(-2000)}`);

    const bad = findings.filter(
      ({ id, severity }) =>
        ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].includes(severity) &&
        !ofOthers.some((own) => id.startsWith(own)),
    );
    assert.deepEqual(
      bad.map(({ id, severity, finding }) => `${severity} ${id}: ${finding}`),
      [],
    );
  },
);

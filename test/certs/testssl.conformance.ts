// testssl.sh (Debian's) as the judge of the edge's TLS, on loopback: an A+ by SSL Labs' rating guide. From 3.1 on it says the
// grade itself; Debian 12's version gives findings, which ssl-labs-grade.ts puts together by the guide. Beside the grade no
// finding may be bad: no version below 1.2, no cipher without forward secrecy or authentication, no vulnerability. The promise
// of https that an A+ asks for is the route's own setting.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OwnEdge } from '../support/own-edge.ts';
import { isInstalled, startProcess } from '../support/process.ts';
import { type Finding, gradeOf } from './ssl-labs-grade.ts';

const hostname = 'secure.localhost';
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
  'S0-19 testssl.sh gives an A+, and finds nothing bad',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const origin = createServer((_request, response) => {
      response.end('<!doctype html><title>secure</title>');
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    context.after(() => origin.close());
    const { port } = origin.address() as AddressInfo;
    const edge = await OwnEdge.start();
    context.after(() => edge.close());
    await edge.serve('home', [hostname], `http://127.0.0.1:${port}`);
    const changed = await edge.command('route', 'update', hostname, '--hsts', '{ includeSubDomains: true }');
    assert.equal(changed.code, 0, changed.err);
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-testssl-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'findings.json');
    const running = startProcess('testssl', [
      ...['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1'],
      ...['--openssl-timeout', '60', '--connect-timeout', '60', '--add-ca', edge.caFile, '--jsonfile', file],
      `https://${hostname}:${edge.port}/`,
    ]);
    context.after(() => running.kill());
    await running.ended;
    const findings = JSON.parse(readFileSync(file, 'utf8')) as Finding[];
    const byId = new Map(findings.map((finding) => [finding.id.split(' ')[0]!, finding]));
    const told = (id: string): string => byId.get(id)?.finding ?? `testssl.sh says nothing of ${id}`;

    for (const version of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1'])
      assert.match(told(version), /not offered/, version);
    for (const version of ['TLS1_2', 'TLS1_3']) assert.match(told(version), /^offered/, version);
    const { grade, because } = gradeOf(findings);
    assert.equal(byId.get('overall_grade')?.finding ?? grade, 'A+', because.join('; '));
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

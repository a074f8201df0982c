import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { isFingerprint, readRoots, type RootCertificate } from './root-certificates.ts';
import { rootAnswer } from './root-page.ts';
import { type TrustFacts, trustName, trustPlan, type TrustRequest, type TrustStep } from './trust-plan.ts';

const ca = createCertificate({ name: 'Sallyport internal CA', isCa: true });
const second = createCertificate({ name: 'Sallyport internal CA 2', isCa: true });
const roots = readRoots(ca.cert + second.cert, 'ca.pem');
const root = roots[0] as RootCertificate;

function plan(
  facts: Partial<TrustFacts> & { readonly has?: readonly string[] },
  request: Partial<TrustRequest> = {},
): TrustStep[] {
  const { has = [], ...rest } = facts;
  return trustPlan(
    { roots: [root], action: 'install', system: true, browsers: true, caFile: 'ca.pem', ...request },
    {
      platform: 'linux',
      exists: (path) => has.includes(path),
      hasProgram: (name) => has.includes(name),
      nssDatabases: [],
      ...rest,
    },
  );
}

const systems: readonly [string, readonly string[], string, string][] = [
  [
    'Debian',
    ['/usr/local/share/ca-certificates', 'update-ca-certificates'],
    '/usr/local/share/ca-certificates',
    'update-ca-certificates',
  ],
  [
    'Fedora',
    ['/etc/pki/ca-trust/source/anchors', 'update-ca-trust'],
    '/etc/pki/ca-trust/source/anchors',
    'update-ca-trust extract',
  ],
  [
    'Arch',
    ['/etc/ca-certificates/trust-source/anchors', 'update-ca-trust'],
    '/etc/ca-certificates/trust-source/anchors',
    'update-ca-trust',
  ],
  [
    'openSUSE',
    ['/etc/pki/trust/anchors', 'update-ca-certificates'],
    '/etc/pki/trust/anchors',
    'update-ca-certificates',
  ],
];
for (const [name, has, folder, update] of systems) {
  test(`on ${name} a root goes into ${folder}, and out again`, () => {
    const [write, run] = plan({ has });
    assert.deepEqual(write, {
      ...write,
      kind: 'write',
      file: `${folder}/${trustName(root)}.crt`,
      text: root.pem,
    });
    assert.equal(run?.kind === 'run' && run.command.join(' '), update);
    const [remove] = plan({ has }, { action: 'uninstall' });
    assert.deepEqual(remove, { ...remove, kind: 'remove', file: `${folder}/${trustName(root)}.crt` });
  });
}

const told: readonly [string, Partial<TrustFacts> & { has?: readonly string[] }, RegExp][] = [
  ['macOS', { platform: 'darwin' }, /sudo security add-trusted-cert .*System\.keychain ca\.pem/],
  ['Windows', { platform: 'win32' }, /certutil -addstore -f ROOT ca\.pem/],
  [
    'NixOS',
    { has: ['/etc/NIXOS', '/usr/local/share/ca-certificates', 'update-ca-certificates'] },
    /security\.pki\.certificateFiles = \[ ca\.pem \]/,
  ],
  ['a system that is not known', {}, /no store of a kind that is known here/],
];
for (const [name, facts, text] of told) {
  test(`on ${name} the command is said, and nothing is touched`, () => {
    const steps = plan(facts);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ['say'],
    );
    const [step] = steps;
    assert.match(step?.kind === 'say' ? step.text : '', text);
  });
}

test("browsers' databases get every root, to vouch for web sites only", () => {
  const facts = { nssDatabases: ['/home/o/.pki/nssdb'], has: ['certutil'] };
  const steps = plan(facts, { roots, system: false });
  assert.equal(steps.length, 2);
  const [step] = steps;
  assert.ok(step?.kind === 'run');
  assert.deepEqual(step.command.slice(0, 2), ['certutil', '-A']);
  assert.ok(step.command.includes('C,,') && step.command.includes('sql:/home/o/.pki/nssdb'));
  assert.equal(step.input, root.pem);
  const [removal] = plan(facts, { action: 'uninstall', system: false });
  assert.ok(removal?.kind === 'run' && removal.mayFail && removal.command.includes('-D'));
  const [hint] = plan({ ...facts, has: [] }, { system: false });
  assert.match(hint?.kind === 'say' ? hint.text : '', /libnss3-tools/);
});

test('a fingerprint is compared whatever its colons, spaces and case, and never in part', () => {
  assert.ok(isFingerprint(root.fingerprint.toLowerCase().replaceAll(':', ' '), root));
  assert.ok(!isFingerprint(root.fingerprint.slice(0, 59), root));
  assert.ok(!isFingerprint(roots[1]!.fingerprint, root));
  assert.ok(!isFingerprint('', root));
});

test('only certificates of CAs are taken for roots', () => {
  const leaf = createCertificate({ name: 'leaf', names: ['a.example'], issuer: ca });
  assert.throws(() => readRoots(leaf.cert, 'x.pem'), /no CA's/);
  assert.throws(() => readRoots('nothing', 'x.pem'), /holds no PEM certificate/);
});

test('the plain listener hands out page, bundle and single roots, and nothing else', () => {
  const at = (path: string) => rootAnswer(`/.well-known/sallyport/${path}`, roots);
  assert.match(String(at('ca')?.body), /Compare the fingerprint/);
  assert.ok(String(at('ca')?.body).includes(root.fingerprint.split(':')[0]!));
  assert.equal(String(at('ca.pem')?.body), roots.map(({ pem }) => pem).join(''));
  assert.deepEqual(at('ca.crt')?.body, root.der);
  assert.deepEqual(at('ca-2.crt')?.body, roots[1]!.der);
  for (const path of ['ca-0.crt', 'ca-3.crt', 'ca.key', 'internal-ca.json', 'ca/../internal-ca.json', ''])
    assert.equal(at(path), undefined, path);
});

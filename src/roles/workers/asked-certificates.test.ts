// What a further worker shows for a server name: the certificate that the first process has for it, what a validator waits
// for, and a stand-in, in this order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { AskedCertificates } from './asked-certificates.ts';
import type { CertificateBasics, ShownPem } from './worker-contract.ts';

const name = 'blog.example.com';
const dayMs = 86_400_000;

function shown(names: readonly string[], notAfterMs = Date.now() + dayMs): ShownPem {
  const { cert, key } = createCertificate({ name: names[0]!, names: [...names] });
  return { cert, key, names, notAfterMs, staple: undefined };
}

/** A worker that has asked the first, which shows this for the name; with a challenge for it, and without. */
async function asked(pem: ShownPem | undefined, fallback?: ShownPem) {
  const { cert, key } = createCertificate({ name, names: [name] });
  const quiet: CertificateBasics = {
    ticketKeys: Buffer.alloc(48, 7),
    ...{ needsStaples: false, fallback, challenges: [] },
  };
  const certificates = new AskedCertificates({
    clock: systemClock,
    basics: quiet,
    ask: () => Promise.resolve(pem),
  });
  await certificates.expect(name);
  const before = certificates.contextFor(name);
  certificates.apply({ ...quiet, challenges: [{ name, cert, key }] });
  return { before, during: certificates.contextFor(name), challenge: certificates.challengeFor(name) };
}

test('a certificate of the name is shown, whoever validates meanwhile', async () => {
  for (const names of [[name], ['*.example.com']]) {
    const { before, during } = await asked(shown(names));
    assert.ok(before);
    assert.equal(during, before);
  }
});

test('what a validator waits for is shown rather than a stand-in, which may have a key of another kind', async () => {
  const standIns = [shown(['other.example.com']), shown([name], Date.now() - dayMs)];
  for (const standIn of standIns) {
    const { before, during, challenge } = await asked(standIn);
    assert.ok(before && challenge);
    assert.equal(during, challenge);
  }
  const { before, during, challenge } = await asked(undefined, standIns[0]);
  assert.ok(before && challenge);
  assert.equal(during, challenge);
});

test('where nothing else is, a validator is shown what it waits for, and nobody else anything', async () => {
  const { before, during, challenge } = await asked(undefined);
  assert.equal(before, undefined);
  assert.ok(challenge);
  assert.equal(during, challenge);
});

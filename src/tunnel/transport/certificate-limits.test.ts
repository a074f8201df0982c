import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { certificateLimits } from './certificate-limits.ts';

test('the path length of a CA is read', () => {
  for (const pathLength of [0, 1, 100])
    assert.equal(
      certificateLimits(createCertificate({ name: 'CA', isCa: true, pathLength }).der).pathLength,
      pathLength,
    );
  assert.equal(certificateLimits(createCertificate({ name: 'CA', isCa: true }).der).pathLength, Infinity);
  assert.equal(certificateLimits(createCertificate({ name: 'leaf' }).der).pathLength, Infinity);
});

const permittedNames = ['lab.test', '192.0.2.7', '2001:db8::7'];
const constrained = certificateLimits(createCertificate({ name: 'CA', isCa: true, permittedNames }).der);
const namesOnly = certificateLimits(
  createCertificate({ name: 'CA', isCa: true, permittedNames: ['lab.test'] }).der,
);

for (const [name, isPermitted] of [
  ['lab.test', true],
  ['a.b.LAB.test', true],
  ['notlab.test', false],
  ['test', false],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['2001:db8:0::7', true],
  ['2001:db8::8', false],
] as const) {
  test(`a constrained CA ${isPermitted ? 'may' : 'may not'} vouch for ${name}`, () => {
    assert.equal(constrained.permits(name), isPermitted);
  });
}

test('constraints bind only the kinds of name that they speak of', () => {
  assert.equal(namesOnly.permits('192.0.2.8'), true);
  assert.equal(namesOnly.permits('other.test'), false);
  assert.equal(
    certificateLimits(createCertificate({ name: 'CA', isCa: true }).der).permits('any.test'),
    true,
  );
});

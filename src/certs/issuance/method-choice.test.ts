import assert from 'node:assert/strict';
import { test } from 'node:test';
import { challengeMethods } from '#model/certificates/certificate-record.ts';
import { choiceAfter, methodChoices, methodFault, type MethodFacts } from './method-choice.ts';

const all: MethodFacts = {
  presenter: 'rfc2136 ns1.example.com',
  allowed: challengeMethods,
  hasTlsListener: true,
  hasPlainListener: true,
  isShared: false,
};

const methods = (name: string, change: Partial<MethodFacts>): string[] =>
  methodChoices(name, { ...all, ...change }).map(({ method }) => method);

const cases: readonly [string, string, Partial<MethodFacts>, string[]][] = [
  ['a name with a DNS provider', 'a.example', {}, ['dns-01', 'tls-alpn-01', 'http-01']],
  ['a name without', 'a.example', { presenter: undefined }, ['tls-alpn-01', 'http-01']],
  [
    'a name of several edges',
    'a.example',
    { presenter: undefined, isShared: true },
    ['http-01', 'tls-alpn-01'],
  ],
  ['a name behind a balancer', 'a.example', { presenter: undefined, hasTlsListener: false }, ['http-01']],
  [
    'a name where port 80 is closed',
    'a.example',
    { presenter: undefined, hasPlainListener: false },
    ['tls-alpn-01'],
  ],
  ['a wildcard', '*.a.example', {}, ['dns-01']],
  ['a wildcard without a DNS provider', '*.a.example', { presenter: undefined }, []],
  ['a name whose owner allows one method', 'a.example', { allowed: ['http-01'] }, ['http-01']],
];
for (const [what, name, change, expected] of cases) {
  test(`S4-45 ${what} is validated by ${expected.join(', then ') || 'no method'}`, () => {
    assert.deepEqual(methods(name, change), expected);
  });
}

test('every choice says why', () => {
  assert.equal(methodChoices('a.example', all)[0]!.reason, 'rfc2136 ns1.example.com can write to the zone');
  const [tls] = methodChoices('a.example', { ...all, presenter: undefined });
  assert.equal(tls!.reason, 'no DNS provider covers the name, and this edge answers on port 443');
  assert.match(
    methodFault('*.a.example', { ...all, presenter: undefined }),
    /needs dns-01, and no DNS provider/,
  );
});

test('after a failed validation the next method has its turn, and then the first again', () => {
  const choices = methodChoices('a.example', { ...all, presenter: undefined });
  const tried = [0, 1, 2, 3].map((failed) => choiceAfter(choices, failed)?.method);
  assert.deepEqual(tried, ['tls-alpn-01', 'http-01', 'tls-alpn-01', 'http-01']);
  assert.match(choiceAfter(choices, 1)!.reason, /another method failed before/);
  assert.equal(choiceAfter([], 3), undefined);
});

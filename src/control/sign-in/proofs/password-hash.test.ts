import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { hashOfNothing, hashPassword, isOutdatedHash, isPasswordOf } from '#base/secrets/password-hash.ts';
import { Passwords } from './passwords.ts';

const random = seededRandom(3);
const cheap = { memoryKib: 64, passes: 1, lanes: 1 };

test('a hash made by the reference implementation of argon2 is read', async () => {
  // phc-winner-argon2, src/test.c: version 0x13, argon2id, t=2, m=2^16 and 2^8, p=1 and 2, "password", "somesalt".
  const references = [
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
  ];
  for (const hash of references) {
    assert.equal(await isPasswordOf(hash, 'password'), true, hash);
    assert.equal(await isPasswordOf(hash, 'passwore'), false, hash);
    assert.equal(isOutdatedHash(hash), true);
  }
});

test("a hash of today's cost is at least what OWASP asks for, and needs no other", async () => {
  const hash = await hashPassword('four random words', random);
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await isPasswordOf(hash, 'four random words'), true);
  assert.equal(isOutdatedHash(hash), false);
  assert.equal(isOutdatedHash(hash, cheap), true);
});

test('what looks the same on another keyboard is the same password', async () => {
  const hash = await hashPassword('zażółć gęślą jaźń'.normalize('NFD'), random, cheap);
  assert.equal(await isPasswordOf(hash, 'zażółć gęślą jaźń'.normalize('NFC')), true);
});

test('a text that is no hash is nobody’s password', async () => {
  for (const text of [
    '',
    'password',
    '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ',
    '$2b$10$abcdefghijklmnopqrstuv',
  ])
    assert.equal(await isPasswordOf(text, text), false, text);
});

test('nobody has a password of which nothing is known, at the same cost', async () => {
  const passwords = new Passwords({ random, cost: cheap });
  assert.match(hashOfNothing(random, cheap), /^\$argon2id\$v=19\$m=64,t=1,p=1\$.{22}\$.{43}$/);
  for (const hash of [null, undefined]) {
    assert.deepEqual(await passwords.check('anything', hash), { isRight: false, isOutdated: false });
  }
});

test('one hash is made at a time, few wait, and the rest are asked to come back', async () => {
  const passwords = new Passwords({ random, cost: cheap });
  const all = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.hash('x')));
  const refused = all.filter((each) => each.status === 'rejected');
  assert.equal(refused.length, 8);
  assert.ok(refused.every(({ reason }) => isSallyportError(reason, 'too-many-requests')));
  assert.equal(typeof (await passwords.hash('x')), 'string', 'and then there is room again');
});

// Tokens and credentials files are pasted, cut, re-encoded and edited by hand: whatever comes is read or refused with
// the readers' own error, which never shows the secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSallyportError } from '#base/errors.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import {
  createCredentials,
  formatCredentialsFile,
  formatToken,
  parseCredentialsFile,
  parseToken,
} from './credentials.ts';
import { formatEdgeAddress, parseEdgeAddress } from './transport/edge-address.ts';

const full = createCredentials(seededRandom(1), 'edge.example.com:443', 'A'.repeat(43));
const secret = Buffer.from(full.secret).toString('base64');

function readsOrFails(read: () => unknown, code: Parameters<typeof isSallyportError>[1]): boolean {
  try {
    read();
    return true;
  } catch (error) {
    assert.ok(isSallyportError(error, code), String(error));
    assert.ok(!error.message.includes(secret), error.message);
    return false;
  }
}
const readsToken = (text: string): boolean => readsOrFails(() => parseToken(text), 'credentials-invalid');
const readsFile = (text: string): boolean =>
  readsOrFails(() => parseCredentialsFile(text, 'x.json'), 'credentials-invalid');

test('a token or a file cut short anywhere is refused', () => {
  const token = formatToken(full);
  // Padding is no content: a token without its last `=` is still whole.
  const content = token.replace(/=+$/, '').length;
  for (let end = 0; end < content; end++) assert.equal(readsToken(token.slice(0, end)), false, String(end));
  const file = formatCredentialsFile(full).trimEnd();
  for (let end = 0; end < file.length; end++) assert.equal(readsFile(file.slice(0, end)), false, String(end));
});

test('random text fails only with credentials-invalid', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
      readsToken(text);
      readsFile(text);
    }),
  );
});

test('random fields fail only with credentials-invalid', () => {
  const field = (good: string) => fc.oneof(fc.constant(good), fc.jsonValue(), fc.base64String());
  const fields = fc.record(
    { a: field('account'), s: field(secret), t: field(full.tunnelId), e: field('a:1'), p: field(full.caPin) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fields, fc.jsonValue()), (value) => {
      readsToken(Buffer.from(JSON.stringify(value)).toString('base64'));
    }),
  );
  fc.assert(
    fc.property(fields, ({ a, s, t, e, p }) => {
      readsFile(JSON.stringify({ AccountTag: a, TunnelSecret: s, TunnelID: t, Endpoint: e, CaPin: p }));
    }),
  );
});

test('one changed character of a token is read as other credentials or refused', () => {
  const token = formatToken(full);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ unit: 'binary', maxLength: 2 }), (at, text) => {
      readsToken(token.slice(0, at) + text + token.slice(at + 1));
    }),
  );
});

test('edge addresses go round or fail only with config-invalid', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
      const text = formatEdgeAddress({ host: name, port });
      readsOrFails(() => {
        const parsed = parseEdgeAddress(text);
        assert.deepEqual(parseEdgeAddress(formatEdgeAddress(parsed)), parsed);
      }, 'config-invalid');
      readsOrFails(() => parseEdgeAddress(name), 'config-invalid');
    }),
  );
});

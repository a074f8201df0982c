import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateWorld } from '#testkit/certificate-world.ts';

const blog = 'blog.example.com';

test('S0-19 what one edge puts up for TLS-ALPN-01 any edge with the same store shows before the authority is told', async (context) => {
  const lab = new CertificateWorld({ isShared: true, settings: { methods: ['tls-alpn-01'] } });
  context.after(() => lab.close());
  const ordering = await lab.start([]);
  const other = await lab.start([], { settings: { ...lab.settings(), authorities: [] } });
  const seen: boolean[] = [];
  lab.authority.onValidation = (name) => {
    seen.push(other.board.contextFor(name) !== undefined);
    return undefined;
  };
  ordering.want([blog]);
  await lab.until('a certificate', () => lab.hasAll(ordering, [blog]));
  assert.deepEqual(seen, [true]);
  await lab.pass(10_000, 1_000);
  assert.equal(other.board.contextFor(blog), undefined, 'it is taken down again');
  assert.equal((await lab.vault.answers()).size, 0);
});

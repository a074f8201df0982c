// OCSP stapling end to end: a certificate that names a responder, `openssl ocsp` as that responder, and `openssl s_client`
// as the visitor who asks for its answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pebbleIsMissing } from '../support/pebble.ts';
import { OcspResponder } from '../support/ocsp-responder.ts';
import { startProcess } from '../support/process.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();
const blog = 'blog.example.com';

test(
  'an OCSP answer is shown beside a certificate that names a responder, and a revocation gets another certificate',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const port = await OcspResponder.choosePort();
    const world = await AcmeWorld.create({
      hostnames: [blog],
      // Pebble hands out RSA keys only.
      pebble: { config: { ocspResponderURL: `http://127.0.0.1:${port}`, keyAlgorithm: 'rsa' } },
    });
    context.after(() => world.close());
    const issuer = {
      cert: await world.pebble.managed('/intermediates/0'),
      key: await world.pebble.managed('/intermediate-keys/0'),
    };
    const responder = new OcspResponder({ folder: world.folder, port, issuer });
    world.atClose(() => responder.close());
    world.writeConfig();
    await world.startEdge();
    const { certificate } = await world.trusted(blog);
    const cert = certificate.toString();
    assert.match(
      await stapleOf(world),
      /OCSP response: no response sent/,
      'nothing is shown before there is an answer',
    );
    await responder.serve([{ cert }]);
    await world.edge!.stop();
    await world.startEdge();
    await world.eventually('the answer is shown', async () => {
      const said = await stapleOf(world);
      return /OCSP Response Status: successful/.test(said) && /Cert Status: good/.test(said);
    });
    await responder.serve([{ cert, isRevoked: true }]);
    await world.edge!.stop();
    await world.startEdge();
    await world.said(/has been revoked, says its OCSP responder; another one is needed/);
    await world.eventually('another certificate is shown', async () => {
      const shown = await world.shown(blog);
      return shown.certificate.fingerprint256 !== certificate.fingerprint256;
    });
  },
);

/** What s_client prints of a handshake in which it asks for an OCSP answer. */
async function stapleOf(world: AcmeWorld): Promise<string> {
  const args = ['s_client', '-connect', `127.0.0.1:${world.httpsPort}`, '-servername', blog, '-status'];
  const client = startProcess('openssl', args, { input: '' });
  await client.ended;
  return client.stdout();
}

// Certificates by ACME end to end: an edge process with a few lines of edge.yml, and Pebble, which dials it back.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pebbleIsMissing } from '../support/pebble.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();

test(
  'S0-19 a hostname in edge.yml gets a certificate by HTTP-01, kept for its owner only',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const world = await AcmeWorld.create({ hostnames: ['blog.example.com'], acme: { methods: ['http-01'] } });
    context.after(() => world.close());
    world.writeConfig();
    await world.startEdge();
    const { names, certificate } = await world.trusted('blog.example.com');
    assert.deepEqual(names, ['blog.example.com']);
    for (const folder of ['', 'certificates', 'accounts']) {
      assert.equal(statSync(join(world.folder, 'data/certificates', folder)).mode & 0o077, 0, folder);
    }
    // A second start needs nobody: the certificate is there.
    await world.edge!.stop();
    await world.pebble.goAway();
    await world.startEdge();
    const again = await world.shown('blog.example.com');
    assert.equal(again.certificate.fingerprint256, certificate.fingerprint256);
  },
);

test(
  'S0-19 by TLS-ALPN-01, while visitors go on being served',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const world = await AcmeWorld.create({
      hostnames: ['blog.example.com'],
      acme: { methods: ['tls-alpn-01'] },
    });
    context.after(() => world.close());
    world.writeConfig();
    await world.startEdge();
    await world.trusted('blog.example.com');
    world.writeConfig({ hostnames: ['blog.example.com', 'app.example.com', 'wiki.example.com'] });
    for (const hostname of ['app.example.com', 'wiki.example.com']) {
      assert.deepEqual((await world.trusted(hostname)).names, [hostname]);
    }
  },
);

// Certificates that need more than a listener: wildcards by DNS-01, accounts that are bound to a customer's, and hostnames
// that come from a connector's own rules.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import { startEdgeInstance } from '#roles/edge-instance.ts';
import { formatToken } from '#tunnel/credentials.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { pebbleIsMissing, pebblePresenter } from '../support/pebble.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();

test(
  'S4-41 one wildcard by DNS-01 serves every hostname beside it, and no record stays',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const hostnames = ['blog.example.com', 'wiki.example.com', 'deep.app.example.com'];
    const world = await AcmeWorld.create({ hostnames, acme: { wildcards: true } });
    context.after(() => world.close());
    world.writeConfig();
    const shown = new Set<string>();
    const presenter = pebblePresenter(world.pebble);
    const instance = await startEdgeInstance({
      config: readEdgeConfig(world.path('edge.yml')),
      accessLog() {},
      ...{ clock: systemClock, random: systemRandom, log: silentLog },
      presenters: [
        {
          ...presenter,
          async presentTxt(name, value, signal) {
            shown.add(name);
            await presenter.presentTxt(name, value, signal);
          },
          async removeTxt(name, value, signal) {
            shown.delete(name);
            await presenter.removeTxt(name, value, signal);
          },
        },
      ],
    });
    context.after(() => instance.stop(0));
    const [blog, wiki, deep] = [
      await world.trusted(hostnames[0]!),
      await world.trusted(hostnames[1]!),
      await world.trusted(hostnames[2]!),
    ];
    assert.deepEqual(blog.names, ['*.example.com']);
    assert.equal(wiki.certificate.fingerprint256, blog.certificate.fingerprint256);
    assert.deepEqual(deep.names, ['*.app.example.com']);
    await eventually('no record is left', () => shown.size === 0);
  },
);

test(
  'an authority that takes only its customers is given their account, and says so where there is none',
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
    const world = await AcmeWorld.create({
      hostnames: ['blog.example.com'],
      pebble: {
        config: { externalAccountBindingRequired: true, externalAccountMACKeys: { 'kid-1': hmacKey } },
      },
    });
    context.after(() => world.close());
    const { directory, caFile } = world.pebble;
    world.writeConfig();
    await world.startEdge();
    await world.said(/takes only accounts that are bound to one made on its web site/);
    await world.edge!.stop();
    writeFileSync(world.path('hmac'), `${hmacKey}\n`);
    const eab = { kid: 'kid-1', hmacKeyFile: 'hmac' };
    world.writeConfig({
      acme: { authorities: [{ directory, caFile, eab }] },
      hostnames: ['app.example.com'],
    });
    await world.startEdge();
    await world.trusted('app.example.com');
    assert.equal(world.edge!.stderr().includes(hmacKey), false);
  },
);

test(
  "S0-34 one line in a connector's rules, and the first visitor is served by a certificate",
  { skip: missing, timeout: 240_000 },
  async (context) => {
    const world = await AcmeWorld.create({
      hostnames: [],
      claims: ['*.example.com'],
      edge: { internalCa: true },
    });
    context.after(() => world.close());
    world.writeConfig();
    await world.startEdge();
    const ca = new X509Certificate(readFileSync(world.path('data/ca.pem')));
    writeFileSync(world.path('token'), formatToken({ ...world.tunnel, caPin: pinOfCertificate(ca.raw) }));
    const rules =
      'ingress:\n  - hostname: blog.example.com\n    service: http_status:204\n  - service: http_status:404\n';
    writeFileSync(world.path('config.yml'), rules);
    const args = ['tunnel', 'run', '--token-file', world.path('token'), '--config', world.path('config.yml')];
    const connector = startSallyport(args);
    context.after(() => connector.stop());
    const { names } = await world.trusted('blog.example.com');
    assert.deepEqual(names, ['blog.example.com']);
    // A second line, while everything runs.
    writeFileSync(
      world.path('config.yml'),
      rules.replace('ingress:\n', 'ingress:\n  - hostname: wiki.example.com\n    service: http_status:204\n'),
    );
    const startedMs = Date.now();
    await world.trusted('wiki.example.com');
    context.diagnostic(
      `a new line was a working https URL after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
    );
  },
);

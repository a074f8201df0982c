// The Caddyfile of the public edge cluster's story, imported and run on a real edge and connector: every hostname answers as
// its author meant, to the public and to the mesh.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { createTextSigner } from '#base/signed-text.ts';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { importFile } from '#config/import/import-file.ts';
import { AccessDesk } from '#edge/access/access-desk.ts';
import { createPassTexts } from '#model/access-pass.ts';
import { createPassage } from '#model/sign-in-passage.ts';
import { openAccessKeys } from '#roles/access-keys.ts';
import { type EdgeWorld, startEdgeWorld } from '../edge/world.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

const file = new URL('golden/hop.Caddyfile', import.meta.url);
const { lab } = importFile(readFileSync(file, 'utf8'), 'Caddyfile', {
  form: undefined,
  tunnel: 'home',
  domain: '',
});

let origin: RecordingOrigin;
let world: EdgeWorld;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-import-'));
before(async () => {
  origin = await RecordingOrigin.start(({ requestLine }) => {
    const text = `saw ${requestLine.split(' ')[1]}`;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  });
  const rules = lab.tunnels[0]!.ingress!.filter(({ hostname }) => hostname !== undefined);
  const here = rules.map((rule) => ({ ...rule, service: origin.url }));
  const { passageKey, assertions } = openAccessKeys(folder, systemRandom);
  const signer = createTextSigner([passageKey]);
  const desk = new AccessDesk({
    ...{ clock: systemClock, random: systemRandom, assertions },
    passage: createPassage(signer),
    passTexts: createPassTexts(signer),
    useShareLink: () => Promise.resolve(false),
    dashboardUrl: () => '',
    httpsPort: () => 443,
  });
  world = await startEdgeWorld({
    ingress: stringify(here).replace(/^/gm, '  '),
    hosts: lab.routes.map(({ hostname }) => hostname),
    // The test's own address stands for a proxy, so that visitors may come from elsewhere.
    snapshot: { trustedProxies: ['127.0.0.1/32'] },
    desk,
  });
  const { tunnelId } = world.credentials;
  const config = parseEdgeConfig(
    stringify({
      internalCa: true,
      tunnels: [{ name: 'home', id: tunnelId, publicKeys: [`${'A'.repeat(43)}=`] }],
      routes: lab.routes.map(({ isEnabled: _, note: __, ...route }) => route),
    }),
    'edge.yml',
  );
  world.apply({ routes: snapshotOf(config, 1).routes.map((route) => ({ ...route, cache: undefined })) });
});
after(async () => {
  await world?.close();
  await origin?.close();
  rmSync(folder, { recursive: true });
});

/** Public visitors and such of the mesh. */
const publicAddress = '203.0.113.9';
const meshAddress = '100.64.0.7';

async function ask(url: string, from: string): Promise<string> {
  const [host, path] = [url.slice(0, url.indexOf('/')), url.slice(url.indexOf('/'))];
  const lines = `Host: ${host}\r\nX-Forwarded-For: ${from}\r\n`;
  const [answer] = await world.ask(`GET ${path} HTTP/1.1\r\n${lines}\r\n`, { serverName: host });
  const { status, fields, body } = answer!;
  return `${status} ${fields['location'] ?? fields['x-sallyport-error'] ?? body}`;
}

const wanted: readonly (readonly [url: string, toPublic: string, toMesh: string])[] = [
  ['headscale.hop.derio.net/', '200 saw /', '200 saw /'],
  ['headscale.hop.derio.net/key?v=88', '200 saw /key?v=88', '200 saw /key?v=88'],
  ['blog.derio.net/frank/', '200 saw /', '200 saw /'],
  ['blog.derio.net/frank/posts/a.html', '200 saw /posts/a.html', '200 saw /posts/a.html'],
  ['blog.derio.net/frank', '301 /frank/', '301 /frank/'],
  ['blog.derio.net/frankly', '404 no-such-path', '404 no-such-path'],
  ['blog.derio.net/', '404 no-such-path', '404 no-such-path'],
  ['headplane.hop.derio.net/', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/machines', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/administrator', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/admin', '403 access-denied', '200 saw /admin'],
  ['headplane.hop.derio.net/admin/machines', '403 access-denied', '200 saw /admin/machines'],
  ['headplane.hop.derio.net/%2e%2e/admin/x', '403 access-denied', '200 saw /admin/x'],
  ['entry.hop.derio.net/', '403 access-denied', '200 saw /'],
];

for (const [url, toPublic, toMesh] of wanted) {
  test(`S4-7 S4-42 S4-60 ${url}: the public gets "${toPublic}", the mesh "${toMesh}"`, async () => {
    assert.equal(await ask(url, publicAddress), toPublic);
    assert.equal(await ask(url, meshAddress), toMesh);
  });
}

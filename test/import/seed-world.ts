// The Caddyfile of the public edge cluster's story, imported and in force on a real edge and connector. Its services are one origin
// that says which path it saw, and listens on IPv4 only, by the name localhost, as one of the story's did.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { importFile } from '#config/import/import-file.ts';
import { AccessDesk } from '#edge/access/visitors/access-desk.ts';
import { createPassTexts } from '#model/access/access-pass.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { createPassage } from '#model/access/sign-in-passage.ts';
import { openAccessKeys } from '#roles/access/access-keys.ts';
import { type EdgeWorld, startEdgeWorld } from '../edge/world.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';

/** Public visitors and such of the mesh. */
export const publicAddress = '203.0.113.9';
export const meshAddress = '100.64.0.7';

/** What the Caddyfile becomes. */
export const imported = importFile(
  readFileSync(new URL('golden/hop.Caddyfile', import.meta.url), 'utf8'),
  'Caddyfile',
  { form: undefined, tunnel: 'home', domain: '' },
);

export interface SeedWorld {
  readonly origin: RecordingOrigin;
  readonly edge: EdgeWorld;
  /** The routes as they are in force. */
  readonly routes: readonly RouteEntry[];
  /** Status, and place, error or body, for a visitor from an address. */
  ask(url: string, from: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts it. */
export async function startSeedWorld(): Promise<SeedWorld> {
  const { lab } = imported;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-import-'));
  const origin = await RecordingOrigin.start(({ requestLine }) => {
    const text = `saw ${requestLine.split(' ')[1]}`;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  });
  const rules = lab.tunnels[0]!.ingress!.filter(({ hostname }) => hostname !== undefined);
  const here = rules.map((rule) => ({ ...rule, service: `http://localhost:${origin.port}` }));
  const { signer, assertions } = openAccessKeys(folder, { random: systemRandom, clock: systemClock });
  const desk = new AccessDesk({
    ...{ clock: systemClock, random: systemRandom, assertions },
    passage: createPassage(signer),
    passTexts: createPassTexts(signer),
    useShareLink: () => Promise.resolve(false),
    dashboardUrl: () => '',
    httpsPort: () => 443,
  });
  const edge = await startEdgeWorld({
    ingress: stringify(here).replace(/^/gm, '  '),
    hosts: lab.routes.map(({ hostname }) => hostname),
    // The test's own address stands for a proxy, so that visitors may come from elsewhere.
    snapshot: { trustedProxies: ['127.0.0.1/32'] },
    desk,
  });
  const { tunnelId } = edge.credentials;
  const config = parseEdgeConfig(
    stringify({
      internalCa: true,
      tunnels: [{ name: 'home', id: tunnelId, publicKeys: [`${'A'.repeat(43)}=`] }],
      routes: lab.routes.map(({ isEnabled: _, note: __, ...route }) => route),
    }),
    'edge.yml',
  );
  const routes = snapshotOf(config, 1).routes.map((route) => ({ ...route, cache: undefined }));
  edge.apply({ routes });
  return {
    origin,
    edge,
    routes,
    async ask(url, from) {
      const [host, path] = [url.slice(0, url.indexOf('/')), url.slice(url.indexOf('/'))];
      const lines = `Host: ${host}\r\nX-Forwarded-For: ${from}\r\n`;
      const [answer] = await edge.ask(`GET ${path} HTTP/1.1\r\n${lines}\r\n`, { serverName: host });
      const { status, fields, body } = answer!;
      return `${status} ${fields['location'] ?? fields['x-sallyport-error'] ?? body}`;
    },
    async close() {
      await edge.close();
      await origin.close();
      rmSync(folder, { recursive: true });
    },
  };
}

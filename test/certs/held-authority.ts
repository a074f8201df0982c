// An authority that a test can stop in the middle of an order, for as long as it likes and at a point that it knows: a relay
// before Pebble, which holds requests to a path back until they are let go. To the edge it is the authority, since Pebble makes
// its addresses from the Host header.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCertificate } from '#testkit/certificates.ts';
import type { AcmeWorld } from './world.ts';

export interface HeldAuthority {
  /** For `acme.authorities` in edge.yml. */
  readonly settings: { readonly directory: string; readonly caFile: string };
  /** From now on requests whose path begins so are held; resolves when the first one has come. */
  hold(path: string): Promise<void>;
  /** Lets all of them go on. */
  release(): void;
  /** What the authority has answered last to a request whose path begins so. */
  answered(path: string): string | undefined;
}

/** Starts one before the world's Pebble; it ends with the world. */
export async function startHeldAuthority(world: AcmeWorld): Promise<HeldAuthority> {
  const { pebble } = world;
  const pebbleCa = readFileSync(pebble.caFile, 'utf8');
  const pebblePort = Number(new URL(pebble.directory).port);
  const ca = createCertificate({ name: 'relay CA', isCa: true });
  const own = createCertificate({ name: 'relay', names: ['localhost', '127.0.0.1'], issuer: ca });
  const caFile = world.path('relay-ca.pem');
  writeFileSync(caFile, ca.cert);
  let held: { readonly path: string; readonly come: () => void; readonly open: Promise<void> } | undefined;
  let open = (): void => {};
  const answers = new Map<string, string>();
  const relay: Server = createServer({ cert: own.cert, key: own.key }, (asked, answer) => {
    const pass = (): void => {
      const onward = request({
        ...{ host: '127.0.0.1', port: pebblePort, ca: pebbleCa, agent: false },
        ...{ method: asked.method!, path: asked.url!, headers: asked.headers },
      });
      onward.on('response', (given) => {
        answer.writeHead(given.statusCode!, given.headers);
        given.pipe(answer);
        const chunks: Buffer[] = [];
        given.on('data', (chunk: Buffer) => chunks.push(chunk));
        // The last one asked for is the last one in the map.
        answers.delete(asked.url!);
        given.on('end', () => answers.set(asked.url!, Buffer.concat(chunks).toString()));
      });
      // An edge that was killed, or Pebble that is gone: nobody waits for the rest.
      onward.on('error', () => answer.destroy());
      asked.on('error', () => onward.destroy());
      asked.pipe(onward);
    };
    if (!held || !asked.url!.startsWith(held.path)) return pass();
    held.come();
    void held.open.then(pass);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  world.atClose(() => {
    open();
    relay.closeAllConnections();
    relay.close();
  });
  const { port } = relay.address() as AddressInfo;
  return {
    settings: { directory: `https://127.0.0.1:${port}/dir`, caFile },
    hold(path) {
      const come = Promise.withResolvers<void>();
      const opened = Promise.withResolvers<void>();
      held = { path, come: come.resolve, open: opened.promise };
      open = opened.resolve;
      return come.promise;
    },
    release() {
      held = undefined;
      open();
    },
    answered: (path) => [...answers].findLast(([asked]) => asked.startsWith(path))?.[1],
  };
}

// A cache world for the tests of one file, with a client by HTTP/1.1 and one by HTTP/2 that ask the same in the same words.
import { after, before } from 'node:test';
import { http1CaseClient, http2CaseClient } from '../conformance/cache-case-clients.ts';
import type { CaseClient } from '../conformance/cache-case-runner.ts';
import { type CacheWorld, startCacheWorld } from './cache-world.ts';

/** A protocol by name, and its client once the world is there. */
export type ByProtocol = readonly [protocol: 'HTTP/1.1' | 'HTTP/2', client: () => CaseClient];

/** Opens the world before the file's first test and tells it, and closes it after the last. */
export function worldForBothProtocols(opened: (world: CacheWorld) => void): readonly ByProtocol[] {
  let world: CacheWorld | undefined;
  let overHttp2: (CaseClient & { close(): void }) | undefined;
  before(async () => {
    world = await startCacheWorld();
    overHttp2 = http2CaseClient(world.edge.port, 'a.test', world.edge.ca);
    opened(world);
  });
  after(async () => {
    overHttp2?.close();
    await world?.close();
  });
  return [
    ['HTTP/1.1', () => http1CaseClient({ port: world!.edge.plainPort }, 'a.test')],
    ['HTTP/2', () => overHttp2!],
  ];
}

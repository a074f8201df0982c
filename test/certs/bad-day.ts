// What the tests of bad days share: an edge without a store, so that what is kept can be looked at and changed in files.
import type { TestContext } from 'node:test';
import { AcmeWorld, type AcmeWorldOptions } from './world.ts';

export const blog = 'blog.example.com';
/** No test may hold up the run, whatever goes wrong in it. */
export const limitMs = 240_000;

/** An authority, and an edge.yml that is yet to be started; closed with the test. */
export async function begin(
  context: TestContext,
  options: Partial<AcmeWorldOptions> = {},
): Promise<AcmeWorld> {
  const world = await AcmeWorld.create({
    hostnames: [blog],
    acme: { methods: ['http-01'] },
    edge: { store: 'off' },
    ...options,
  });
  context.after(() => world.close());
  world.writeConfig();
  return world;
}

/** `n0.example.com`, `n1.example.com`, ... */
export const hosts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `n${i}.example.com`);

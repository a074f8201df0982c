// How clients of HTTP/2 leave an edge that drains.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameFlags, frameTypes, getBlock } from '#testkit/http2-frames.ts';
import { answer, frontWorld, until } from '#testkit/http2-front-world.ts';

test(
  'a client is served until there is a moment without a stream, and only then told to go: no stream is dropped',
  { timeout: 60_000 },
  async () => {
    const world = await frontWorld({ script: () => {} });
    try {
      const raw = await world.raw();
      const goaways = (): Buffer[] =>
        raw.frames.filter(({ type }) => type === frameTypes.goaway).map(({ payload }) => payload);
      const ask = async (stream: number): Promise<void> => {
        const count = world.upstreams.length;
        const flags = frameFlags.endHeaders | frameFlags.endStream;
        raw.send(frameTypes.headers, flags, stream, getBlock('a.test'));
        await until(() => world.upstreams.length === count + 1);
      };
      await ask(1);
      world.front.drain();
      world.clock.advance(2_000);
      await ask(3);
      answer(world.upstreams[0]!.down, 'one');
      await ask(5);
      answer(world.upstreams[1]!.down, 'two');
      world.clock.advance(2_000);
      assert.equal(goaways().length, 0, 'nobody was told to go while streams were open');
      answer(world.upstreams[2]!.down, 'three');
      await until(() => goaways().length === 1 && raw.isClosed);
      assert.equal(goaways()[0]!.readUInt32BE(), 5, 'everything that was asked has been served');
    } finally {
      await world.close();
    }
  },
);

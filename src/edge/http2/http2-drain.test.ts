// How clients of HTTP/2 leave an edge that drains.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameFlags, frameTypes, getBlock } from '#testkit/http2-frames.ts';
import { answer, type FrontWorld, frontWorld, until } from '#testkit/http2-front-world.ts';

/** Requests on streams of the client's choice, and whether their answers are whole. */
function streamsOf({ upstreams }: FrontWorld, raw: Awaited<ReturnType<FrontWorld['raw']>>) {
  return {
    async ask(stream: number): Promise<void> {
      const count = upstreams.length;
      const flags = frameFlags.endHeaders | frameFlags.endStream;
      raw.send(frameTypes.headers, flags, stream, getBlock('a.test'));
      await until(() => upstreams.length === count + 1);
    },
    isEnded: (stream: number): boolean =>
      raw.frames.some((frame) => frame.stream === stream && (frame.flags & frameFlags.endStream) !== 0),
  };
}

test(
  'a client is told to go when it waits for as many answers as it ever does, and before the first of them: no stream is dropped',
  { timeout: 60_000 },
  async () => {
    const world = await frontWorld({ script: () => {} });
    try {
      const raw = await world.raw();
      const goaways = (): Buffer[] =>
        raw.frames.filter(({ type }) => type === frameTypes.goaway).map(({ payload }) => payload);
      const { ask, isEnded } = streamsOf(world, raw);
      await ask(1);
      await ask(3);
      world.front.drain();
      answer(world.upstreams[0]!.down, 'one');
      await until(() => goaways().length === 1);
      const told = raw.frames.findIndex(({ type }) => type === frameTypes.goaway);
      await until(() => isEnded(1));
      assert.ok(
        told <
          raw.frames.findIndex(({ stream, flags }) => stream === 1 && (flags & frameFlags.endStream) !== 0),
        'told before the answer has ended, so that nothing is asked in between',
      );
      assert.equal(goaways()[0]!.readUInt32BE(), 3, 'everything that was asked is served');
      answer(world.upstreams[1]!.down, 'two');
      await until(() => isEnded(3) && raw.isClosed);
    } finally {
      await world.close();
    }
  },
);

test(
  'a client that has had more at once lately is not told by the first answer, but before long by any',
  { timeout: 60_000 },
  async () => {
    const world = await frontWorld({ script: () => {} });
    try {
      const raw = await world.raw();
      const isTold = (): boolean => raw.frames.some(({ type }) => type === frameTypes.goaway);
      const { ask, isEnded } = streamsOf(world, raw);
      for (const stream of [1, 3]) await ask(stream);
      for (const each of world.upstreams) answer(each.down, 'both');
      await until(() => isEnded(1) && isEnded(3));
      world.front.drain();
      await ask(5);
      answer(world.upstreams[2]!.down, 'alone');
      await until(() => isEnded(5));
      assert.ok(!isTold(), 'its other half may ask at any moment');
      await ask(7);
      world.clock.advance(4_000);
      answer(world.upstreams[3]!.down, 'alone again');
      await until(() => isTold() && isEnded(7) && raw.isClosed);
    } finally {
      await world.close();
    }
  },
);

test(
  'a client that is between two requests is told with its next answer, one that is quiet after a moment: not when it may just be asking',
  { timeout: 60_000 },
  async () => {
    const world = await frontWorld({ script: (upstream) => answer(upstream.down, 'at once') });
    try {
      const [busy, quiet] = [await world.raw(), await world.raw()];
      const isTold = (raw: typeof busy): boolean => raw.frames.some(({ type }) => type === frameTypes.goaway);
      const ask = (raw: typeof busy, stream: number): void =>
        raw.send(
          frameTypes.headers,
          frameFlags.endHeaders | frameFlags.endStream,
          stream,
          getBlock('a.test'),
        );
      const isAnswered = (raw: typeof busy, stream: number): boolean =>
        raw.frames.some((frame) => frame.type === frameTypes.headers && frame.stream === stream);
      ask(busy, 1);
      ask(quiet, 1);
      await until(() => isAnswered(busy, 1) && isAnswered(quiet, 1));
      world.front.drain();
      // What is asked now crosses nothing: nobody has been told.
      ask(busy, 3);
      await until(() => isTold(busy) && busy.isClosed);
      assert.ok(isAnswered(busy, 3), 'the request that came after the decision is served');
      assert.ok(!isTold(quiet));
      world.clock.advance(3_000);
      await until(() => isTold(quiet) && quiet.isClosed);
    } finally {
      await world.close();
    }
  },
);

// Bodies both ways through the HTTP/2 front: streamed, held back, cut short.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Stream, constants } from 'node:http2';
import { describe, test } from 'node:test';
import { failure } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { frameFlags, frameTypes, headerBlock } from '#testkit/http2-frames.ts';
import {
  answer,
  type FrontWorld,
  readAnswer,
  responseHead,
  type ScriptedUpstream,
  until,
  withFrontWorld,
} from '#testkit/http2-front-world.ts';

interface PausedClient {
  readonly world: FrontWorld;
  readonly stream: ClientHttp2Stream;
  readonly upstream: ScriptedUpstream;
}

/** A client that has the head of its answer, which may have trailers, and reads no body yet. */
function withPausedClient(run: (scene: PausedClient) => Promise<void>): Promise<void> {
  const script = ({ down }: ScriptedUpstream): void => down.respond(responseHead(200, []));
  return withFrontWorld({ script }, async (world) => {
    const session = await world.client();
    const stream = session.request({ ':authority': 'a.test', te: 'trailers' });
    stream.on('error', () => {});
    await once(stream, 'response');
    stream.pause();
    await run({ world, stream, upstream: world.upstreams[0]! });
  });
}

describe('bodies over HTTP/2', () => {
  test('stream to the upstream with their trailers', () =>
    withFrontWorld(
      {
        script: (upstream) => {
          upstream.onChange = () => {
            if (upstream.isEnded)
              answer(upstream.down, `${upstream.body} ${upstream.trailers?.get('x-sum')}`);
          };
        },
      },
      async (world) => {
        const session = await world.client();
        const stream = session.request(
          { ':authority': 'a.test', ':method': 'POST' },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', x_sum: 'dropped' }));
        stream.end('data');
        assert.equal((await readAnswer(stream)).body, 'data abc');
        assert.equal(world.upstreams[0]!.request.bodyKind, 'chunked');
      },
    ));

  test('wait while the upstream has no room, within the stream’s window', () =>
    withFrontWorld({ script: (upstream) => (upstream.hasRoom = false) }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      stream.on('error', () => {});
      stream.end(Buffer.alloc(8_000_000));
      await until(() => world.upstreams[0]?.chunks.length === 1);
      const [upstream] = world.upstreams;
      const before = upstream!.receivedBytes;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(upstream!.receivedBytes, before);
      upstream!.hasRoom = true;
      upstream!.down.upstreamDrained();
      await until(() => upstream!.isEnded);
      assert.equal(upstream!.receivedBytes, 8_000_000);
      answer(upstream!.down, 'ok');
      assert.equal((await readAnswer(stream)).body, 'ok');
    }));

  test('stop their origin while the client does not read', () =>
    withPausedClient(async ({ stream, upstream }) => {
      let sent = 0;
      let hasRoom = true;
      const chunk = Buffer.alloc(16_384, 'x');
      while (sent < 64_000_000) {
        sent += chunk.length;
        hasRoom = upstream.down.body(chunk);
        if (!hasRoom) {
          const before = upstream.drains;
          for (let turn = 0; turn < 200 && upstream.drains === before; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          if (upstream.drains === before) break;
        }
      }
      assert.equal(hasRoom, false);
      assert.ok(sent < 8_000_000, `${sent} bytes taken from the origin`);
      const whole = readAnswer(stream);
      stream.resume();
      await until(() => upstream.drains > 0);
      upstream.down.end(null);
      assert.equal((await whole).body.length, sent);
    }));

  test('of a client that takes them little by little are not cut, however much came at once', () =>
    withPausedClient(async ({ world, stream, upstream }) => {
      // As much as a window that has grown lets through.
      const chunks = 32;
      for (let i = 0; i < chunks; i++) upstream.down.body(Buffer.alloc(65_536, 'x'));
      let taken = 0;
      const takeSome = async (): Promise<void> => {
        const before = taken;
        for (let turn = 0; turn < 200 && taken - before < 65_536; turn++) {
          await new Promise((resolve) => setImmediate(resolve));
          taken += (stream.read() as Buffer | null)?.length ?? 0;
        }
      };
      for (let step = 0; step < chunks && world.ended.length === 0; step++) {
        await takeSome();
        world.clock.advance(10_000);
      }
      for (let rest = 0; rest < 10; rest++) await takeSome();
      assert.deepEqual(world.ended, []);
      assert.equal(taken, chunks * 65_536);
      assert.ok(upstream.moves > 2, `${upstream.moves}`);
      upstream.down.end(null);
      await once(stream.resume(), 'end');
    }));

  for (const [what, pieces] of [
    ['one piece', [Buffer.alloc(3_000_000, 'x')]],
    ['many', Array.from({ length: 50 }, () => Buffer.alloc(60_000, 'x'))],
  ] as const)
    test(`that end before their client has taken any come whole, with their trailers, in ${what}`, () =>
      withPausedClient(async ({ stream, upstream }) => {
        for (const piece of pieces) upstream.down.body(piece, true);
        upstream.down.end(new ListFields(['X-Sum', 'abc']));
        const whole = readAnswer(stream);
        stream.resume();
        const { body, trailers } = await whole;
        assert.equal(body.length, 3_000_000);
        assert.equal(trailers?.['x-sum'], 'abc');
      }));

  test('whose client leaves in their midst are given up', () =>
    withPausedClient(async ({ world, stream, upstream }) => {
      upstream.down.body(Buffer.alloc(3_000_000, 'x'), true);
      stream.close(constants.NGHTTP2_CANCEL);
      await until(() => upstream.abortReason !== undefined);
      // What still comes from the origin, and the sweeps after it, find nobody.
      assert.equal(upstream.down.body(Buffer.alloc(1_000)), true);
      upstream.down.end(null);
      world.clock.advance(100_000);
      assert.deepEqual([world.ended.includes('write-stall'), world.front.openStreams], [false, 0]);
    }));

  test('may still arrive after an early response', () =>
    withFrontWorld({ script: (upstream) => answer(upstream.down, 'too much') }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      const early = readAnswer(stream);
      stream.write('first');
      assert.equal((await early).body, 'too much');
      stream.end('second');
      await until(() => world.upstreams[0]!.isEnded);
      assert.equal(world.upstreams[0]!.body, 'firstsecond');
    }));

  test('that nobody waits for are ended with NO_ERROR after an early response', () =>
    withFrontWorld(
      {
        script: (upstream) => {
          answer(upstream.down, 'no');
          upstream.down.abort(failure('origin-closed', 'gone'));
        },
      },
      async (world) => {
        const raw = await world.raw();
        const block = headerBlock([
          [':method', 'POST'],
          [':scheme', 'https'],
          [':authority', 'a.test'],
          [':path', '/'],
        ]);
        raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
        await until(() =>
          raw.frames.some(({ type, flags }) => type === frameTypes.data && (flags & 1) === 1),
        );
        world.clock.advance(1_000);
        world.clock.advance(4_000);
        await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
        const reset = raw.frames.find(({ type }) => type === frameTypes.rstStream);
        assert.equal(reset!.payload.readUInt32BE(), 0);
      },
    ));

  test('shorter than declared reset the stream and give the origin up', () =>
    withFrontWorld({ script: () => {} }, async (world) => {
      const raw = await world.raw();
      const block = headerBlock([
        [':method', 'POST'],
        [':scheme', 'https'],
        [':authority', 'a.test'],
        [':path', '/'],
        ['content-length', '10'],
      ]);
      raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
      raw.send(frameTypes.data, frameFlags.endStream, 1, Buffer.from('short'));
      await until(() => world.upstreams[0]?.abortReason !== undefined);
      assert.equal(world.upstreams[0]!.isEnded, false);
      await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
    }));
});

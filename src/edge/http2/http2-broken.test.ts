// What becomes of an exchange over HTTP/2 that either side breaks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { failure } from '#http/exchange.ts';
import { frameFlags, frameTypes, getBlock, headerBlock } from '#testkit/http2-frames.ts';
import {
  answer,
  fetchOver,
  readAnswer,
  responseHead,
  until,
  withFrontWorld,
} from '#testkit/http2-front-world.ts';

describe('a broken exchange over HTTP/2', () => {
  test('is answered when nothing was sent yet', () =>
    withFrontWorld({ script: ({ down }) => down.abort(failure('origin-refused', 'x')) }, async (world) => {
      const view = await fetchOver(await world.client(), { ':method': 'POST' }, 'body');
      assert.equal(view.headers[':status'], 502);
      assert.equal(view.headers['x-sallyport-error'], 'origin-refused');
    }));

  test('is answered to gRPC in gRPC’s own words', () =>
    withFrontWorld({ script: ({ down }) => down.abort(failure('origin-timeout', 'x')) }, async (world) => {
      const headers = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' };
      const view = await fetchOver(await world.client(), headers, 'body');
      assert.equal(view.headers[':status'], 200);
      assert.equal(view.headers['grpc-status'], '4');
      assert.equal(view.headers['grpc-message'], 'The service did not answer in time.');
    }));

  for (const te of [undefined, 'trailers']) {
    test(`never ends cleanly mid-body (te: ${te})`, () =>
      withFrontWorld(
        {
          script: ({ down }) => {
            down.respond(responseHead(200, []));
            down.body(Buffer.from('half'));
            setImmediate(() => down.abort(failure('connector-lost', 'x')));
          },
        },
        async (world) => {
          const raw = await world.raw();
          const fields: Array<[string, string]> = [
            [':method', 'GET'],
            [':scheme', 'https'],
            [':authority', 'a.test'],
            [':path', '/'],
          ];
          if (te !== undefined) fields.push(['te', te]);
          raw.send(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, headerBlock(fields));
          await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream));
          const data = raw.frames.filter(({ type }) => type === frameTypes.data);
          assert.ok(data.every(({ flags }) => (flags & frameFlags.endStream) === 0));
          const reset = raw.frames.find(({ type }) => type === frameTypes.rstStream);
          assert.equal(reset!.payload.readUInt32BE(), 2);
        },
      ));
  }

  test('by the client gives the origin up', () =>
    withFrontWorld({ script: ({ down }) => down.respond(responseHead(200, [])) }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test' });
      await once(stream, 'response');
      stream.close(8);
      await until(() => world.upstreams[0]!.abortReason !== undefined);
    }));

  test('by the client after an early response never ends the request body cleanly', () =>
    withFrontWorld({ script: (upstream) => answer(upstream.down, 'early') }, async (world) => {
      const session = await world.client();
      const stream = session.request({ ':authority': 'a.test', ':method': 'POST' });
      const early = readAnswer(stream);
      stream.write('part');
      await early;
      stream.destroy(new Error('gone'));
      stream.on('error', () => {});
      await until(() => world.upstreams[0]!.abortReason !== undefined);
      assert.equal(world.upstreams[0]!.isEnded, false);
    }));

  test('by a lost connection gives the origin up', () =>
    withFrontWorld({ script: () => {} }, async (world) => {
      const raw = await world.raw();
      raw.send(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, getBlock('a.test'));
      await until(() => world.upstreams.length === 1);
      raw.socket.destroy();
      await until(() => world.upstreams[0]!.abortReason !== undefined);
      await until(() => world.front.openSessions === 0);
      assert.equal(world.front.openStreams, 0);
    }));
});

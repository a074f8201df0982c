// gRPC through edge, tunnel and connector, with grpc-js at both ends: all four kinds of calls, metadata and trailers
// both ways, errors with their details, deadlines, cancelling, large messages, many calls at once; to origins by
// cleartext HTTP/2 and by HTTP/2 over TLS.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { createCertificate } from '#testkit/certificates.ts';
import { type EdgeWorld, startEdgeWorld } from '../edge/world.ts';
import { eventually, within } from '../support/eventually.ts';
import { calls, errorDetails, type GrpcOrigin, startGrpcOrigin } from './grpc-origin.ts';

/** Public name of each origin and what its rule says. */
const kinds = {
  'h2c.test': 'cleartext HTTP/2',
  'unverified.test': 'HTTP/2 over TLS, not verified',
  'pool.test': 'HTTP/2 over TLS, verified by caPool',
} as const;
type Host = keyof typeof kinds;

let folder: string;
let world: EdgeWorld;
let plain: GrpcOrigin;
let secure: GrpcOrigin;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-grpc-'));
  const own = createCertificate({ name: 'home', names: ['grpc.home', '127.0.0.1'] });
  await writeFile(join(folder, 'pool.pem'), own.cert);
  plain = await startGrpcOrigin(grpc.ServerCredentials.createInsecure());
  const pair = { cert_chain: Buffer.from(own.cert), private_key: Buffer.from(own.key) };
  secure = await startGrpcOrigin(grpc.ServerCredentials.createSsl(null, [pair]));
  const overTls = `https://127.0.0.1:${secure.port}\n    originRequest:\n      http2Origin: true\n`;
  world = await startEdgeWorld({
    ingress:
      `  - hostname: h2c.test\n    service: h2c://127.0.0.1:${plain.port}\n` +
      `  - hostname: unverified.test\n    service: ${overTls}      noTLSVerify: true\n` +
      `  - hostname: pool.test\n    service: ${overTls}      caPool: ${join(folder, 'pool.pem')}\n` +
      '      originServerName: grpc.home\n',
    hosts: Object.keys(kinds),
  });
});
after(async () => {
  await world.close();
  plain.close();
  secure.close();
  await rm(folder, { recursive: true });
});

interface UnaryResult {
  readonly value?: Buffer;
  readonly error?: grpc.ServiceError;
  readonly head: grpc.Metadata;
  readonly status: grpc.StatusObject;
}

/** One client per origin, that is one HTTP/2 connection. */
function openClient(host: Host): grpc.Client {
  return new grpc.Client(`127.0.0.1:${world.port}`, grpc.credentials.createSsl(Buffer.from(world.ca)), {
    'grpc.ssl_target_name_override': host,
    'grpc.default_authority': host,
    'grpc.max_receive_message_length': 8 << 20,
  });
}

for (const [host, kind] of Object.entries(kinds) as [Host, string][]) {
  describe(`gRPC to an origin by ${kind}`, () => {
    let client: grpc.Client;
    const origin = (): GrpcOrigin => (host === 'h2c.test' ? plain : secure);

    before(() => void (client = openClient(host)));
    after(() => client.close());

    function unary(
      { path }: grpc.MethodDefinition<Buffer, Buffer>,
      request: Buffer,
      options: {
        metadata?: grpc.Metadata;
        deadlineMs?: number;
        onCall?: (call: grpc.ClientUnaryCall) => void;
      } = {},
    ): Promise<UnaryResult> {
      const { metadata = new grpc.Metadata(), deadlineMs = 10_000, onCall } = options;
      return new Promise((resolve) => {
        let head = new grpc.Metadata();
        let outcome: { value?: Buffer; error?: grpc.ServiceError } = {};
        const call = client.makeUnaryRequest<Buffer, Buffer>(
          path,
          (value) => value,
          (value) => value,
          request,
          metadata,
          { deadline: Date.now() + deadlineMs },
          (error, value) => (outcome = error ? { error } : { value }),
        );
        call.on('metadata', (received) => (head = received));
        call.on('status', (status) => setImmediate(() => resolve({ ...outcome, head, status })));
        onCall?.(call);
      });
    }

    test('a unary call brings message, metadata and trailers both ways', async () => {
      const metadata = new grpc.Metadata();
      metadata.set('x-asked', 'one');
      metadata.add('x-asked', 'two');
      metadata.set('x-bytes-bin', Buffer.from([0, 255, 10, 13]));
      const { value, head, status } = await unary(calls.echo, Buffer.from('hello'), { metadata });
      assert.equal(value?.toString(), 'hello');
      assert.deepEqual(head.get('x-answered').join(', ').split(', '), ['one', 'two']);
      assert.deepEqual(head.get('x-bytes-bin'), [Buffer.from([0, 255, 10, 13])]);
      assert.equal(status.code, grpc.status.OK);
      assert.deepEqual(status.metadata.get('x-trailer'), ['end']);
    });

    test('a message of no bytes and one of 1 MiB come back', async () => {
      for (const size of [0, 1 << 20]) {
        const message = randomBytes(size);
        const { value } = await unary(calls.echo, message);
        assert.ok(value?.equals(message), String(size));
      }
    });

    test('an error keeps its code, its words, its details and its metadata', async () => {
      const { error } = await unary(calls.fail, Buffer.alloc(1));
      assert.equal(error?.code, grpc.status.FAILED_PRECONDITION);
      assert.equal(error?.details, 'a reason: 100 % “ü”');
      assert.deepEqual(error?.metadata.get('grpc-status-details-bin'), [errorDetails]);
      assert.deepEqual(error?.metadata.get('x-why'), ['because']);
    });

    test('a method that does not exist is the origin’s to answer', async () => {
      const { error } = await unary({ ...calls.echo, path: '/test.Calls/Nothing' }, Buffer.alloc(0));
      assert.equal(error?.code, grpc.status.UNIMPLEMENTED);
    });

    test('the origin streams, the client streams, both do', async () => {
      const sizes = [1, 200, 3, 255, 4];
      const expand = client.makeServerStreamRequest<Buffer, Buffer>(
        calls.expand.path,
        (value) => value,
        (value) => value,
        Buffer.from(sizes),
      );
      const seen: number[] = [];
      for await (const message of expand) seen.push((message as Buffer).length / 1024);
      assert.deepEqual(seen, sizes);

      const counted = new Promise<Buffer | undefined>((resolve) => {
        const count = client.makeClientStreamRequest<Buffer, Buffer>(
          calls.count.path,
          (value) => value,
          (value) => value,
          (_error, value) => resolve(value),
        );
        for (let i = 0; i < 100; i++) count.write(Buffer.alloc(10_000));
        count.end();
      });
      assert.equal((await within('the count', 5_000, counted))?.toString(), '100 1000000');

      const chat = startChat();
      for (const word of ['one', 'two', 'three']) {
        chat.write(Buffer.from(word));
        const [message] = (await within('the answer', 5_000, once(chat, 'data'))) as [Buffer];
        assert.equal(message.toString(), word);
      }
      const ended = once(chat, 'status');
      chat.end();
      chat.resume();
      const [status] = (await within('the status', 5_000, ended)) as [grpc.StatusObject];
      assert.equal(status.code, grpc.status.OK);
    });

    test('a deadline ends the call at the origin', async () => {
      const before = origin().cancelled();
      const { error } = await unary(calls.hang, Buffer.alloc(0), { deadlineMs: 200 });
      assert.equal(error?.code, grpc.status.DEADLINE_EXCEEDED);
      await eventually('the origin has seen it', () => origin().cancelled() === before + 1);
    });

    test('a cancelled call is cancelled at the origin: a waiting one, and streams in the middle', async () => {
      const before = origin().cancelled();
      const onCall = (call: grpc.ClientUnaryCall): void => void setTimeout(() => call.cancel(), 100);
      const { error } = await unary(calls.hang, Buffer.alloc(0), { onCall });
      assert.equal(error?.code, grpc.status.CANCELLED);
      const chat = startChat();
      chat.write(Buffer.from('x'));
      await within('the first answer', 5_000, once(chat, 'data'));
      chat.cancel();
      const expand = client.makeServerStreamRequest<Buffer, Buffer>(
        calls.expand.path,
        (value) => value,
        (value) => value,
        Buffer.from([0, 1]),
      );
      expand.on('error', () => undefined);
      await within('the first message', 5_000, once(expand, 'data'));
      expand.cancel();
      await eventually('the origin has seen all three', () => origin().cancelled() === before + 3);
    });

    test('a hundred calls at once get their own answers', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          unary(calls.echo, Buffer.from(`call ${i} ${'x'.repeat(i * 100)}`)),
        ),
      );
      for (const [i, { value }] of answers.entries()) assert.ok(value?.toString().startsWith(`call ${i} `));
    });

    function startChat(): grpc.ClientDuplexStream<Buffer, Buffer> {
      const chat = client.makeBidiStreamRequest<Buffer, Buffer>(
        calls.chat.path,
        (value) => value,
        (value) => value,
      );
      return chat.on('error', () => undefined);
    }
  });
}

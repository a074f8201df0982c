// A client connection on a real socket, whose client has ended before it is answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { defaultLimits, defaultTimeouts } from '#model/edge-snapshot.ts';
import { Http1Front } from './http1-front.ts';

/** Answers the first request when its client has ended, any other when it is whole. */
function answering(ended: Promise<unknown>): (request: RequestHead, front: Downstream) => Upstream {
  return (request, front) => {
    const answer = (): void => {
      front.respond({ status: 200, fields: new ListFields([]), bodyKind: 'length', contentLength: 0 });
      front.end(null);
    };
    if (request.path === '/1') void ended.then(() => setImmediate(answer));
    return { writeBody: () => true, endBody: answer, downstreamDrained() {}, abort() {} };
  };
}

async function openClient(context: TestContext): Promise<Socket> {
  const ended = Promise.withResolvers<void>();
  const front = new Http1Front({
    scheme: 'http',
    now: () => performance.now(),
    newRequestId: () => 'id',
    requestIdOf: () => 'id',
    start: answering(ended.promise),
    isMisdirected: () => false,
    takesUpgrade: () => false,
    upgradeTaken() {},
    refused() {},
    limits: defaultLimits,
    timeouts: defaultTimeouts,
    upgrades: [],
  });
  const address = { address: '127.0.0.1', port: 1, peerAddress: '127.0.0.1', localAddress: '127.0.0.1' };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    front.accept(socket, { ...address, localPort: 80, serverName: '' });
    socket.once('end', () => ended.resolve());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  context.after(() => {
    client.destroy();
    front.close();
    server.close();
  });
  return client;
}

const whole = 'GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n';

for (const [what, rest, last] of [
  ['nothing more', '', '200'],
  ['a head that is cut short', 'GET /2 HTTP/1.1\r\nHo', '400'],
  ['a body of which nothing came', 'POST /2 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n', '200'],
  [
    'chunks that never came',
    'POST /2 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n',
    '200',
  ],
] as const) {
  test(
    `a client that has ended before its first answer, with ${what} behind, is let go`,
    { timeout: 30_000 },
    async (context) => {
      const client = await openClient(context);
      let text = '';
      client.on('data', (chunk: Buffer) => (text += chunk.toString()));
      client.on('error', () => undefined);
      client.end(whole + rest);
      await once(client, 'close');
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      assert.deepEqual([statuses[0], statuses.at(-1)], ['200', last]);
    },
  );
}

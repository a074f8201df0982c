// Real sockets on loopback: the point is how Node's own machinery behaves around the shortcut.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { readDirectly } from './direct-read.ts';

describe('readDirectly', () => {
  it('delivers everything in order, and the end after it', async () => {
    const { near, far, close } = await pair();
    const chunks: Buffer[] = [];
    readDirectly(near, (chunk) => chunks.push(Buffer.from(chunk)));
    const sent = Buffer.alloc(3_000_000, 'abcdefghij');
    far.end(sent);
    await once(near, 'end');
    assert.ok(Buffer.concat(chunks).equals(sent));
    await close();
  });

  it('stops the peer while paused and loses nothing when resumed', async () => {
    const { near, far, close } = await pair();
    let received = 0;
    readDirectly(near, (chunk) => {
      received += chunk.length;
      if (received < 200_000) near.pause();
    });
    const total = 20_000_000;
    far.end(Buffer.alloc(total));
    while (!near.isPaused()) await new Promise<void>((resolve) => void setImmediate(resolve));
    await new Promise<void>((resolve) => void setTimeout(resolve, 50));
    assert.ok(received + near.readableLength < total / 2, `${received} bytes got through a paused socket`);
    const resuming = setInterval(() => near.resume(), 1);
    await once(near, 'end');
    clearInterval(resuming);
    assert.equal(received, total);
    await close();
  });

  it('gives the socket back as it was', async () => {
    const { near, far, close } = await pair();
    const before: Buffer[] = [];
    const after: Buffer[] = [];
    const stop = readDirectly(near, (chunk) => before.push(Buffer.from(chunk)));
    far.write('one');
    while (before.length === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
    stop();
    near.on('data', (chunk: Buffer) => after.push(chunk));
    far.end('two');
    await once(near, 'end');
    assert.equal(Buffer.concat(before).toString(), 'one');
    assert.equal(Buffer.concat(after).toString(), 'two');
    await close();
  });
});

/** Two ends of one connection. */
async function pair(): Promise<{ near: Socket; far: Socket; close: () => Promise<void> }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  const close = async (): Promise<void> => {
    near.destroy();
    far.destroy();
    server.close();
    await once(server, 'close');
  };
  return { near, far, close };
}

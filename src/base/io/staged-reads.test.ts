// Real sockets on loopback, as for direct-read.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { StagedReads } from './staged-reads.ts';
import { Turn } from './turn.ts';

/** A turn that the test runs. */
class HeldTurn extends Turn {
  readonly tasks: (() => void)[] = [];

  override afterReads(task: () => void): void {
    this.tasks.push(task);
  }

  runAll(): void {
    for (const task of this.tasks.splice(0)) task();
  }
}

describe('staged reads', () => {
  it('read every socket before anything is handled, then handle in the order of reading', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const handled: string[] = [];
    const pairs = [];
    for (const name of ['a', 'b', 'c']) {
      const { near, far } = await pair(context);
      reads.read(near, (chunk) => handled.push(`${name} ${chunk.toString()}`));
      far.write(name.repeat(3));
      pairs.push(near);
      while (near.bytesRead < 3) await nextTurn();
    }
    assert.deepEqual(handled, []);
    turn.runAll();
    assert.deepEqual(handled, ['a aaa', 'b bbb', 'c ccc']);
  });

  it('keep the order of one socket, the long after the short, and the end after all', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const { near, far } = await pair(context);
    const got: Buffer[] = [];
    const events: string[] = [];
    reads.read(near, (chunk) => {
      got.push(Buffer.from(chunk));
      events.push('data');
    });
    near.on('end', () => events.push('end'));
    far.write('short');
    while (near.bytesRead < 5) await nextTurn();
    assert.equal(got.length, 0);
    const long = Buffer.alloc(50_000, 'long');
    far.write(long);
    while (near.bytesRead < 50_005) await nextTurn();
    far.write('and last');
    far.end();
    await once(near, 'end');
    assert.ok(
      Buffer.concat(got).equals(Buffer.concat([Buffer.from('short'), long, Buffer.from('and last')])),
    );
    assert.equal(events.indexOf('end'), events.length - 1);
  });

  it('hand over what was kept for good, and what is long until its handler returns', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const { near, far } = await pair(context);
    const kept: Buffer[] = [];
    let hasLong = false;
    reads.read(near, (chunk, lasts) => {
      if (lasts) kept.push(chunk);
      else hasLong = true;
    });
    far.write('first');
    while (near.bytesRead < 5) await nextTurn();
    far.write('second');
    while (near.bytesRead < 11) await nextTurn();
    turn.runAll();
    far.write(Buffer.alloc(50_000, 'long'));
    while (near.bytesRead < 50_011) await nextTurn();
    turn.runAll();
    assert.ok(hasLong);
    assert.match(Buffer.concat(kept).toString(), /^firstsecond/);
  });

  it('give the next owner of a socket what was read and not handled', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const { near, far } = await pair(context);
    const own: string[] = [];
    const stop = reads.read(near, (chunk) => {
      own.push(chunk.toString());
      near.pause();
      stop();
    });
    far.write('for us');
    while (near.bytesRead < 6) await nextTurn();
    far.write('not for us');
    while (near.bytesRead < 16) await nextTurn();
    turn.runAll();
    const next: string[] = [];
    near.on('data', (chunk: Buffer) => next.push(chunk.toString()));
    near.resume();
    far.end(', nor this');
    await once(near, 'end');
    assert.deepEqual([own.join(''), next.join('')], ['for us', 'not for us, nor this']);
  });

  it('drop what came from a socket that is destroyed', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const { near, far } = await pair(context);
    const got: string[] = [];
    reads.read(near, (chunk) => got.push(chunk.toString()));
    far.write('too late');
    while (near.bytesRead < 8) await nextTurn();
    near.destroy();
    turn.runAll();
    assert.deepEqual(got, []);
  });

  it('handle all when their memory is full, and lose nothing', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const { near, far } = await pair(context);
    let got = '';
    reads.read(near, (chunk) => (got += chunk.toString()));
    let sent = '';
    for (let i = 0; i < 100; i++) {
      const piece = `${i}-`.repeat(400);
      sent += piece;
      far.write(piece);
      while (near.bytesRead < sent.length) await nextTurn();
    }
    assert.ok(got.length > 0 && got.length < sent.length, `${got.length} of ${sent.length}`);
    turn.runAll();
    assert.equal(got, sent);
  });

  it('go on with the others after a handler that throws', async (context) => {
    const turn = new HeldTurn();
    const reads = new StagedReads(turn);
    const handled: string[] = [];
    const one = await pair(context);
    const two = await pair(context);
    reads.read(one.near, () => {
      throw new Error('a broken handler');
    });
    reads.read(two.near, (chunk) => handled.push(chunk.toString()));
    for (const { near, far } of [one, two]) {
      far.write('hello');
      while (near.bytesRead < 5) await nextTurn();
    }
    assert.throws(() => turn.runAll(), /a broken handler/);
    turn.runAll();
    assert.deepEqual(handled, ['hello']);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Two ends of one connection. */
async function pair(context: { after(run: () => void): void }): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  far.setNoDelay(true);
  context.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gathering } from './gathering.ts';

describe('the frames of a session', () => {
  it('leave when a turn has added none', () => {
    const world = gatheringWorld();
    world.append(100);
    world.turn();
    assert.deepEqual(world.sent, []);
    world.turn();
    assert.deepEqual(world.sent, [100]);
    assert.equal(world.deferred.length, 0);
  });

  it('of turns that follow each other leave together', () => {
    const world = gatheringWorld();
    world.append(100);
    world.turn();
    world.append(50);
    world.turn();
    assert.deepEqual(world.sent, []);
    world.turn();
    assert.deepEqual(world.sent, [150]);
  });

  it('leave after three turns at the latest', () => {
    const world = gatheringWorld();
    for (let turn = 0; turn < 3; turn++) {
      world.append(10);
      world.turn();
    }
    assert.deepEqual(world.sent, [30]);
  });

  it('leave with their turn when they are many', () => {
    const world = gatheringWorld();
    world.append(32_769);
    world.turn();
    assert.deepEqual(world.sent, [32_769]);
  });

  it('gather anew after each time', () => {
    const world = gatheringWorld();
    for (const bytes of [100, 100]) {
      world.append(bytes);
      world.turn();
      world.turn();
    }
    assert.deepEqual(world.sent, [100, 100]);
  });
});

interface GatheringWorld {
  readonly sent: number[];
  readonly deferred: (() => void)[];
  append(bytes: number): void;
  turn(): void;
}

function gatheringWorld(): GatheringWorld {
  const sent: number[] = [];
  const deferred: (() => void)[] = [];
  let waitingBytes = 0;
  const gathering = new Gathering((run) => deferred.push(run), {
    get waitingBytes() {
      return waitingBytes;
    },
    flush() {
      sent.push(waitingBytes);
      waitingBytes = 0;
    },
  });
  return {
    sent,
    deferred,
    append(bytes) {
      if (waitingBytes === 0) gathering.begin();
      waitingBytes += bytes;
    },
    turn() {
      for (const run of deferred.splice(0)) run();
    },
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { findMallocTrim } from './malloc-trim.ts';
import { garbageCollection, returnMemory } from './memory-return.ts';

const mebibyte = 1 << 20;

/** An edge of 120 MiB, of which some is in use, some garbage and some freed. */
function scene() {
  const clock = new FakeClock();
  const memory = { live: 120, garbage: 0, freed: 0, text: 20 };
  const did: string[] = [];
  const state = { hasDescriptor: true, busyPart: 0 };
  let cpuMs = 0;
  const stop = returnMemory({
    clock,
    resident() {
      if (!state.hasDescriptor) throw new Error('EMFILE');
      const own = memory.live + memory.garbage + memory.freed;
      return { ownBytes: own * mebibyte, fileBytes: memory.text * mebibyte };
    },
    cpuMs: () => cpuMs,
    collect() {
      did.push('collect');
      memory.freed += memory.garbage;
      memory.garbage = 0;
    },
    trim() {
      did.push('trim');
      memory.freed = 0;
    },
    releaseText() {
      did.push('release');
      memory.text = 10;
    },
  });
  const pass = (ms: number): string[] => {
    did.length = 0;
    cpuMs += ms * state.busyPart;
    clock.advance(ms);
    return [...did];
  };
  return { memory, state, pass, stop };
}

test('what a crowd has left is given back, and an edge at rest is left alone', () => {
  const { memory, pass, stop } = scene();
  assert.deepEqual(pass(10_000), []);
  memory.freed = 7;
  assert.deepEqual(pass(10_000), []);
  memory.freed = 130;
  assert.deepEqual(pass(10_000), ['trim']);
  assert.deepEqual(pass(10_000), []);
  memory.garbage = 10;
  memory.freed = 40;
  assert.deepEqual(pass(10_000), ['trim', 'collect', 'trim']);
  assert.deepEqual(memory, { live: 120, garbage: 0, freed: 0, text: 20 });
  memory.freed = 200;
  stop();
  assert.deepEqual(pass(60_000), []);
});

test('a busy edge does not collect, and one that has a crowd does not collect again and again', () => {
  const { memory, state, pass } = scene();
  memory.garbage = 40;
  state.busyPart = 0.5;
  assert.deepEqual(pass(10_000), ['trim']);
  state.busyPart = 0.1;
  assert.deepEqual(pass(10_000), ['trim', 'collect', 'trim']);
  memory.live = 300;
  const collections = (ms: number): number => pass(ms).filter((what) => what === 'collect').length;
  assert.equal(collections(120_000), 2, 'after 40 and after 80 seconds more');
  assert.equal(collections(3_200_000), 11);
  memory.garbage = 40;
  for (let i = 0; memory.garbage > 0 && i < 32; i++) collections(10_000);
  memory.garbage = 40;
  assert.equal(collections(20_000), 1, 'what was of use is soon done again');
});

test('what a crowd leaves to the collector does not wait for as long as it stayed', () => {
  const { memory, pass } = scene();
  memory.live = 300;
  pass(3_200_000);
  memory.live = 120;
  memory.freed = 60;
  memory.garbage = 120;
  assert.deepEqual(pass(10_000), ['trim', 'collect', 'trim']);
});

test('text that only the start or a crowd needed is let go of at leisure', () => {
  const { memory, state, pass } = scene();
  memory.text = 60;
  state.busyPart = 0.5;
  assert.deepEqual(pass(10_000), []);
  state.busyPart = 0.1;
  assert.deepEqual(pass(10_000), ['release']);
  memory.text = 22;
  assert.deepEqual(pass(60_000), []);
});

test('without a descriptor to ask with it goes on', () => {
  const { memory, state, pass } = scene();
  memory.freed = 100;
  state.hasDescriptor = false;
  assert.deepEqual(pass(20_000), []);
  state.hasDescriptor = true;
  assert.deepEqual(pass(10_000), ['trim']);
});

test('the collector is found', () => {
  const collect = garbageCollection();
  let made: object | undefined = {};
  const left = new WeakRef(made);
  made = undefined;
  return new Promise<void>((resolve) =>
    setImmediate(() => {
      collect();
      collect();
      assert.equal(left.deref(), undefined);
      resolve();
    }),
  );
});

test('freed memory in the midst of the heap goes back to the system', (context) => {
  const trim = findMallocTrim();
  if (process.platform !== 'linux' || !trim) {
    assert.ok(process.platform !== 'linux' || !isGlibc(), 'glibc has malloc_trim');
    return context.diagnostic('this C library has no malloc_trim');
  }
  const warnings: string[] = [];
  process.on('warning', ({ message }) => warnings.push(message));
  assert.doesNotThrow(trim);
  assert.deepEqual(warnings, [], 'and nobody is told that it is experimental');
});

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

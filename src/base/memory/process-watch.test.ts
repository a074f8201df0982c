import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { MetricsRegistry } from '../metrics/metrics.ts';
import type { Descriptors } from './descriptors.ts';
import { watchProcess } from './process-watch.ts';

/** A clock whose timers fire when they are told to, as late as a test likes. */
function scene(
  limitBytes: number,
  ask?: () => number,
  descriptors: () => Descriptors | undefined = () => undefined,
) {
  let nowMs = 0;
  let due: (() => void) | undefined;
  const said: string[] = [];
  const memory = { bytes: 50 };
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(_ms, run) {
      due = run;
      return { cancel: () => void (due = undefined) };
    },
  };
  const log: Log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (message, fields) => void said.push(`${message.split(';')[0]} ${JSON.stringify(fields)}`),
    child: () => log,
  };
  const metrics = new MetricsRegistry();
  const residentBytes = ask ?? ((): number => memory.bytes);
  const stop = watchProcess({
    ...{ clock, log, metrics, residentBytes, limitBytes, descriptors },
    pendingTimers: () => 3,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    due?.();
  };
  const delay = (): string => /^sallyport_event_loop_delay_seconds (\S+)$/m.exec(metrics.text())![1]!;
  return { pass, said, memory, delay, stop, text: () => metrics.text(), isOver: () => due === undefined };
}

test('a loop that was held up is told once, and shown for a minute', () => {
  const { pass, said, delay, text } = scene(0);
  for (let i = 0; i < 5; i += 1) pass(1_100);
  assert.deepEqual([said, delay()], [[], '0']);
  assert.match(text(), /^sallyport_timers 3$/m);
  pass(3_500);
  pass(3_000);
  assert.deepEqual(said, ['The event loop was held up {"lateMs":2500}']);
  assert.equal(delay(), '2.5');
  for (let i = 0; i < 61; i += 1) pass(1_000);
  assert.equal(delay(), '0');
  for (let i = 0; i < 600; i += 1) pass(1_000);
  pass(2_000);
  assert.equal(said.length, 2, 'and again when it has been quiet for a while');
});

test('a process without a descriptor to ask with goes on, and shows what it knew', () => {
  let hasDescriptor = true;
  const { pass, stop } = scene(0, () => {
    if (!hasDescriptor) throw new Error('EMFILE');
    return 7;
  });
  pass(1_000);
  hasDescriptor = false;
  pass(1_000);
  pass(1_000);
  stop();
});

test('memory near its limit is told before the kill, and not without a limit', () => {
  const limited = scene(100);
  limited.pass(1_000);
  limited.memory.bytes = 81;
  limited.pass(1_000);
  limited.pass(1_000);
  assert.deepEqual(limited.said, ['Memory is nearly used up {"residentBytes":81,"limitBytes":100}']);
  limited.stop();
  assert.ok(limited.isOver());
  const free = scene(0);
  free.memory.bytes = 1e12;
  free.pass(1_000);
  assert.deepEqual(free.said, []);
});

test('file descriptors are told when few are left and when none is; a process without one shows what it knew', () => {
  let open = 80;
  const { pass, said, text, stop } = scene(0, undefined, () => {
    if (open >= 100) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    return { open, limit: 100 };
  });
  pass(1_000);
  assert.deepEqual(said, []);
  open = 81;
  pass(1_000);
  open = 100;
  pass(1_000);
  assert.deepEqual(said, [
    'File descriptors are nearly used up {"open":81,"limit":100}',
    'No file descriptor is left, and clients are turned away {}',
  ]);
  assert.match(text(), /^sallyport_open_descriptors 81$/m);
  assert.match(text(), /^sallyport_descriptor_limit 100$/m);
  stop();
});

test('where nobody knows of descriptors, nothing is shown', () => {
  const { pass, text, stop } = scene(0);
  pass(1_000);
  assert.doesNotMatch(text(), /^sallyport_(open_descriptors|descriptor_limit) /m);
  stop();
});

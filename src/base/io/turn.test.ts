import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Turn } from './turn.ts';

describe('a turn', () => {
  it('handles all that was read before anything leaves, whatever the order of asking', async () => {
    const turn = new Turn();
    const log: string[] = [];
    turn.atEnd(() => log.push('leave a'));
    turn.afterReads(() => {
      log.push('handle a');
      turn.atEnd(() => log.push('leave what a said'));
    });
    turn.afterReads(() => log.push('handle b'));
    assert.deepEqual(log, []);
    await nextTurn();
    assert.deepEqual(log, ['handle a', 'handle b', 'leave a', 'leave what a said']);
  });

  it('leaves for the next turn what the last stage adds, so that sockets are looked at between', async () => {
    const turn = new Turn();
    const log: string[] = [];
    turn.atEnd(() => turn.atEnd(() => log.push('second')));
    await nextTurn();
    assert.deepEqual(log, []);
    await nextTurn();
    assert.deepEqual(log, ['second']);
  });

  it('goes on after a task that throws', async () => {
    const turn = new Turn();
    const log: string[] = [];
    const fault = new Error('a broken task');
    const thrown = once(process, 'uncaughtException');
    // The test runner listens, too, and would take it for a failure of this file.
    const others = process.listeners('uncaughtException').slice(0, -1);
    for (const other of others) process.off('uncaughtException', other);
    turn.afterReads(() => {
      throw fault;
    });
    turn.afterReads(() => log.push('handle'));
    turn.atEnd(() => log.push('leave'));
    assert.deepEqual(await thrown, [fault, 'uncaughtException']);
    for (const other of others) process.on('uncaughtException', other);
    await nextTurn();
    await nextTurn();
    assert.deepEqual(log.toSorted(), ['handle', 'leave']);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

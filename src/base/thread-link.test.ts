import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { SallyportError } from './errors.ts';
import { ThreadLink } from './thread-link.ts';

function pair() {
  const { port1, port2 } = new MessageChannel();
  const theirs = {
    add: (a: number, b: number) => a + b,
    later: async (text: string) => `${text}!`,
    fail(): never {
      throw new SallyportError('in-use', 'It is in use.', {
        facts: { dependents: [{ noun: 'route', id: '1', name: 'a' }] },
      });
    },
    never: () => new Promise<void>(() => {}),
  };
  const near = new ThreadLink<typeof theirs>(port1, {});
  const far = new ThreadLink(port2, theirs);
  return { near, far, end: () => port1.close() };
}

test('calls are answered, each with its own answer', async () => {
  const { near, end } = pair();
  assert.deepEqual(
    await Promise.all([near.call('add', 1, 2), near.call('later', 'x'), near.call('add', 3, 4)]),
    [3, 'x!', 7],
  );
  end();
});

test('an error arrives as what it was', async () => {
  const { near, end } = pair();
  await assert.rejects(near.call('fail'), (error: SallyportError) => {
    assert.equal(error.code, 'in-use');
    assert.equal(error.facts.dependents![0]!.name, 'a');
    return true;
  });
  await assert.rejects(near.call('constructor' as 'fail'), /no "constructor"/);
  end();
});

test('when the other side ends, nobody waits for it', async () => {
  const { near, end } = pair();
  const waiting = near.call('never');
  near.end('The thread has ended.');
  await assert.rejects(waiting, /has ended/);
  await assert.rejects(near.call('add', 1, 2), /has ended/);
  end();
});

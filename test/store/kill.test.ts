// SIGKILL at any moment: a process writes numbered changes to one SQLite database and is killed a hundred times, while it
// opens, recovers, commits or checkpoints. Whatever it has acknowledged is there, whole, and the file is sound.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { sampleId, sampleMs } from '#testkit/sample-objects.ts';
import { eventually, pause } from '../support/eventually.ts';
import { type RunningProcess, startProcess } from '../support/process.ts';
import { contentsOf } from '#testkit/full-store.ts';
import { bundle } from './bundle.ts';
import { databases } from './databases.ts';

const kills = 100;
/** Objects of changes before the last fifty are deleted by later ones. */
const tunnelsKept = 50;

test('a process that is killed a hundred times loses no acknowledged change', async (context) => {
  // A killed process leaves its writes to the kernel, so that memory serves as well as a disk, and has more of them.
  const { path, open } = databases(context, existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  const file = path('killed.db');
  const writer = await bundle('writer.ts', path('writer.mjs'));
  const random = seededRandom(20_260_101);
  const start = (): RunningProcess => startProcess(process.execPath, [writer, file], { keepsInput: true });
  let next = start();
  context.after(() => next.kill());
  let acknowledged = 0;
  let whileStarting = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const running = next;
    // Loaded while its predecessor works; a line on its standard input lets it begin.
    next = start();
    running.child.stdin!.write('\n');
    if (random.fraction() < 0.25) await pause(random.fraction() * 60);
    else {
      const wanted = random.integer(1, 10);
      await eventually('changes are acknowledged', () => {
        assert.equal(running.exitCode(), null, running.stderr());
        return numbersOf(running).length >= wanted;
      });
      await pause(random.fraction() * 20);
    }
    await running.kill();
    const numbers = numbersOf(running);
    if (numbers.length === 0) whileStarting += 1;
    else acknowledged = Math.max(acknowledged, ...numbers);
    // Mostly the next writer has to recover the log by itself.
    if (kill % 10 === 9) checkFile(file, acknowledged);
  }
  context.diagnostic(
    `${acknowledged} changes acknowledged; killed ${whileStarting} times before the first of a run`,
  );

  const store = await open(file);
  const { revision } = await store.load();
  assert.ok(revision >= acknowledged, `revision ${revision} of ${acknowledged} acknowledged`);
  const { objects, events } = await contentsOf(store);
  assert.deepEqual(
    events.map(({ atMs }) => atMs - sampleMs),
    Array.from({ length: revision }, (_, i) => revision - i),
  );
  const tunnels = objects.filter(({ kind }) => kind === 'tunnel').map(({ object }) => object.id);
  const expected = Array.from({ length: Math.min(revision, tunnelsKept) }, (_, i) => sampleId(revision - i));
  assert.deepEqual(tunnels.toSorted(), expected.toSorted());
  // A large change is whole.
  const routes = objects
    .filter(({ kind }) => kind === 'route')
    .map(({ object }) => 'note' in object && object.note);
  assert.deepEqual([...new Set(routes)], [`change ${revision - (revision % 7)}`]);
});

/** What it has acknowledged; a line cut short is none. */
function numbersOf(running: RunningProcess): number[] {
  return running.stdout().split('\n').slice(0, -1).map(Number);
}

function checkFile(file: string, acknowledged: number): void {
  const database = new DatabaseSync(file);
  assert.deepEqual(
    database
      .prepare('pragma integrity_check')
      .all()
      .map((row) => row['integrity_check']),
    ['ok'],
  );
  const { revision, events } = database
    .prepare('select revision, (select count(*) from audit_events) as events from state')
    .get() as { revision: number; events: number };
  assert.ok(revision >= acknowledged);
  assert.equal(events, revision);
  database.close();
}

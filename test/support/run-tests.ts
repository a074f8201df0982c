// Runs test files, as `node --test` does, and those that failed once more, one at a time:
//
//     node test/support/run-tests.ts [--concurrency N] GLOB [GLOB ...]
//
// These tests start browsers, databases and name servers beside each other; one may fail because another took the machine.
// What passes alone is named as unstable at the end, so that it is mended, and what fails twice is red.
import { glob } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';

const { values: flags, positionals: globs } = parseArgs({
  options: { concurrency: { type: 'string', default: '1' } },
  allowPositionals: true,
});

// Also for the edges and connectors that the tests start from the checkout.
const poisonedReads = resolve(import.meta.dirname, 'poisoned-reads.ts');
process.env['NODE_OPTIONS'] = [process.env['NODE_OPTIONS'] ?? '', `--import "${poisonedReads}"`]
  .join(' ')
  .trim();

/** More failing files than this are no accident of a busy machine, and are not run again. */
const mostRunAgain = 5;

const shortPath = (file: string) => relative(process.cwd(), file);

/** Runs the files with the runner's usual report; answers those of which a test failed. */
function runFiles(files: readonly string[], concurrency: number): Promise<string[]> {
  const failed = new Set<string>();
  const execArgv = ['--import', resolve(import.meta.dirname, 'endless-test-watch.ts')];
  const events = run({ files: [...files], concurrency, execArgv });
  return new Promise((resolveFailed, reject) => {
    events.on('test:fail', (failure) => failed.add(failure.file ?? failure.name));
    events.on('end', () => resolveFailed([...failed].toSorted()));
    events.on('error', reject);
    events.compose(new spec()).pipe(process.stdout, { end: false });
  });
}

const files = (await Array.fromAsync(glob(globs))).map((file) => resolve(file)).toSorted();
if (files.length === 0) throw new Error(`no test file matches ${globs.join(' ')}`);
let failed = await runFiles(files, Number(flags.concurrency));
if (failed.length > 0 && failed.length <= mostRunAgain) {
  process.stdout.write(`\nRun again, one at a time: ${failed.map(shortPath).join(', ')}\n\n`);
  const failedTwice = await runFiles(failed, 1);
  for (const file of failed) {
    const outcome = failedTwice.includes(file) ? 'failed twice' : 'unstable: failed once, passed alone';
    process.stdout.write(`${shortPath(file)}: ${outcome}\n`);
  }
  failed = failedTwice;
}
process.exitCode = failed.length > 0 ? 1 : 0;

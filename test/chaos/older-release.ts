// Another version of the program, for runs in which edge and connector are not of one release: a git ref (a tag, a commit),
// bundled as its own build does it, or a file that has been bundled before.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { repositoryRoot } from '../support/process.ts';

const runFile = promisify(execFile);
const limit = { timeout: 600_000, cwd: repositoryRoot, maxBuffer: 1 << 28 };

/** The newest tag that leads to what is checked out; where there is none yet, the commit of 50 before. */
export async function lastRelease(): Promise<string> {
  const tag = await runFile('git', ['describe', '--tags', '--abbrev=0'], limit).catch(() => undefined);
  if (tag) return tag.stdout.trim();
  const { stdout } = await runFile('git', ['rev-list', '--max-count=51', 'HEAD'], limit);
  return stdout.trim().split('\n').at(-1)!;
}

/** Path of the program of a ref or file, built in `folder`. */
export async function olderProgram(wanted: string, folder: string): Promise<string> {
  if (existsSync(wanted)) return resolve(wanted);
  const tree = join(folder, 'older');
  // Built for another case of this run.
  const done = join(folder, 'older-release', 'sallyport.mjs');
  if (existsSync(done)) return done;
  mkdirSync(tree, { recursive: true });
  await runFile('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', wanted, tree], limit);
  // Its dependencies are those of the present, by and large; what it does not find, its build says.
  symlinkSync(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
  const build = `const { bundle } = await import(${JSON.stringify(pathToFileURL(join(tree, 'bundle.ts')).href)});
    console.log(await bundle(${JSON.stringify(join(folder, 'older-release'))}));`;
  const { stdout } = await runFile(process.execPath, ['--input-type=module', '-e', build], {
    ...limit,
    cwd: tree,
  });
  return resolve(tree, stdout.trim().split('\n').at(-1)!);
}

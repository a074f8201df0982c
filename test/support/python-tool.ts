// Judges written in Python: installed once into the user's cache, each in an environment of its own, by name and pinned
// version.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, run } from './process.ts';

/** What to say when Python is missing. */
export const pythonIsMissing =
  'Python 3 with venv is not installed, and this judge is written in it; run test/system-packages.sh (Debian: python3-venv)';

/** The command `python -m module` of `package==version`, made when it is not there; undefined without Python. */
export async function pythonTool(name: string, version: string): Promise<readonly string[] | undefined> {
  if (!(await isInstalled('python3'))) return undefined;
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport-tools');
  const folder = join(cache, `${name}-${version}`);
  // Called as a module, because scripts name the folder in which they were made.
  const command = [join(folder, 'bin/python3'), '-m', `${name}.cli`];
  if (existsSync(folder)) return command;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'build-'));
  try {
    await run('python3', ['-m', 'venv', draft]);
    await run(join(draft, 'bin/python3'), ['-m', 'pip', 'install', '--quiet', `${name}==${version}`]);
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return command;
}

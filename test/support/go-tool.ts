// Judges written in Go: built once into the user's cache, by module name and pinned version.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './process.ts';

/** The go command; undefined where there is none. */
export const goCommand = ['/usr/local/go/bin/go', '/usr/bin/go'].find((file) => existsSync(file));

/** What to say when Go is missing. */
export const goIsMissing = 'Go is not installed, and this judge is written in it; put a go command into PATH';

/** Path of the program built from `module@version`, made when it is not there; undefined without Go. */
export async function goTool(module: string, version: string): Promise<string | undefined> {
  if (goCommand === undefined) return undefined;
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport-tools');
  const folder = join(cache, version);
  const program = join(folder, module.split('/').at(-1)!);
  if (existsSync(program)) return program;
  // Built beside and moved in, for tests run side by side.
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(cache, 'build-'));
  await run(goCommand, ['install', `${module}@${version}`], { env: { GOBIN: draft } });
  renameSync(join(draft, module.split('/').at(-1)!), program);
  rmSync(draft, { recursive: true });
  return program;
}

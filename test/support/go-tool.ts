// Judges written in Go: built once into the user's cache, by module name and pinned version or from a folder of the tests.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run } from './process.ts';

/** The go command; undefined where there is none. */
export const goCommand = ['/usr/local/go/bin/go', '/usr/bin/go'].find((file) => existsSync(file));

/** What to say when Go is missing. */
export const goIsMissing = 'Go is not installed, and this judge is written in it; put a go command into PATH';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sallyport-tools');

/** Path of the program built from `module@version`, made when it is not there; undefined without Go. */
export function goTool(module: string, version: string): Promise<string | undefined> {
  return built(join(version, module.split('/').at(-1)!), (go, folder) =>
    run(go, ['install', `${module}@${version}`], { env: { GOBIN: folder } }),
  );
}

/** The same from a folder of ours, whose last name is the program's; made anew when its files have changed. */
export function goProgram(source: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  for (const name of readdirSync(source).toSorted()) hash.update(readFileSync(join(source, name)));
  const version = hash.digest('hex').slice(0, 12);
  return built(join(version, source.split('/').at(-1)!), (go, folder) =>
    run(go, ['build', '-o', `${folder}/`, '.'], { cwd: source }),
  );
}

/** `place`: the folder of its version, and its name. */
async function built(
  place: string,
  build: (go: string, folder: string) => Promise<unknown>,
): Promise<string | undefined> {
  if (goCommand === undefined) return undefined;
  const program = join(cache, place);
  if (existsSync(program)) return program;
  // Built beside and moved in, for tests run side by side.
  mkdirSync(dirname(program), { recursive: true });
  const draft = mkdtempSync(join(cache, 'build-'));
  await build(goCommand, draft);
  renameSync(join(draft, basename(program)), program);
  rmSync(draft, { recursive: true });
  return program;
}

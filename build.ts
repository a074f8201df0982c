// `npm run build`: the release. dist/sallyport.mjs with dist/program/ is for a Node of the right age, with the dashboard's
// files in it; dist/sallyport is a single executable with the project's own Node and all of that inside.
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { bundle, bundleExecutableStart, engineOptions } from './bundle.ts';

const executable = 'dist/sallyport';
const startScript = 'dist/start.cjs';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const program = await bundle('dist');
execFileSync(process.execPath, ['dashboard/build.ts', '--if-needed'], { stdio: 'inherit' });
cpSync('dashboard/dist', 'dist/program/dashboard', { recursive: true });
await bundleExecutableStart(startScript);
writeFileSync(
  'dist/sea.json',
  JSON.stringify({
    main: startScript,
    output: executable,
    disableExperimentalSEAWarning: true,
    assets: {
      'start.cjs': startScript,
      ...Object.fromEntries(programFiles().map((path) => [path, `dist/${path}`])),
    },
    // executable-start.ts uses one such part of Node on purpose; nobody who runs the program can do anything about it.
    execArgv: [...engineOptions, '--disable-warning=ExperimentalWarning'],
  }),
);
execFileSync(process.execPath, ['--build-sea', 'dist/sea.json'], { stdio: 'inherit' });
rmSync('dist/sea.json');
rmSync(startScript);
for (const [command, args] of [
  [process.execPath, [program, 'version']],
  [executable, ['version']],
] as const) {
  process.stdout.write(execFileSync(command, args, { encoding: 'utf8' }));
}

/** What the executable carries, by its path below dist/. */
function programFiles(): string[] {
  const files = globSync('program/**/*', { cwd: 'dist' });
  return files.filter((path) => statSync(`dist/${path}`).isFile() && !/\.(?:map|txt)$/.test(path));
}

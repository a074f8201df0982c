// `npm run build`: the release. dist/sallyport.mjs is one bundled file for a Node of the right age, with the dashboard's files
// beside it in dist/dashboard; dist/sallyport is a single executable with the project's own Node and the dashboard inside.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { bundle, bundleThread, engineOptions } from './bundle.ts';

const bundleFile = 'dist/sallyport.mjs';
const executable = 'dist/sallyport';
const threadBundle = 'dist/thread.cjs';
const dashboard = 'dashboard/dist';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
await bundle(bundleFile);
chmodSync(bundleFile, 0o755);
// The single executable starts its threads from text, which Node takes as CommonJS only.
await bundleThread(threadBundle);
execFileSync(process.execPath, ['dashboard/build.ts', '--if-needed'], { stdio: 'inherit' });
cpSync(dashboard, 'dist/dashboard', { recursive: true });
writeFileSync(
  'dist/sea.json',
  JSON.stringify({
    main: bundleFile,
    mainFormat: 'module',
    output: executable,
    disableExperimentalSEAWarning: true,
    assets: {
      'thread.cjs': threadBundle,
      ...Object.fromEntries(dashboardFiles().map((path) => [`dashboard/${path}`, `${dashboard}/${path}`])),
    },
    execArgv: engineOptions,
  }),
);
execFileSync(process.execPath, ['--build-sea', 'dist/sea.json'], { stdio: 'inherit' });
rmSync('dist/sea.json');
rmSync(threadBundle);
for (const [command, args] of [
  [process.execPath, [bundleFile, 'version']],
  [executable, ['version']],
] as const) {
  process.stdout.write(execFileSync(command, args, { encoding: 'utf8' }));
}

/** Every file of the dashboard's build, by its path in it. */
function dashboardFiles(): string[] {
  return globSync('**/*', { cwd: dashboard }).filter((path) => statSync(`${dashboard}/${path}`).isFile());
}

// `npm run build`: the release. dist/sallyport.mjs is one bundled file for a Node of the right age, with the dashboard's files
// beside it in dist/dashboard; dist/sallyport is a single executable with the project's own Node and the dashboard inside.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const bundle = 'dist/sallyport.mjs';
const executable = 'dist/sallyport';
const threadBundle = 'dist/thread.cjs';
const dashboard = 'dashboard/dist';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
await build({
  entryPoints: ['src/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  legalComments: 'linked',
  // Bundled CommonJS packages (ws, pino) ask for Node's own modules by `require`.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
chmodSync(bundle, 0o755);
// The single executable starts its threads from text, which Node takes as CommonJS only.
await build({
  entryPoints: ['src/main.ts'],
  outfile: threadBundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  legalComments: 'none',
  define: { 'import.meta.url': '"file:///sallyport"' },
});
execFileSync(process.execPath, ['dashboard/build.ts', '--if-needed'], { stdio: 'inherit' });
cpSync(dashboard, 'dist/dashboard', { recursive: true });
writeFileSync(
  'dist/sea.json',
  JSON.stringify({
    main: bundle,
    mainFormat: 'module',
    output: executable,
    disableExperimentalSEAWarning: true,
    assets: {
      'thread.cjs': threadBundle,
      ...Object.fromEntries(dashboardFiles().map((path) => [`dashboard/${path}`, `${dashboard}/${path}`])),
    },
  }),
);
execFileSync(process.execPath, ['--build-sea', 'dist/sea.json'], { stdio: 'inherit' });
rmSync('dist/sea.json');
rmSync(threadBundle);
for (const [command, args] of [
  [process.execPath, [bundle, 'version']],
  [executable, ['version']],
] as const) {
  process.stdout.write(execFileSync(command, args, { encoding: 'utf8' }));
}

/** Every file of the dashboard's build, by its path in it. */
function dashboardFiles(): string[] {
  return globSync('**/*', { cwd: dashboard }).filter((path) => statSync(`${dashboard}/${path}`).isFile());
}

// `npm run build`: the release. dist/sallyport.mjs is one bundled file for a Node of the right age; dist/sallyport is a
// single executable with the project's own Node inside.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const bundle = 'dist/sallyport.mjs';
const executable = 'dist/sallyport';

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
writeFileSync(
  'dist/sea.json',
  JSON.stringify({
    main: bundle,
    mainFormat: 'module',
    output: executable,
    disableExperimentalSEAWarning: true,
  }),
);
execFileSync(process.execPath, ['--build-sea', 'dist/sea.json'], { stdio: 'inherit' });
rmSync('dist/sea.json');
for (const [command, args] of [
  [process.execPath, [bundle, 'version']],
  [executable, ['version']],
] as const) {
  process.stdout.write(execFileSync(command, args, { encoding: 'utf8' }));
}

// Scripts of these tests in one file each: as one they start in a fifth of the time, which counts when a hundred do.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles a script of this folder into `outfile`. */
export async function bundle(script: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    // What of it is CommonJS asks for Node's own modules by `require`.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
  });
  return outfile;
}

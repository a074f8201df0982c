// How the release's files are made: build.ts writes them to dist/, and `npm run bench` measures them.
//
//     sallyport.mjs           what is started; a line that leads into
//     program/main.mjs        the command line, and
//     program/control-thread.mjs, program/part-*.mjs    what is loaded when it is used
//
// Parts instead of one file: reading and keeping what a process does not use took 16 MB (docs/adr/0005-memory.md).
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

/**
 * V8's options for a running edge or connector, in the single executable, in bin/sallyport, and for whoever starts
 * dist/sallyport.mjs with a Node of their own. docs/adr/0005-memory.md says why.
 */
export const engineOptions: readonly string[] = ['--max-semi-space-size=4'];

/**
 * What the system's malloc is told, by the environment, in bin/sallyport, in the units of examples/ and here: one arena, and
 * TLS's buffers of 17 KB, taken and given back for each record, from the thread's own store (glibc 2.42 and later). docs/adr/0005-memory.md says why.
 */
export const mallocSettings = {
  MALLOC_ARENA_MAX: '1',
  GLIBC_TUNABLES: 'glibc.malloc.tcache_max=20480',
} as const;

/** zod brings its messages in forty languages; ours are English (0.3 MB of text that every process would keep). */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/**
 * Node's own modules that load more when all their exports are read, as the `import` of a built-in module does:
 * node:crypto brings Web Crypto (3 MB), node:tls 6 MB.
 */
const lazyBuiltIns: Plugin = {
  name: 'lazy-built-ins',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:(?:crypto|tls|http|https|http2)$/ }, ({ path }) => ({
      path,
      namespace: 'built-in',
    }));
    bundler.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname;
const main = source('main.ts');
const thread = source('roles/control/thread-main.ts');

const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  // The engine keeps a program's text in memory, and twice as much of it if a single character (in a comment, say) is
  // beyond Latin-1. `node --enable-source-maps` reads the map that lies beside it.
  minify: true,
  charset: 'ascii',
  plugins: [englishOnly, lazyBuiltIns],
} satisfies BuildOptions;

/** Bundled CommonJS packages (ws) ask for Node's own modules by `require`. */
const requireLine =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Writes the program into `folder`, for any Node of the right age; returns the file to start. */
export async function bundle(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await build({
    ...common,
    entryPoints: { main, 'control-thread': thread },
    outdir: join(folder, 'program'),
    outExtension: { '.js': '.mjs' },
    chunkNames: 'part-[hash]',
    format: 'esm',
    splitting: true,
    legalComments: 'linked',
    sourcemap: 'external',
    banner: { js: requireLine },
  });
  const start = join(folder, 'sallyport.mjs');
  writeFileSync(start, "#!/usr/bin/env node\nimport './program/main.mjs';\n");
  chmodSync(start, 0o755);
  return start;
}

/** Writes the script that the single executable starts with. */
export async function bundleExecutableStart(file: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [source('roles/executable-start.ts')],
    outfile: file,
    format: 'cjs',
    legalComments: 'none',
  });
}

// How the release's one file is made: build.ts writes it to dist/, and `npm run bench` measures it.
import { build, type BuildOptions, type Plugin } from 'esbuild';

/**
 * V8's options for a running edge or connector, in the single executable, in bin/sallyport, and for whoever starts
 * dist/sallyport.mjs with a Node of their own. docs/adr/0005-memory.md says why.
 */
export const engineOptions: readonly string[] = ['--max-semi-space-size=4'];

/** zod brings its messages in forty languages; ours are English (0.3 MB of text that every process would keep). */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

const common = {
  entryPoints: [new URL('src/main.ts', import.meta.url).pathname],
  bundle: true,
  platform: 'node',
  target: 'node24',
  // The engine keeps a program's text in memory, and twice as much of it if a single character (in a comment, say) is
  // beyond Latin-1. `node --enable-source-maps` reads the map that lies beside it.
  minify: true,
  charset: 'ascii',
  plugins: [englishOnly],
} satisfies BuildOptions;

/** Writes the program as one file that any Node of the right age runs. */
export async function bundle(outfile: string): Promise<void> {
  await build({
    ...common,
    outfile,
    format: 'esm',
    legalComments: 'linked',
    sourcemap: 'external',
    // Bundled CommonJS packages (ws) ask for Node's own modules by `require`.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
}

/** Writes the program as CommonJS, which a thread can be started from as text. */
export async function bundleThread(outfile: string): Promise<void> {
  await build({
    ...common,
    outfile,
    format: 'cjs',
    legalComments: 'none',
    define: { 'import.meta.url': '"file:///sallyport"' },
  });
}

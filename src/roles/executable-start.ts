// Where the single executable starts, and each of its threads: the program's files are among its assets, and this lets
// Node's module loader find them there. Bundled by build.ts into a script of its own, as Node runs no module here.
import { registerHooks } from 'node:module';
import { getAsset } from 'node:sea';
import { constants, Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** A folder that need not be there; the files in it are the assets `program/...`. */
const folder = 'file:///sallyport/';

registerHooks({
  resolve(specifier, context, next) {
    const isOurs =
      specifier.startsWith(folder) || (context.parentURL?.startsWith(folder) && specifier.startsWith('.'));
    if (!isOurs) return next(specifier, context);
    return {
      url: new URL(specifier, context.parentURL ?? folder).href,
      format: 'module',
      shortCircuit: true,
    };
  },
  load(url, context, next) {
    if (!url.startsWith(folder)) return next(url, context);
    return { format: 'module', source: getAsset(url.slice(folder.length), 'utf8'), shortCircuit: true };
  },
});

const first = `${folder}program/${isMainThread ? 'main' : 'control-thread'}.mjs`;
new Script(`import(${JSON.stringify(first)})`, {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}).runInThisContext();

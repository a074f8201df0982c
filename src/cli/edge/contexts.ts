// The edges this user works with: a file of his own (mode 0600) with a name, an address and a key for each, and which one is
// meant when nothing else is said. The name is shown with every change, so that nobody changes the wrong edge (S4-50).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import type { CommandContext } from '../command.ts';

const contextSchema = z.strictObject({
  name: z.string().min(1).max(64),
  /** Of the dashboard, with its base path. */
  url: z.url({ protocol: /^https?$/ }),
  key: z.string().min(1),
  /** PEM of a CA that vouches for the edge beside the public ones; '' for none. */
  ca: z.string().default(''),
});

const contextsSchema = z.strictObject({
  current: z.string().default(''),
  contexts: z.array(contextSchema).max(1000).default([]),
});

export type EdgeContext = z.output<typeof contextSchema>;
export type Contexts = z.output<typeof contextsSchema>;

/** Where they are kept. */
export function contextsFile({ env, homeFolder }: Pick<CommandContext, 'env' | 'homeFolder'>): string {
  return join(env['XDG_CONFIG_HOME'] || join(homeFolder, '.config'), 'sallyport', 'contexts.yml');
}

/** Reads them; none when the file is not there. @throws SallyportError 'config-invalid' */
export function readContexts(file: string): Contexts {
  if (!existsSync(file)) return { current: '', contexts: [] };
  try {
    return contextsSchema.parse(parse(readFileSync(file, 'utf8')) ?? {});
  } catch (error) {
    throw new SallyportError(
      'config-invalid',
      `${file} cannot be used (${errorText(error).split('\n')[0]}); mend it, or remove it and sign in again with "sallyport login URL".`,
      { cause: error },
    );
  }
}

/** Replaces the file. @throws SallyportError 'file-unwritable' */
export function writeContexts(file: string, contexts: Contexts): void {
  replaceFile(file, stringify(contexts), 0o600);
}

/** With one added, or exchanged for the one of its name; it becomes the current one. */
export function withContext({ contexts }: Contexts, added: EdgeContext): Contexts {
  return { current: added.name, contexts: [...contexts.filter(({ name }) => name !== added.name), added] };
}

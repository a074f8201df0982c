// `sallyport import FILE`: what another program was told, as a lab file of ours, with a list of what did not map.
import { SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import { type ImportForm, importForms } from '#config/import/import-forms.ts';
import type { Unmapped } from '#config/import/lab-draft.ts';
import { type Command, type Input, outputFlag, textOf, wantsJson } from './command.ts';
import { readText } from './edge/tunnels.ts';

export const importCommand: Command = {
  words: ['import'],
  usage: 'FILE [flags]',
  summary: "another program's configuration as a lab file",
  description: `Reads a Caddyfile, an frpc.toml, a config.yml of cloudflared or a blueprint of
Pangolin, prints the lab file that does the same, and then, on standard error,
what did not map, with its line and what to do. Nothing is changed at any
edge: look at it with "sallyport diff -f", bring it about with "apply -f".
What guarded a site and did not map leaves it open to users of the edge only.`,
  flags: [
    { name: 'from', type: 'string', value: 'FORM', help: `${importForms.join(', ')}; found out if absent` },
    { name: 'tunnel', type: 'string', value: 'NAME', help: 'the tunnel that leads to the services (home)' },
    { name: 'domain', type: 'string', value: 'DOMAIN', help: "frps's subDomainHost, for subdomains" },
    { name: 'file', short: 'f', type: 'string', value: 'FILE', help: 'write the lab file there instead' },
    outputFlag,
  ],
  examples: ['sallyport import Caddyfile -f lab.yml', 'sallyport import frpc.toml --domain example.com'],
  exitCodes: { 0: 'everything mapped', 1: 'the file cannot be read', 3: 'something did not map' },
  maxArgs: 1,
  async run(input, { out, err }) {
    const [source] = input.args;
    if (source === undefined) throw new SallyportError('usage', 'Name the file: sallyport import Caddyfile.');
    // Loaded here: nothing else needs its readers.
    const { importFile } = await import('#config/import/import-file.ts');
    const { form, lab, text, unmapped } = importFile(readText(source), source, {
      form: formOf(input),
      tunnel: textOf(input, 'tunnel') || 'home',
      domain: textOf(input, 'domain'),
    });
    const file = textOf(input, 'file');
    if (file !== '') replaceFile(file, text, 0o644);
    if (wantsJson(input)) out(`${JSON.stringify({ form, lab, text, unmapped })}\n`);
    else {
      if (file === '') out(text);
      err(reportOf(unmapped, { routes: lab.routes.length, file }));
    }
    return unmapped.length === 0 ? 0 : 3;
  },
};

function formOf(input: Input): ImportForm | undefined {
  const text = textOf(input, 'from');
  if (text === '') return undefined;
  const found = importForms.find((form) => form === text);
  if (found) return found;
  throw new SallyportError('usage', `--from is one of ${importForms.join(', ')}, not "${text}".`);
}

function reportOf(
  unmapped: readonly Unmapped[],
  { routes, file }: { readonly routes: number; readonly file: string },
): string {
  const made = `${routes === 1 ? 'One route' : `${routes} routes`}${file === '' ? '' : `, written to ${file}`}.`;
  if (unmapped.length === 0) return `${made} Everything mapped.\n`;
  const lines = unmapped.map(
    ({ line, what, why }) => `  ${line === 0 ? '' : `line ${line}: `}${what}\n    ${why}\n`,
  );
  return `${made} ${unmapped.length} did not map, or only in part:\n${lines.join('')}`;
}

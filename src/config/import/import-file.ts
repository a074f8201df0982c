// Which importer reads a file, by its name and what is in it.
import { SallyportError } from '#base/errors.ts';
import { importCaddyfile } from './import-caddyfile.ts';
import { importCloudflared } from './import-cloudflared.ts';
import { importFrpc } from './import-frpc.ts';
import { type ImportForm, importForms } from './import-forms.ts';
import { importPangolin } from './import-pangolin.ts';
import type { Imported } from './lab-draft.ts';

export interface ImportOptions {
  /** Undefined: found out. */
  readonly form: ImportForm | undefined;
  /** Name of the tunnel that the services stand behind. */
  readonly tunnel: string;
  /** Behind frp's subdomains; '' if it is not known. */
  readonly domain: string;
}

/** @throws SallyportError 'config-invalid' for what cannot be read, 'usage' for a file of no known form */
export function importFile(
  text: string,
  source: string,
  { form = formOf(text, source), tunnel, domain }: ImportOptions,
): Imported & { readonly form: ImportForm } {
  switch (form) {
    case 'caddyfile':
      return { form, ...importCaddyfile(text, source, tunnel) };
    case 'frpc':
      return { form, ...importFrpc(text, source, { tunnel, domain }) };
    case 'cloudflared':
      return { form, ...importCloudflared(text, source, tunnel) };
    case 'pangolin':
      return { form, ...importPangolin(text, source, tunnel) };
  }
}

function formOf(text: string, source: string): ImportForm {
  const name = source.replace(/^.*\//, '').toLowerCase();
  if (name.endsWith('.toml')) return 'frpc';
  if (/^caddyfile|\.caddy(file)?$/.test(name)) return 'caddyfile';
  if (/^(proxy|public|client|private)-resources:/m.test(text)) return 'pangolin';
  if (/^(ingress|tunnel):/m.test(text)) return 'cloudflared';
  if (/\{\s*$/m.test(text)) return 'caddyfile';
  throw new SallyportError(
    'usage',
    `It does not show what ${source} is; say it with --from ${importForms.join(', ')}.`,
  );
}

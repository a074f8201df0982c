// A Caddyfile as a lab file: each site's hostnames as routes, what it proxies to as ingress rules of one tunnel.
import { parseHostname } from '#base/net/hostname.ts';
import { parseCaddyfile } from './caddyfile.ts';
import { CaddySite } from './caddy-site.ts';
import { type Imported, LabDraft } from './lab-draft.ts';

const withoutBraces = 'a site without braces is not read; put its directives in { }';
const anotherFile = 'other files are not read; put what they say here, or import them by themselves';

/** @throws SallyportError 'config-invalid' with the line */
export function importCaddyfile(text: string, source: string, tunnel: string): Imported {
  const draft = new LabDraft();
  for (const { line, words, block } of parseCaddyfile(text, source)) {
    if (words.length === 0) {
      for (const option of block ?? [])
        draft.unmapped(
          option.line,
          option.words.join(' '),
          'an option of the whole server: see edge.yml (acme, listen, trustedProxies)',
        );
      continue;
    }
    if (!block) {
      draft.unmapped(line, words.join(' '), words[0] === 'import' ? anotherFile : withoutBraces);
      continue;
    }
    const addresses = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
    const hostnames = addresses.flatMap((address) => {
      const hostname = hostnameOf(address);
      if (hostname === undefined)
        draft.unmapped(line, address, 'a route needs a hostname, without port or path; name it');
      return hostname === undefined ? [] : [hostname];
    });
    if (hostnames.length === 0) continue;
    const site = new CaddySite(draft, block);
    for (const hostname of new Set(hostnames)) site.addTo(tunnel, hostname, line);
  }
  return draft.finish(source);
}

function hostnameOf(address: string): string | undefined {
  const bare = address.replace(/^https?:\/\//, '').replace(/:(80|443)$/, '');
  const name = parseHostname(bare.replace(/^\*\./, ''));
  return name === undefined ? undefined : bare.startsWith('*.') ? `*.${name}` : name;
}

// What the edge's plain listener hands out about the internal CA: its roots for programs and phones, and a page that says
// what to do with them. Plain HTTP can be changed on the way, so the page insists on comparing fingerprints.
import type { RootCertificate } from './root-certificates.ts';

/** Where the answers are. */
export const rootPagePath = '/.well-known/sallyport/ca';

export interface RootAnswer {
  readonly contentType: string;
  readonly body: Buffer;
  readonly fileName?: string;
}

/** The answer for a path, undefined for none. */
export function rootAnswer(path: string, roots: readonly RootCertificate[]): RootAnswer | undefined {
  if (path === rootPagePath || path === `${rootPagePath}/`) {
    return { contentType: 'text/html; charset=utf-8', body: Buffer.from(page(roots)) };
  }
  if (path === `${rootPagePath}.pem`) {
    const body = Buffer.from(roots.map(({ pem }) => pem).join(''));
    return { contentType: 'application/x-pem-file', body, fileName: 'sallyport-ca.pem' };
  }
  const match = /^\/\.well-known\/sallyport\/ca(?:-(\d{1,3}))?\.crt$/.exec(path);
  const number = match ? Number(match[1] ?? 1) : 0;
  const root = roots[number - 1];
  return (
    root && {
      contentType: 'application/x-x509-ca-cert',
      body: root.der,
      fileName: `sallyport-ca${roots.length > 1 ? `-${number}` : ''}.crt`,
    }
  );
}

function page(roots: readonly RootCertificate[]): string {
  const cards = roots.map((root, i) => {
    const file = i === 0 ? 'ca.crt' : `ca-${i + 1}.crt`;
    const until = new Date(root.notAfterMs).toISOString().slice(0, 10);
    return `<section><h2>${escapeHtml(root.commonName)}</h2><p class="soft">good until ${until}</p>
<p class="print">${root.fingerprint
      .split(':')
      .map((byte) => `<span>${byte}</span>`)
      .join('<wbr>')}</p>
<p><a class="button" href="/.well-known/sallyport/${file}">Download for a phone or a browser</a></p></section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust this lab</title>
<style>
:root{color-scheme:light dark;--bg:#f6f5f2;--ink:#23262b;--soft:#62676f;--card:#fff;--line:#d9d6cf;--accent:#1f5f8b}
@media(prefers-color-scheme:dark){:root{--bg:#16181c;--ink:#e8e6e1;--soft:#a0a5ad;--card:#1f2227;--line:#343840;--accent:#7db8e0}}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{box-sizing:border-box;max-width:44rem;margin:auto;padding:2.5rem 1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .8rem}h2{font-size:1.05rem;margin:0}h3{font-size:1rem;margin:1.4rem 0 .2rem}h3+p{margin:0}a{color:var(--accent)}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.2rem;margin:1.2rem 0}
.soft{color:var(--soft);margin:0}.print{font:0.95rem/1.7 ui-monospace,monospace;margin:.7rem 0}.print span{margin-right:.45em}
.button{display:inline-block;padding:.45rem .9rem;border:1px solid var(--accent);border-radius:.4rem;color:var(--accent);text-decoration:none}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.6rem .8rem;margin:.3rem 0}
strong{font-weight:650}
</style></head><body><main>
<h1>Trust this lab's certificates</h1>
<p>This edge signs certificates for its own names with a certificate authority of its own. A device that trusts it opens
those names without a warning. It can sign for no other names.</p>
<p><strong>This page came without encryption.</strong> Compare the fingerprint with what
<code>sallyport trust show</code> prints on the edge, before you trust anything.</p>
${cards.join('\n')}
<h3>Linux, with browsers</h3>
<pre>sudo sallyport trust install --url http://THIS-HOST --fingerprint FINGERPRINT</pre>
<h3>iPhone and iPad</h3>
<p>Download, then Settings → Profile Downloaded → Install, then General → About → Certificate Trust Settings.</p>
<h3>Android</h3>
<p>Download, then Settings → Security → Encryption &amp; credentials → Install a certificate → CA certificate.</p>
<h3>Programs</h3>
<p>All of it in one file: <a href="/.well-known/sallyport/ca.pem">ca.pem</a>.</p>
</main></body></html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

// Pages that the edge writes itself for visitors of protected sites: sign-in, page password, share link, what went wrong.
// Plain forms: no script runs, none may. They look like the owner's: his name, colour and logo, nothing of ours.
import { createHash } from 'node:crypto';

/** HTML that is escaped already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** HTML with its values escaped, except those that are markup. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup {
  const shown = values.map((value) =>
    typeof value === 'string'
      ? escapeHtml(value)
      : value instanceof Markup
        ? value.text
        : value.map(({ text }) => text).join(''),
  );
  return new Markup(parts.map((part, i) => part + (shown[i] ?? '')).join(''));
}

export interface PlainPage {
  readonly title: string;
  readonly body: Markup;
  /** Where the browser goes on to: a path of this very hostname, or a page of a site of this edge. */
  readonly next?: string | undefined;
}

/** A page as it is sent: its bytes, and field lines that keep it nowhere, frame it nowhere and tell nobody. */
export interface RenderedPage {
  readonly bytes: Buffer;
  readonly fields: Readonly<Record<string, string>>;
}

const style = `:root{color-scheme:light dark;--bg:#f6f5f2;--ink:#23262b;--soft:#62676f;--card:#fff;--line:#d9d6cf;--go:#275d8c;--bad:#b3372b}
@media(prefers-color-scheme:dark){:root{--bg:#16181c;--ink:#e8e6e1;--soft:#a0a5ad;--card:#1f2227;--line:#343840;--go:#7fb4e0;--bad:#f08a7d}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{box-sizing:border-box;width:min(24rem,100vw);padding:2rem 1.5rem}
h1{font-size:1.4rem;line-height:1.3;margin:0 0 .3rem}p{margin:0 0 1.2rem;color:var(--soft);overflow-wrap:anywhere}
p.bad{color:var(--bad)}label{display:block;margin:0 0 .9rem}label span{display:block;font-size:.9rem;color:var(--soft)}
input{box-sizing:border-box;width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:inherit;font:inherit}
label.tick{display:flex;gap:.6rem;align-items:baseline}label.tick input{width:auto}label.tick span{flex:1}
button,a.way{box-sizing:border-box;display:block;width:100%;margin:.5rem 0 0;padding:.6rem;border:1px solid var(--go);border-radius:.5rem;background:var(--go);color:var(--bg);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
a.way{background:none;color:var(--go)}a.way+a.way{margin-top:.5rem}form+a.way{margin-top:1.2rem}
input:focus-visible,button:focus-visible,a:focus-visible{outline:2px solid var(--go);outline-offset:2px}`;

/** Of every answer of such pages: kept nowhere, framed nowhere, told nowhere. */
export const pageFields = {
  'Cache-Control': 'no-store',
  // To this very hostname alone: with none at all browsers send `Origin: null` with its forms, which are refused as forged.
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': policyOf(style),
} as const;

/** Renders it. The style element holds exactly the text whose hash the policy names: not one blank more. */
export function renderPage({ title, body, next }: PlainPage): RenderedPage {
  const head = [
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">',
    next === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${next}" />`.text,
    html`<title>${title}</title>`.text,
    `<style>${style}</style></head>`,
  ];
  const bytes = Buffer.from(`${head.join('')}<body><main>${body.text}</main></body></html>\n`);
  return { bytes, fields: { ...pageFields, 'Content-Type': 'text/html; charset=utf-8' } };
}

function policyOf(css: string): string {
  const hash = createHash('sha256').update(css).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

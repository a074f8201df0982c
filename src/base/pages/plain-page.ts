// Pages that the edge writes itself for visitors of protected sites: sign-in, page password, share link, what went wrong.
// Plain forms: no script runs, none may. They look like the owner's: his name, colour and logo, nothing of ours.
import type { PageLook } from './page-look.ts';

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

/** Of every answer of such pages: kept nowhere, framed nowhere, told nowhere. */
export const pageFields = {
  'Cache-Control': 'no-store',
  // To this very hostname alone: with none at all browsers send `Origin: null` with its forms, which are refused as forged.
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
} as const;

/** Renders it. The style element holds exactly the text whose hash the policy names: not one blank more. */
export function renderPage({ title, body, next }: PlainPage, look: PageLook): RenderedPage {
  const head = [
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">',
    next === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${next}" />`.text,
    html`<title>${title}</title>`.text,
    `<style>${look.css}</style></head>`,
  ];
  const main = `${headerOf(look, title)}${body.text}`;
  const bytes = Buffer.from(`${head.join('')}<body><main>${main}</main></body></html>\n`);
  const type = 'text/html; charset=utf-8';
  return {
    bytes,
    fields: { ...pageFields, 'Content-Security-Policy': look.policy, 'Content-Type': type },
  };
}

/** Whose page it is: the logo, and the name where the page's own heading is another. */
function headerOf({ name, logo }: PageLook, title: string): string {
  const shownName = name === '' || title.startsWith(name) ? html`` : html`<span>${name}</span>`;
  if (logo === '' && shownName.text === '') return '';
  const picture = logo === '' ? html`` : html`<img src="${logo}" alt="" />`;
  return html`<header>${picture}${shownName}</header>`.text;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

// How pages that the edge writes itself look: like their owner's, by his name, colour and logo. The colour is used as it is
// where something is written on it, and moved towards black or white where it must be read on the page's own ground.
import { createHash } from 'node:crypto';
import { inkOn, readableOn } from './contrast.ts';

/** What an owner sets. */
export interface LookSettings {
  /** What he calls this place; '' leaves it away. */
  readonly name: string;
  /** `#rrggbb`, or '' for the edge's own. */
  readonly colour: string;
  /** A `data:` URL (logo.ts), or '' for none. */
  readonly logo: string;
}

/** The same, ready for pages. */
export interface PageLook extends LookSettings {
  /** The style sheet, exactly as it stands in the page. */
  readonly css: string;
  /** Content-Security-Policy: this style, this kind of picture, forms to this very place, and nothing else. */
  readonly policy: string;
}

/** Makes it ready. */
export function createPageLook(settings: LookSettings): PageLook {
  const css = styleOf(settings.colour === '' ? ownColours : coloursOf(settings.colour));
  const hash = createHash('sha256').update(css).digest('base64');
  const images = settings.logo === '' ? '' : ' img-src data:;';
  return {
    ...settings,
    css,
    policy: `default-src 'none'; style-src 'sha256-${hash}';${images} form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  };
}

/** Of one scheme: what links and frames are drawn in, what buttons are filled with, and what is written on them. */
interface Accent {
  readonly go: string;
  readonly fill: string;
  readonly on: string;
}

/** The ground of the page and of its fields, by scheme; what is drawn in the owner's colour must be read on both. */
const grounds = { light: ['#f6f5f2', '#ffffff'], dark: ['#16181c', '#1f2227'] } as const;

const ownColours = {
  light: { go: '#275d8c', fill: '#275d8c', on: grounds.light[0] },
  dark: { go: '#7fb4e0', fill: '#7fb4e0', on: grounds.dark[0] },
} as const;

function coloursOf(colour: string): { readonly light: Accent; readonly dark: Accent } {
  const accent = { fill: colour, on: inkOn(colour) };
  return {
    light: { ...accent, go: readableOn(colour, grounds.light) },
    dark: { ...accent, go: readableOn(colour, grounds.dark) },
  };
}

function styleOf({ light, dark }: { readonly light: Accent; readonly dark: Accent }): string {
  const accent = ({ go, fill, on }: Accent): string => `--go:${go};--fill:${fill};--on:${on}`;
  return `:root{color-scheme:light dark;--bg:${grounds.light[0]};--ink:#23262b;--soft:#62676f;--card:${grounds.light[1]};--line:#d9d6cf;--bad:#b3372b;${accent(light)}}
@media(prefers-color-scheme:dark){:root{--bg:${grounds.dark[0]};--ink:#e8e6e1;--soft:#a0a5ad;--card:${grounds.dark[1]};--line:#343840;--bad:#f08a7d;${accent(dark)}}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{box-sizing:border-box;width:min(24rem,100vw);padding:2rem 1.5rem}
header{display:flex;align-items:center;gap:.7rem;margin:0 0 1.3rem;color:var(--soft);font-weight:600;overflow-wrap:anywhere}
header img{display:block;max-width:min(12rem,60vw);max-height:3.5rem}
h1{font-size:1.4rem;line-height:1.3;margin:0 0 .3rem;overflow-wrap:anywhere}p{margin:0 0 1.2rem;color:var(--soft);overflow-wrap:anywhere}
p.bad{color:var(--bad)}label{display:block;margin:0 0 .9rem}label span{display:block;font-size:.9rem;color:var(--soft)}
input{box-sizing:border-box;width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:inherit;font:inherit}
label.tick{display:flex;gap:.6rem;align-items:baseline}label.tick input{width:auto}label.tick span{flex:1}
button,a.way{box-sizing:border-box;display:block;width:100%;margin:.5rem 0 0;padding:.6rem;border:1px solid var(--go);border-radius:.5rem;background:var(--fill);color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
a.way{background:none;color:var(--go)}a.way+a.way{margin-top:.5rem}form+a.way{margin-top:1.2rem}
input:focus-visible,button:focus-visible,a:focus-visible{outline:2px solid var(--go);outline-offset:2px}`;
}

/** Of an owner who has set nothing. */
export const plainLook: PageLook = createPageLook({ name: '', colour: '', logo: '' });

// The part of `node:url` that the shared schemas use, by the browser's own URL parser, which does the same (WHATWG URL,
// domain to ASCII). Vite puts it in place of the module of Node.

/** The A-label form of a domain, '' when it is not a valid one. */
export function domainToASCII(domain: string): string {
  if (domain === '' || /[/?#@\\:]/.test(domain)) return '';
  return URL.parse(`http://${domain}`)?.hostname ?? '';
}

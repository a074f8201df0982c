// Where the dashboard stands: at the root of its hostname, or below a path (`/admin/`). The edge writes it into
// index.html as <base href>, and everything else is relative to that.

/** `/` or `/admin/`: always with a slash at both ends. */
export function basePath(): string {
  const { pathname } = new URL(document.baseURI);
  return pathname.slice(0, pathname.lastIndexOf('/') + 1);
}

/** The nonce that the content security policy allows styles with, '' where the page was served without one. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
}

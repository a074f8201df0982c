// The page of the `hello_world` service: it shows whoever set up a tunnel that requests reach the connector, and what
// of the request arrived. Self-contained, light and dark, nothing loaded from elsewhere.

/** What the page shows of the request. */
export interface HelloRequest {
  readonly host: string;
  readonly method: string;
  readonly path: string;
}

/** The whole HTML document. */
export function helloPage(request: HelloRequest): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The tunnel works</title>
<style>${style}</style>
</head>
<body>
<main>
<svg viewBox="0 0 64 64" aria-hidden="true"><path d="M8 60V28a24 24 0 0 1 48 0v32" class="wall"/><path d="M22 60V34a10 10 0 0 1 20 0v26z" class="door"/><path d="M26 47h12m-5-5 5 5-5 5" class="arrow"/></svg>
<h1>The tunnel works.</h1>
<p>This page comes from your connector's built-in <code>hello_world</code> service. Name your own service in the ingress rule to see it here instead.</p>
<dl>
<dt>Host</dt><dd>${escapeHtml(request.host)}</dd>
<dt>Request</dt><dd>${escapeHtml(`${request.method} ${request.path}`)}</dd>
</dl>
</main>
</body>
</html>
`;
}

const style = `
:root{--ground:#f5f4f0;--card:#fff;--ink:#1d2127;--soft:#5b636e;--line:#e2e0d9;--accent:#0b6e4f}
@media (prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1c2026;--ink:#eceef1;--soft:#9aa4b0;--line:#2d333b;--accent:#4cc39a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:17px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:100%;max-width:540px;padding:44px 40px 36px;background:var(--card);border:1px solid var(--line);border-radius:16px}
svg{width:56px;height:56px;fill:none;stroke:var(--accent);stroke-width:4;stroke-linecap:round;stroke-linejoin:round}
.door{fill:var(--accent);fill-opacity:.14;stroke-width:3}.arrow{stroke-width:3}
h1{margin:16px 0 8px;font-size:30px;line-height:1.2;letter-spacing:-.02em}
p{margin:0;color:var(--soft)}
code{padding:1px 6px;border-radius:5px;background:var(--ground);color:var(--ink);font:.88em ui-monospace,SFMono-Regular,Menlo,monospace}
dl{display:grid;grid-template-columns:auto 1fr;gap:6px 20px;margin:28px 0 0;padding-top:20px;border-top:1px solid var(--line);font-size:15px}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.93em}
@media (max-width:480px){main{padding:32px 24px 28px}h1{font-size:26px}}
`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}

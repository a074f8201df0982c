// The pages of the sample blog: plain semantic HTML, one style sheet, nothing from elsewhere. Light and dark follow the
// reader's system; it reads well on a phone.
import { type SamplePost, samplePosts } from './sample-posts.ts';

/** The front page: every post with its summary. */
export function homePage(): string {
  const items = samplePosts.map(
    (post) => `<li><article>
<h2><a href="/posts/${post.slug}">${post.title}</a></h2>
${dateLine(post)}
<p>${post.summary}</p>
</article></li>`,
  );
  return page({
    title: 'The Postern',
    body: `<p class="lead">You are reading this through an edge, a tunnel and a connector, all running on this
machine.</p>
<ol class="posts">${items.join('\n')}</ol>`,
  });
}

/** One post, with a link to its neighbour. */
export function postPage(post: SamplePost): string {
  const next = samplePosts[(samplePosts.indexOf(post) + 1) % samplePosts.length]!;
  return page({
    title: post.title,
    body: `<article>
<h1>${post.title}</h1>
${dateLine(post)}
${post.body}
</article>
<p class="next">Next: <a href="/posts/${next.slug}">${next.title}</a></p>`,
  });
}

/** Who writes here. */
export function aboutPage(): string {
  return page({
    title: 'About',
    body: `<h1>About</h1>
<p>This is the sample site of <code>sallyport demo</code>. It is a web server on a loopback address, written so that
there is something to look at: pages, a <a href="/feed.xml">feed</a>, <a href="/events">live events</a> and an
<a href="/echo">echo</a>.</p>
<p>Stop the demo with Ctrl-C; it leaves nothing running.</p>`,
  });
}

/** What a visitor of an unknown path sees. */
export function notFoundPage(): string {
  return page({
    title: 'Not found',
    body: `<h1>There is nothing here</h1>
<p>The blog itself says so: the request came all the way through the tunnel. <a href="/">Back to the front page</a>.</p>`,
  });
}

/** Live events, shown by a few lines of script. */
export function eventsPage(): string {
  return page({
    title: 'Live events',
    body: `<h1>Live events</h1>
<p>One event a second, as the server sends it. In a terminal: <code>curl -N …/events</code>.</p>
<ol id="events" aria-live="polite"></ol>
<script>
const list = document.getElementById('events');
new EventSource('/events').onmessage = ({ data }) => {
  const item = document.createElement('li');
  item.textContent = data;
  list.prepend(item);
  if (list.children.length > 20) list.lastElementChild.remove();
};
</script>`,
  });
}

/** An Atom feed (RFC 4287). */
export function feed(origin: string): string {
  const entries = samplePosts.map(
    (post) => `<entry><title>${post.title}</title><id>${origin}/posts/${post.slug}</id>
<link href="${origin}/posts/${post.slug}"/><updated>${post.date}T00:00:00Z</updated><summary>${post.summary}</summary></entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>The Postern</title><id>${origin}/</id>
<link href="${origin}/"/><link rel="self" href="${origin}/feed.xml"/><updated>${samplePosts[0]!.date}T00:00:00Z</updated>
<author><name>Sallyport</name></author>
${entries.join('\n')}
</feed>
`;
}

/** Text made safe to stand in HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function dateLine(post: SamplePost): string {
  const text = new Date(`${post.date}T00:00:00Z`).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return `<p class="date"><time datetime="${post.date}">${text}</time></p>`;
}

function page({ title, body }: { readonly title: string; readonly body: string }): string {
  const heading = title === 'The Postern' ? title : `${title} · The Postern`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${heading}</title>
<link rel="stylesheet" href="/static/style.css">
<link rel="alternate" type="application/atom+xml" title="The Postern" href="/feed.xml">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><a class="name" href="/">The Postern</a>
<nav aria-label="Site"><a href="/about">About</a> <a href="/events">Events</a> <a href="/feed.xml">Feed</a></nav></header>
<main id="main">
${body}
</main>
<footer><p>The sample site of the Sallyport demo.</p></footer>
</body>
</html>
`;
}

/** /static/style.css */
export const styleSheet = `:root {
  color-scheme: light dark;
  --ink: #23201c; --soft: #6a6258; --paper: #fbf8f2; --line: #e3dbcd; --accent: #8a3b12;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #ece6db; --soft: #a89f92; --paper: #1a1815; --line: #37322b; --accent: #f0a36f; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 40rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.65 ui-serif, Charter, Georgia, 'Times New Roman', serif; text-rendering: optimizeLegibility;
}
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; justify-content: space-between;
  padding-bottom: 1rem; margin-bottom: 2rem; border-bottom: 1px solid var(--line); }
.name { font-size: 1.35rem; font-weight: 700; letter-spacing: -.01em; color: inherit; text-decoration: none; }
nav { display: flex; gap: 1.1rem; font: .95rem/1.5 ui-sans-serif, system-ui, sans-serif; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
h1, h2 { line-height: 1.2; letter-spacing: -.015em; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 .25rem; }
#events li { font-variant-numeric: tabular-nums; }
h2 { font-size: 1.3rem; margin: 2rem 0 .25rem; }
.lead { font-size: 1.15rem; color: var(--soft); }
.posts, #events { list-style: none; padding: 0; }
.posts h2 a { color: inherit; text-decoration: none; }
.posts h2 a:hover { text-decoration: underline; }
.date { margin: 0 0 .75rem; color: var(--soft); font: .9rem/1.5 ui-sans-serif, system-ui, sans-serif; }
code, pre { font: .9em/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { padding: 1rem; border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; }
.next, footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
`;

/** /static/icon.svg: a gate. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#8a3b12"/><path d="M9 26V15a7 7 0 0 1 14 0v11h-5V15a2 2 0 0 0-4 0v11z" fill="#fbf8f2"/></svg>
`;

/** The echo as a page. */
export function echoPage(text: string): string {
  return page({
    title: 'Echo',
    body: `<h1>Echo</h1>\n<p>Your request, as it arrived here:</p>\n<pre>${escapeHtml(text)}</pre>`,
  });
}

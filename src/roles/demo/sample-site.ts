// The sample site of the demo: a small blog on a loopback port of its own, reached only through edge and connector.
//   /  /posts/...  /about  /feed.xml  /static/...  /events (server-sent events)  /echo (the request, given back)
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHttpServer } from '#base/net/node-http.ts';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { samplePosts } from './sample-posts.ts';
import {
  aboutPage,
  echoPage,
  eventsPage,
  feed,
  homePage,
  icon,
  notFoundPage,
  postPage,
  styleSheet,
} from './sample-pages.ts';

/** The running site. */
export interface SampleSite {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  close(): Promise<void>;
}

const eventEveryMs = 1_000;
const html = 'text/html; charset=utf-8';

/** Starts the site on any free loopback port. */
export async function startSampleSite(): Promise<SampleSite> {
  const server = createHttpServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://sample.invalid');
  if (pathname === '/echo') return echo(request, response);
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return send(response, 405, 'text/plain; charset=utf-8', 'Only GET and HEAD are answered here.\n');
  }
  if (pathname === '/events' && !accepts(request, 'text/html')) return sendEvents(request, response);
  const found = contentOf(pathname, request);
  if (!found) return send(response, 404, html, notFoundPage());
  response.setHeader('Cache-Control', cacheControl(pathname));
  return send(response, 200, found[0], found[1]);
}

/** Posts are pages that an edge may keep for a minute, and a browser not at all; the rest of the pages are always asked for. */
function cacheControl(pathname: string): string {
  if (pathname.startsWith('/static/')) return 'public, max-age=3600';
  return pathname.startsWith('/posts/') ? 'max-age=0, s-maxage=60, stale-while-revalidate=600' : 'no-cache';
}

/** Type and text of a path. */
function contentOf(pathname: string, request: IncomingMessage): readonly [string, string] | undefined {
  switch (pathname) {
    case '/':
      return [html, homePage()];
    case '/about':
      return [html, aboutPage()];
    case '/events':
      return [html, eventsPage()];
    case '/feed.xml':
      return ['application/atom+xml; charset=utf-8', feed(originOf(request))];
    case '/static/style.css':
      return ['text/css; charset=utf-8', styleSheet];
    case '/static/icon.svg':
      return ['image/svg+xml', icon];
    default: {
      const post = samplePosts.find(({ slug }) => pathname === `/posts/${slug}`);
      return post && [html, postPage(post)];
    }
  }
}

/** The site's public origin, as the edge told it. */
function originOf({ headers }: IncomingMessage): string {
  const host = /^[a-z0-9.:[\]-]+$/i.test(headers.host ?? '') ? headers.host : 'localhost';
  return `${headers['x-forwarded-proto'] === 'http' ? 'http' : 'https'}://${host}`;
}

function accepts({ headers }: IncomingMessage, type: string): boolean {
  return headers.accept?.includes(type) ?? false;
}

/** One event at once and one a second, until the reader leaves. */
function sendEvents(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  if (request.method === 'HEAD') return void response.end();
  let count = 0;
  const tick = (): void => {
    count += 1;
    // A reader that stopped reading gets no pile of events.
    if (!response.writableNeedDrain)
      response.write(
        `id: ${count}\ndata: event ${count} at ${new Date().toISOString().slice(11, 19)} UTC\n\n`,
      );
  };
  tick();
  const timer = setInterval(tick, eventEveryMs);
  response.on('close', () => clearInterval(timer));
}

/** The head as it arrived, then the body, streamed back unchanged; to a browser as a page. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
  }
  const text = `${lines.join('\n')}\n`;
  response.setHeader('Cache-Control', 'no-store');
  if (request.method === 'GET' && accepts(request, 'text/html'))
    return send(response, 200, html, echoPage(text));
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.write(`${text}\n`);
  request.pipe(response);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

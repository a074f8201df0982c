// The dashboard's files, as its build left them (dashboard/build.ts): by its manifest and nothing else, compressed as the
// browser likes, kept for ever where the name carries a hash. Every path that is no file is the application's own, and gets
// its page. The policy lets nothing in from outside, and nobody frame it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Random } from '#base/random.ts';

/** Reads a file of the build by its path in it. */
export type ReadBuilt = (path: string) => Buffer;

const manifestSchema = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      type: z.string(),
      hash: z.string(),
      isImmutable: z.boolean(),
      encodings: z.array(z.enum(['br', 'gzip'])),
    }),
  ),
});
type BuiltFile = z.infer<typeof manifestSchema>['files'][number];

const suffixes = { br: '.br', gzip: '.gz' } as const;
/** A year, the longest that caches count (RFC 9111, section 5.2.2.1, by custom). */
const foreverS = 31_536_000;

export interface DashboardFilesOptions {
  readonly read: ReadBuilt;
  readonly random: Random;
  /** Path the dashboard stands at, '' for the root. */
  readonly basePath: string;
}

/** Answers requests for the dashboard's files; `path` is below its base path. */
export class DashboardFiles {
  readonly #options: DashboardFilesOptions;
  readonly #files: ReadonlyMap<string, BuiltFile>;
  readonly #kept = new Map<string, Buffer>();
  readonly #page: string;

  /** @throws when the build is not there or not whole */
  constructor(options: DashboardFilesOptions) {
    this.#options = options;
    const manifest = manifestSchema.parse(JSON.parse(options.read('manifest.json').toString('utf8')));
    this.#files = new Map(manifest.files.map((file) => [`/${file.path}`, file]));
    this.#page = options.read('index.html').toString('utf8');
  }

  answer(request: IncomingMessage, response: ServerResponse, path: string): void {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Type': 'text/plain; charset=utf-8' });
      return void response.end('Only GET and HEAD are answered here.\n');
    }
    setGuards(response);
    const file = path === '/index.html' ? undefined : this.#files.get(path);
    if (file) return this.#sendFile(request, response, file);
    // A file that an old page asks for is gone. Everything else is a page of the application: names have dots, too.
    if (path.startsWith('/assets/')) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      return void response.end('There is no such file.\n');
    }
    this.#sendPage(request, response);
  }

  #sendPage(request: IncomingMessage, response: ServerResponse): void {
    const nonce = this.#options.random.bytes(16).toString('base64');
    const base = `${this.#options.basePath}/`;
    const body = Buffer.from(
      this.#page
        .replace('<base href="/" />', `<base href="${base}" />`)
        .replace('<meta name="style-nonce" content="" />', `<meta name="style-nonce" content="${nonce}" />`),
    );
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policyWith(nonce),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #sendFile(request: IncomingMessage, response: ServerResponse, file: BuiltFile): void {
    const etag = `"${file.hash}"`;
    response.setHeader('ETag', etag);
    response.setHeader('Vary', 'Accept-Encoding');
    response.setHeader(
      'Cache-Control',
      file.isImmutable ? `public, max-age=${foreverS}, immutable` : 'no-cache',
    );
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const encoding = file.encodings.find((each) => accepts(accepted, each));
    const body = this.#read(file.path + (encoding ? suffixes[encoding] : ''));
    response.writeHead(200, {
      'Content-Type': file.type,
      'Content-Length': body.length,
      ...(encoding ? { 'Content-Encoding': encoding } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #read(path: string): Buffer {
    let bytes = this.#kept.get(path);
    if (!bytes) this.#kept.set(path, (bytes = this.#options.read(path)));
    return bytes;
  }
}

/** Nothing from outside, no inline script, styles by nonce, nobody's frame. */
function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function setGuards(response: ServerResponse): void {
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
}

/** Whether `Accept-Encoding` allows an encoding (RFC 9110, section 12.5.3). */
function accepts(field: string, encoding: string): boolean {
  return field.split(',').some((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(';');
    return name?.trim() === encoding && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  });
}

/** What a dashboard that was not built answers. */
export function unbuiltDashboard(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  setGuards(response);
  response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(
    'The dashboard is not built in this checkout; run "npm run build -w dashboard" and load this again.\n',
  );
}

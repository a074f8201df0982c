// A browser in as few lines as the tests of access need: cookies by host, redirects one by one, no script. It finds every
// hostname at the edge of the test.
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly url: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Limit of one request, so that a failure never hangs a test. */
const withinMs = 30_000;

/** Where an address without a port leads, and whose certificates are good. */
export interface EdgeSeen {
  readonly port: number;
  readonly ca: string | readonly string[];
}

export class Visitor {
  /** Value by host and name. */
  readonly cookies = new Map<string, Map<string, string>>();
  readonly #edge: EdgeSeen;

  constructor(edge: EdgeSeen) {
    this.#edge = edge;
  }

  /** One request, as a navigation unless `headers` say otherwise. */
  async ask(url: string, { method = 'GET', headers = {}, body = '' }: Asking = {}): Promise<Seen> {
    const { host, hostname, port, pathname, search } = new URL(url);
    const jar = this.cookies.get(hostname) ?? new Map<string, string>();
    this.cookies.set(hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { promise, resolve, reject } = Promise.withResolvers<Seen>();
    const sent = request(
      {
        ...{
          host: '127.0.0.1',
          port: Number(port) || this.#edge.port,
          servername: hostname,
          ca: [this.#edge.ca].flat(),
          agent: false,
        },
        ...{ method, path: `${pathname}${search}`, signal: AbortSignal.timeout(withinMs) },
        headers: { host, accept: 'text/html,*/*', ...(cookie === '' ? {} : { cookie }), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          keep(jar, response.headers['set-cookie'] ?? []);
          resolve({ status: response.statusCode!, headers: response.headers, body: text, url });
        });
      },
    );
    sent.on('error', reject).end(body);
    return await promise;
  }

  /** Follows redirects, and pages that lead on by themselves, to where they end. */
  async open(url: string, asking: Asking = {}): Promise<Seen> {
    let seen = await this.ask(url, asking);
    for (let hops = 0; hops < 10; hops++) {
      const [, refresh] = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(seen.body) ?? [];
      const next = seen.headers.location ?? refresh?.replaceAll('&amp;', '&');
      if (next === undefined) return seen;
      seen = await this.ask(new URL(next, seen.url).href);
    }
    throw new Error(`${url} leads in a circle: ${seen.url}`);
  }

  /** Fills in the sign-in page that it was led to, and goes on. */
  async signIn(page: Seen, name: string, password: string): Promise<Seen> {
    const [, action] = /<form method="post" action="([^"]*)"/.exec(page.body) ?? [];
    if (action === undefined) throw new Error(`this is no sign-in page: ${page.status} ${page.body}`);
    const url = new URL(action.replaceAll('&amp;', '&'), page.url).href;
    return await this.open(url, form(url, { name, password }));
  }
}

/** A form as the page's own browser sends it. */
export function form(url: string, fields: Readonly<Record<string, string>>): Asking {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: new URL(url).origin,
      'sec-fetch-site': 'same-origin',
    },
    body: new URLSearchParams(fields).toString(),
  };
}

function keep(jar: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ');
    const mark = pair.indexOf('=');
    const name = pair.slice(0, mark);
    if (attributes.includes('Max-Age=0')) jar.delete(name);
    else jar.set(name, pair.slice(mark + 1));
  }
}

// A browser at the pages of the dashboard's hostname, without script: it keeps cookies and says where its page is from, as
// they would come through the edge.
import { request } from 'node:http';

/** A page as it came. */
export interface Page {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

const formType = 'application/x-www-form-urlencoded';
let hosts = 0;

/** A browser at the pages of the dashboard's hostname. */
export class PageBrowser {
  readonly #port: number;
  readonly cookies = new Map<string, string>();
  readonly address = `198.51.100.${(hosts += 1)}`;

  constructor(port: number) {
    this.#port = port;
  }

  async open(
    path: string,
    form?: Readonly<Record<string, string>>,
    more: Record<string, string> = {},
  ): Promise<Page> {
    const { promise, resolve, reject } = Promise.withResolvers<Page>();
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      ...{ host: 'sallyport.example.com', 'x-real-ip': this.address, 'x-forwarded-proto': 'https' },
      ...{ 'sec-fetch-site': 'same-origin', origin: 'https://sallyport.example.com' },
      ...(cookie === '' ? {} : { cookie }),
      ...(form ? { 'content-type': formType } : {}),
      ...more,
    };
    const method = form ? 'POST' : 'GET';
    const signal = AbortSignal.timeout(30_000);
    request(
      { host: '127.0.0.1', port: this.#port, method, path, headers, signal, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('error', reject).on('end', () => {
          const set = response.headers['set-cookie'] ?? [];
          for (const line of set) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
            this.cookies.set(name!, value!);
          }
          resolve({ status: response.statusCode!, body, cookies: set });
        });
      },
    )
      .on('error', reject)
      .end(form && new URLSearchParams(form).toString());
    return await promise;
  }
}

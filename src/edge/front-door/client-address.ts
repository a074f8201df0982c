// Who the client is. Start from the socket's peer (or what a trusted PROXY header said); only where that peer is a
// trusted proxy is X-Forwarded-For believed, walked from right to left over trusted hops (edge.md section 6.3).
import { noBytes } from '#base/bytes.ts';
import type { CidrSet } from '#base/net/ip.ts';
import { parseAddress } from '#base/net/ip.ts';
import type { ClientAddress, RequestHead } from '#http/exchange.ts';

/** What the edge tells the origin about the client of one request. One object per connection for direct clients. */
export class ClientIdentity {
  /** The client's address, normalised. */
  readonly address: string;
  readonly #chain: string;
  readonly #scheme: string;
  #authority = '';
  #lines = '';
  #bytes: Buffer = noBytes;

  constructor(address: string, chain: string, scheme: string) {
    this.address = address;
    this.#chain = chain;
    this.#scheme = scheme;
  }

  /** X-Forwarded-For and its relatives, each line ending in CRLF. HOT: kept while the authority stays the same. */
  linesFor(authority: string): string {
    if (authority !== this.#authority) this.#makeLines(authority);
    return this.#lines;
  }

  /** The same as bytes. */
  bytesFor(authority: string): Buffer {
    if (authority !== this.#authority) this.#makeLines(authority);
    return this.#bytes;
  }

  #makeLines(authority: string): void {
    this.#authority = authority;
    this.#lines =
      `X-Forwarded-For: ${this.#chain}\r\nX-Real-IP: ${this.address}\r\nCF-Connecting-IP: ${this.address}\r\n` +
      `X-Forwarded-Proto: ${this.#scheme}\r\nX-Forwarded-Host: ${authority}\r\n`;
    this.#bytes = Buffer.from(this.#lines, 'latin1');
  }
}

/** Decides the client of each request. Identities of direct clients are made once per connection. */
export class ClientResolver {
  readonly #trusted: CidrSet;
  readonly #direct = new WeakMap<ClientAddress, ClientIdentity>();

  constructor(trusted: CidrSet) {
    this.#trusted = trusted;
  }

  resolve(request: RequestHead): ClientIdentity {
    const known = this.#direct.get(request.client);
    if (known) return known;
    if (this.#trusted.has(request.client.address)) return this.#behindProxy(request);
    const { address } = request.client;
    const identity = new ClientIdentity(address, address, request.scheme);
    this.#direct.set(request.client, identity);
    return identity;
  }

  #behindProxy(request: RequestHead): ClientIdentity {
    const peer = request.client.address;
    const chain: string[] = [];
    request.fields.forEach((name, value) => {
      if (name.toLowerCase() === 'x-forwarded-for')
        chain.push(...value.split(',').map((token) => token.trim()));
    });
    let address = peer;
    for (const token of chain.toReversed()) {
      const hop = parseAddress(token);
      if (hop === undefined) break;
      address = hop;
      if (!this.#trusted.has(hop)) break;
    }
    const proto = request.fields.get('x-forwarded-proto');
    const scheme = proto === 'http' || proto === 'https' ? proto : request.scheme;
    return new ClientIdentity(address, [...chain.filter(isPlainToken), peer].join(', '), scheme);
  }
}

function isPlainToken(token: string): boolean {
  return /^[0-9A-Za-z.:[\]_-]{1,64}$/.test(token);
}

// The request that another proxy asks about, rebuilt from the fields in which it describes it. Each field must be there once:
// where a visitor could add a second one, the proxy and the edge might read different ones. And its path must be in the form
// in which the edge decides, because the other proxy passes on what the visitor wrote:
//
//   forward-auth, visitor-pages   X-Forwarded-Method, -Proto, -Host, -Uri    (Caddy, Traefik)
//   auth-request                  X-Original-Method, X-Original-URL          (nginx)
//   all                           X-Forwarded-For: the address that the proxy has added last
import { parseAuthority } from '#base/net/hostname.ts';
import { errorText } from '#base/errors.ts';
import { type CidrSet, parseAddress } from '#base/net/ip.ts';
import { ChangedRequest } from '#http/changed-request.ts';
import type { ClientAddress, Fields, RequestHead } from '#http/exchange.ts';
import { parseOriginForm } from '#http/request-target.ts';

/** How a proxy describes the request. */
export type AskingForm = 'forwarded' | 'original';

/** What was asked about; as far as it differs from the request that asks. */
export interface AskedAbout {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  /** '' when the proxy has said none that can be read: rules by address open nothing then. */
  readonly address: string;
}

/** Reads it; a text says in a sentence what is wrong. */
export function readAskedAbout(fields: Fields, form: AskingForm, trusted: CidrSet): AskedAbout | string {
  const said = form === 'forwarded' ? readForwarded(fields) : readOriginal(fields);
  if (typeof said === 'string') return said;
  const { method, proto, host, uri } = said;
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) return `The proxy names no method that can be read.`;
  if (proto !== 'http' && proto !== 'https') return 'The proxy names neither http nor https.';
  const authority = parseAuthority(host);
  if (!authority) return 'The proxy names no hostname that can be read.';
  try {
    const { path, query } = parseOriginForm(uri);
    if (path !== withPlainEscapes(uri.slice(0, uri.length - query.length)))
      return 'The path is written in a way that a service may read otherwise than the edge.';
    const address = clientOf(fields, trusted);
    return { method, scheme: proto, host: authority.host, authority: host, path, query, address };
  } catch (error) {
    return `The edge refuses the address: ${errorText(error)}.`;
  }
}

interface Said {
  readonly method: string;
  readonly proto: string;
  readonly host: string;
  readonly uri: string;
}

function readForwarded(fields: Fields): Said | string {
  const names = ['X-Forwarded-Method', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Uri'];
  const values = names.map((name) => onlyValue(fields, name));
  const missing = names.find((_, i) => values[i] === undefined);
  if (missing !== undefined) return `The proxy must send ${missing}, once.`;
  const [method, proto, host, uri] = values as [string, string, string, string];
  return { method, proto, host, uri };
}

function readOriginal(fields: Fields): Said | string {
  const method = onlyValue(fields, 'X-Original-Method');
  if (method === undefined) return 'The proxy must send X-Original-Method, once.';
  const url = onlyValue(fields, 'X-Original-URL');
  const [, proto, host, uri] = /^(https?):\/\/([^/?#]+)(\/.*)$/.exec(url ?? '') ?? [];
  if (proto === undefined) return 'The proxy must send X-Original-URL, once, with the whole address.';
  return { method, proto, host: host!, uri: uri! };
}

/** The value of a field that is there once. */
function onlyValue(fields: Fields, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  fields.forEach((each, value) => {
    if (each.toLowerCase() === wanted) values.push(value);
  });
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}

/** From right to left over proxies that may ask: what stands left of the first other address, anybody may have written. */
function clientOf(fields: Fields, trusted: CidrSet): string {
  const chain: string[] = [];
  fields.forEach((name, value) => {
    if (name.toLowerCase() === 'x-forwarded-for') chain.push(...value.split(','));
  });
  let address = '';
  for (const token of chain.toReversed()) {
    const hop = parseAddress(token.trim());
    if (hop === undefined) return '';
    address = hop;
    if (!trusted.has(hop)) break;
  }
  return address;
}

/** What may differ between two spellings of one path without anybody reading it otherwise: escapes of plain letters, and hex case. */
function withPlainEscapes(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const char = String.fromCharCode(parseInt(hex, 16));
    return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${hex.toUpperCase()}`;
  });
}

/** The request as if it had come here itself; of the one that asks it keeps body, fields and number. */
export function forwardedRequest(asking: RequestHead, about: AskedAbout): RequestHead {
  const { method, scheme, host, authority, path, query, address } = about;
  const { peerAddress, localAddress, localPort } = asking.client;
  // A certificate that the other proxy shows is its own.
  const client: ClientAddress = { address, port: 0, peerAddress, localAddress, localPort, serverName: '' };
  return new ChangedRequest(asking, { method, scheme, host, authority, path, query, client });
}

// What a rule's `service` says, in cloudflared's terms: a URL whose scheme decides, a unix socket, or one of the
// services the connector answers by itself. The error texts carry cloudflared's wording, which people search for.
import { parseAddress } from '#base/net/ip.ts';
import type { Service } from '#model/ingress/ingress-rule.ts';

/** A service, or why the text names none; `warning` when it works in a way its writer may not expect. */
export type ServiceResult =
  | { readonly service: Service; readonly warning: string }
  | { readonly error: string };

/** Ports of the schemes that have a default. `tcp` without one is cloudflared's own choice. */
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['ws', 80],
  ['h2c', 80],
  ['https', 443],
  ['wss', 443],
  ['ssh', 22],
  ['rdp', 3389],
  ['smb', 445],
  ['tcp', 7864],
]);

const httpSchemes: ReadonlyMap<string, 'http' | 'https' | 'h2c'> = new Map([
  ['http', 'http'],
  ['ws', 'http'],
  ['https', 'https'],
  ['wss', 'https'],
  ['h2c', 'h2c'],
]);

/** Reads a `service`; `isBastion` is the rule's merged `bastionMode`, which overrides every URL. */
export function parseService(text: string, isBastion: boolean): ServiceResult {
  if (text.startsWith('unix:')) return unixService(text, text.slice(5), false);
  if (text.startsWith('unix+tls:')) return unixService(text, text.slice(9), true);
  if (text.startsWith('http_status:')) return statusService(text);
  if (text === 'hello_world' || text === 'hello-world') return plain({ kind: 'hello-world', text });
  if (text === 'socks-proxy') return plain({ kind: 'socks-proxy', text });
  if (text === 'bastion' || isBastion)
    return plain({ kind: 'bastion', text: text === '' ? 'bastion' : text });
  return urlService(text);
}

/** The port a URL without one means, 0 when its scheme has none. */
export function defaultPortOf(scheme: string): number {
  return defaultPorts.get(scheme) ?? 0;
}

/** Whether requests are forwarded as HTTP, rather than bytes. */
export function isHttpScheme(scheme: string): boolean {
  return httpSchemes.has(scheme);
}

function plain(service: Service, warning = ''): ServiceResult {
  return { service, warning };
}

function unixService(text: string, path: string, isTls: boolean): ServiceResult {
  if (path === '')
    return { error: `${text} is an invalid address, please name the socket's file after the colon` };
  return plain({ kind: 'unix', text, path, isTls });
}

function statusService(text: string): ServiceResult {
  const digits = text.slice('http_status:'.length);
  if (!/^[+-]?\d+$/.test(digits)) return { error: `invalid HTTP status code: "${digits}" is not a number` };
  const status = Number(digits);
  if (status < 100 || status > 999) return { error: `invalid HTTP status code: ${status}` };
  return plain({ kind: 'http-status', text, status });
}

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly hasPath: boolean;
  readonly hasExtras: boolean;
}

function urlService(text: string): ServiceResult {
  const parts = splitUrl(text);
  if (typeof parts === 'string') return { error: parts };
  if (parts.hasPath) {
    return {
      error:
        `${text} is an invalid address, ingress rules don't support proxying to a different path on the origin service. ` +
        "The path will be the same as the eyeball request's path",
    };
  }
  const { scheme, host } = parts;
  const port = parts.port || defaultPortOf(scheme);
  const http = httpSchemes.get(scheme);
  const extras = parts.hasExtras
    ? `${text}: user name, query and fragment of a service address have no effect`
    : '';
  if (http) return plain({ kind: 'http', text, scheme: http, host, port }, extras);
  if (scheme === 'udp') {
    return port === 0
      ? { error: `${text} is an invalid address, a UDP service needs its port` }
      : plain({ kind: 'udp', text, host, port }, extras);
  }
  return plain({ kind: 'tcp', text, scheme, host, port }, extras || tcpWarning(text, scheme, port));
}

function tcpWarning(text: string, scheme: string, port: number): string {
  if (scheme === 'grpc')
    return `${text}: grpc:// is carried as plain TCP; write h2c:// (or https:// with http2Origin) for gRPC`;
  if (scheme === 'tls')
    return `${text}: tls:// is carried as plain TCP without TLS; write https:// for an HTTP service`;
  if (port === 0)
    return `${text} names no port and ${scheme}:// has no default, so it cannot be reached; add a port`;
  return defaultPorts.has(scheme)
    ? ''
    : `${text}: ${scheme}:// is not a known scheme and is carried as plain TCP`;
}

/** Scheme, host and port, by Go's reading of a URL; a text says why it is none. */
function splitUrl(text: string): UrlParts | string {
  const invalid = `${text} is an invalid address, please make sure it has a scheme and a hostname`;
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(text);
  if (!match) return invalid;
  const [, scheme, authority, path, rest] = match as unknown as [string, string, string, string, string];
  const userEnd = authority.lastIndexOf('@');
  const hostPort = authority.slice(userEnd + 1);
  const bad = /[\s\u0000-\u001f\u007f<>"\\^`{|}]/.exec(hostPort);
  if (bad) return `parse "${text}": invalid character ${JSON.stringify(bad[0])} in host name`;
  const split = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(hostPort);
  const host = split?.[1] === undefined ? undefined : unbracket(split[1]);
  if (!split || host === undefined) return `parse "${text}": invalid host`;
  if (host === '') return invalid;
  const port = split[2] ?? '';
  if (!/^\d*$/.test(port) || Number(port) > 65_535)
    return `parse "${text}": invalid port ":${port}" after host`;
  return {
    scheme: scheme.toLowerCase(),
    host,
    port: Number(port),
    hasPath: path !== '',
    hasExtras: userEnd >= 0 || rest !== '',
  };
}

function unbracket(host: string): string | undefined {
  if (!host.startsWith('[')) return host;
  // The zone stays: a link-local address cannot be dialled without it.
  const literal = host.slice(1, -1);
  return parseAddress(literal) === undefined ? undefined : literal.replace('%25', '%');
}

// Single values of edge.yml: how each is written, and the one sentence that refuses what cannot be read.
import { z } from 'zod';
import { parseDuration } from '#base/text/duration.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { isAddress, isPrefix } from '#base/net/ip.ts';
import { parseSize } from '#base/text/size.ts';

/** Where a listener binds; `host` undefined is every address of both families. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** `443`, `:443`, `127.0.0.1:443` or `[::1]:443`; undefined when the text is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]:|([^\s:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? -1);
  const host = match?.[1] ?? match?.[2];
  if (port < 0 || port > 65_535) return undefined;
  if (host === undefined || host === '') return { host: undefined, port };
  return isAddress(host) || host === 'localhost' ? { host, port } : undefined;
}

/** A scalar read by `parse`, refused with one sentence. */
export function scalar<T>(expects: string, parse: (text: string) => T | undefined) {
  return z.union([z.string(), z.number()], { error: `must be ${expects}` }).transform((value, context): T => {
    const parsed = parse(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `must be ${expects}, not "${value}"` });
    return z.NEVER;
  });
}

/** Milliseconds of a duration in Go's spelling. */
export const duration = () =>
  scalar('a duration such as "30s" or "1m30s"', (text) => {
    const ms = parseDuration(text);
    return ms === undefined || ms < 0 ? undefined : ms;
  });
/** Bytes. */
export const size = () => scalar('a size such as "16KiB" or a number of bytes', parseSize);
/** One address to listen on. */
export const listen = () =>
  scalar('a port, or address:port such as "127.0.0.1:8443" or "[::]:443"', parseListenAddress);
/** One address to listen on, or a list. */
export const listeners = () => z.union([listen().transform((one) => [one]), z.array(listen()).max(16)]);
/** A canonical hostname. */
export const hostname = () => scalar('a hostname such as "blog.example.com"', parseHostname);
/** A canonical hostname, or `*.` and one. */
export const pattern = () =>
  scalar('a hostname, or "*." and a hostname', (text) => {
    const bare = parseHostname(text.replace(/^\*\./, ''));
    return bare === undefined ? undefined : text.startsWith('*.') ? `*.${bare}` : bare;
  });
/** A prefix, or one address. */
export const cidr = () =>
  scalar('an address or a prefix such as "10.0.0.0/8"', (text) => (isPrefix(text) ? text : undefined));
/** A raw Ed25519 public key. */
export const publicKey = () =>
  scalar('a public key as "sallyport tunnel create" prints it (base64 of 32 bytes)', (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.length === 32 && /^[A-Za-z0-9+/]{43}=$/.test(text) ? new Uint8Array(bytes) : undefined;
  });
/** A UUID in lower case. */
export const uuid = () =>
  scalar("a tunnel's UUID", (text) =>
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined,
  );

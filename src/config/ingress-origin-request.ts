// `originRequest`: how the connector speaks to origins. Each key may stand in a rule or at the top of the file; the
// rule's wins, then the file's, then cloudflared's default (shared facts, tunnels.md 2c).
import type { Node } from 'yaml';
import { cidrSet } from '#base/net/ip.ts';
import { isSallyportError } from '#base/errors.ts';
import type { IpRule, OriginRequest } from '#model/ingress/ingress-rule.ts';
import type { ConfigEntry, ConfigReader } from './connector-config-reader.ts';

/** Only the keys that were written. */
export type PartialOriginRequest = Partial<OriginRequest>;

/** cloudflared's defaults. */
export const defaultOriginRequest: OriginRequest = {
  connectTimeoutMs: 30_000,
  tlsTimeoutMs: 10_000,
  tcpKeepAliveMs: 30_000,
  noHappyEyeballs: false,
  keepAliveConnections: 100,
  keepAliveTimeoutMs: 90_000,
  httpHostHeader: '',
  originServerName: '',
  matchSniToHost: false,
  caPool: '',
  noTlsVerify: false,
  disableChunkedEncoding: false,
  bastionMode: false,
  proxyAddress: '127.0.0.1',
  proxyPort: 0,
  proxyType: '',
  ipRules: [],
  http2Origin: false,
  proxyProtocol: '',
  access: { required: false, teamName: '', audTag: [] },
};

/** A rule's keys over the file's over the defaults. */
export function mergeOriginRequest(global: PartialOriginRequest, own: PartialOriginRequest): OriginRequest {
  return { ...defaultOriginRequest, ...global, ...own };
}

type Field = keyof OriginRequest;
type Read = (reader: ConfigReader, node: Node | undefined, name: string) => unknown;

const duration: Read = (reader, node, name) => reader.duration(node, name);
const boolean: Read = (reader, node, name) => reader.boolean(node, name);
const string: Read = (reader, node, name) => reader.string(node, name);
const integer: Read = (reader, node, name) => reader.integer(node, name);

/** Every key of `originRequest` as the file spells it, the field it fills, and how it is read. */
const keys: readonly (readonly [key: string, field: Field, read: Read])[] = [
  ['connectTimeout', 'connectTimeoutMs', duration],
  ['tlsTimeout', 'tlsTimeoutMs', duration],
  ['tcpKeepAlive', 'tcpKeepAliveMs', duration],
  ['noHappyEyeballs', 'noHappyEyeballs', boolean],
  ['keepAliveConnections', 'keepAliveConnections', integer],
  ['keepAliveTimeout', 'keepAliveTimeoutMs', duration],
  ['httpHostHeader', 'httpHostHeader', readHostHeader],
  ['originServerName', 'originServerName', string],
  ['matchSNItoHost', 'matchSniToHost', boolean],
  ['caPool', 'caPool', string],
  ['noTLSVerify', 'noTlsVerify', boolean],
  ['disableChunkedEncoding', 'disableChunkedEncoding', boolean],
  ['bastionMode', 'bastionMode', boolean],
  ['proxyAddress', 'proxyAddress', string],
  ['proxyPort', 'proxyPort', integer],
  ['proxyType', 'proxyType', string],
  ['ipRules', 'ipRules', readIpRules],
  ['http2Origin', 'http2Origin', boolean],
  ['proxyProtocol', 'proxyProtocol', readProxyProtocol],
  ['access', 'access', readAccess],
];

/** Reads an `originRequest` mapping; `name` says where it stands, for messages. */
export function readOriginRequest(
  reader: ConfigReader,
  node: Node | undefined,
  name: string,
): PartialOriginRequest {
  const found: Record<string, unknown> = {};
  for (const entry of reader.entries(node, name) ?? []) {
    const known = keys.find(([key]) => reader.isKey(entry.key, key));
    if (!known) {
      unknownKey(reader, entry, name, ['access']);
      continue;
    }
    const value = known[2](reader, entry.value, `${name}.${known[0]}`);
    if (value !== undefined) found[known[1]] = value;
  }
  return found as PartialOriginRequest;
}

/** A Host field's value goes onto the wire as it stands, so it may hold nothing that ends a line. */
function readHostHeader(reader: ConfigReader, node: Node | undefined, name: string): string | undefined {
  const value = reader.string(node, name);
  if (value === undefined || /^[\u0021-\u007e]{0,253}$/.test(value)) return value;
  reader.error(`${name} must be a host, as it would stand in a Host header`, reader.lineOf(node));
  return undefined;
}

function readProxyProtocol(
  reader: ConfigReader,
  node: Node | undefined,
  name: string,
): '' | 'v1' | 'v2' | undefined {
  const value = reader.string(node, name);
  if (value === undefined || value === '' || value === 'v1' || value === 'v2') return value;
  reader.error(`${name} must be v1 or v2`, reader.lineOf(node));
  return undefined;
}

function readIpRules(reader: ConfigReader, node: Node | undefined, name: string): IpRule[] | undefined {
  return reader.items(node, name)?.flatMap((item, i) => readIpRule(reader, item, `${name}[${i}]`) ?? []);
}

function readIpRule(reader: ConfigReader, node: Node, name: string): IpRule | undefined {
  const rule = { prefix: '', ports: [] as number[], allow: false };
  for (const { key, value, line } of reader.entries(node, name) ?? []) {
    if (reader.isKey(key, 'prefix')) rule.prefix = reader.string(value, `${name}.prefix`) ?? '';
    else if (reader.isKey(key, 'allow')) rule.allow = reader.boolean(value, `${name}.allow`) ?? false;
    else if (reader.isKey(key, 'ports')) {
      const items = reader.items(value, `${name}.ports`) ?? [];
      rule.ports = items.flatMap((item, i) => reader.integer(item, `${name}.ports[${i}]`) ?? []);
      if (rule.ports.some((port) => port < 1 || port > 65_535))
        reader.error(`${name}.ports must lie between 1 and 65535`, line);
    } else reader.unusedKey(`${name}.${key}`, line);
  }
  try {
    cidrSet([rule.prefix]);
    return rule;
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    reader.error(`unable to create ip rule for ${name}: ${error.message}`, reader.lineOf(node));
    return undefined;
  }
}

function readAccess(reader: ConfigReader, node: Node | undefined, name: string): OriginRequest['access'] {
  let required = false;
  let teamName = '';
  let audTag: string[] = [];
  for (const entry of reader.entries(node, name) ?? []) {
    const { key, value, line } = entry;
    if (reader.isKey(key, 'required')) required = reader.boolean(value, `${name}.required`) ?? false;
    else if (reader.isKey(key, 'teamName')) teamName = reader.string(value, `${name}.teamName`) ?? '';
    else if (reader.isKey(key, 'audTag')) audTag = reader.strings(value, `${name}.audTag`) ?? [];
    else if (reader.isKey(key, 'environment')) reader.string(value, `${name}.environment`);
    else unknownKey(reader, { key, value, line }, name, ['required', 'teamName', 'audTag']);
  }
  if (required && teamName === '' && audTag.length > 0) {
    reader.error('access.TeamName cannot be blank when access.audTags are present', reader.lineOf(node));
  }
  return { required, teamName, audTag };
}

/** Unknown keys only warn, except those that look like a key which protects something: dropping it would open a door. */
function unknownKey(
  reader: ConfigReader,
  entry: ConfigEntry,
  name: string,
  guarded: readonly string[],
): void {
  const meant = guarded.find((key) => isNear(entry.key.toLowerCase(), key.toLowerCase()));
  if (meant === undefined) reader.unusedKey(`${name}.${entry.key}`, entry.line);
  else
    reader.error(
      `${name}.${entry.key} is not a key; write ${meant}, or the rule would be open to everyone`,
      entry.line,
    );
}

/** Whether two words differ by at most two insertions, deletions or replacements of a letter. */
function isNear(a: string, b: string): boolean {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]! <= 2;
}

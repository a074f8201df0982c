// The `ingress` list: from the file's nodes to rules, with cloudflared's checks and its words for what fails. Unlike
// cloudflared, every error of the list is reported, not only the first.
import type { Node } from 'yaml';
import { errorText } from '#base/errors.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { compilePath, isCatchAll } from '#model/ingress/ingress-match.ts';
import type { IngressRule, Service } from '#model/ingress/ingress-rule.ts';
import type { ConfigReader } from './connector-config-reader.ts';
import {
  mergeOriginRequest,
  type PartialOriginRequest,
  readOriginRequest,
} from './ingress-origin-request.ts';
import { parseService } from './ingress-service.ts';

/** A rule and the line it begins on. */
export interface LocatedRule {
  readonly rule: IngressRule;
  readonly line: number | undefined;
}

/** More rules than this cannot be published to an edge. */
const maxRules = 10_000;

/** Messages of cloudflared that operators and scripts search for. */
export const ingressMessages = {
  noRules: "The config file doesn't contain any ingress rules",
  lastNotCatchAll:
    'The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)',
  badWildcard:
    'Hostname patterns can have at most one wildcard character ("*") and it can only be used for subdomains, e.g. "*.example.com"',
  hostnameHasPort: 'Hostname cannot contain a port',
  urlWithIngress: "You can't set the --url flag (or $TUNNEL_URL) when using multiple-origin ingress rules",
} as const;

/** Reads and checks the list; rules with an error are left out, so the result is only usable when none was reported. */
export function readIngress(
  reader: ConfigReader,
  node: Node | undefined,
  global: PartialOriginRequest,
): LocatedRule[] {
  const items = reader.items(node, 'ingress') ?? [];
  if (items.length > maxRules) {
    reader.error(
      `There are ${items.length} ingress rules, more than the ${maxRules} that an edge takes`,
      undefined,
    );
    return [];
  }
  return items.flatMap((item, i) => {
    const raw = readRawRule(reader, item, i + 1);
    if (!raw) return [];
    checkHostname(reader, raw, i === items.length - 1);
    checkPath(reader, raw);
    const rule = completeRule(reader, raw, global);
    return rule ? [{ rule, line: raw.line }] : [];
  });
}

interface RawRule {
  /** 1-based, as cloudflared's messages count. */
  readonly number: number;
  readonly hostname: string;
  readonly path: string;
  readonly service: string;
  readonly originRequest: PartialOriginRequest;
  readonly line: number | undefined;
}

function readRawRule(reader: ConfigReader, node: Node, number: number): RawRule | undefined {
  const name = `ingress rule #${number}`;
  const entries = reader.entries(node, name);
  if (!entries) return undefined;
  let hostname = '';
  let path = '';
  let service = '';
  let originRequest: PartialOriginRequest = {};
  for (const { key, value, line } of entries) {
    if (reader.isKey(key, 'hostname')) hostname = reader.string(value, `${name}: hostname`) ?? '';
    else if (reader.isKey(key, 'path')) path = reader.string(value, `${name}: path`) ?? '';
    else if (reader.isKey(key, 'service')) service = reader.string(value, `${name}: service`) ?? '';
    else if (reader.isKey(key, 'originRequest'))
      originRequest = readOriginRequest(reader, value, `${name}: originRequest`);
    else reader.unusedKey(`${name}: ${key}`, line);
  }
  return { number, hostname, path, service, originRequest, line: reader.lineOf(node) };
}

function checkHostname(reader: ConfigReader, raw: RawRule, isLast: boolean): void {
  const { hostname, line, number } = raw;
  if (/^[^:]*:[^:]*$|\]:/.test(hostname)) reader.error(ingressMessages.hostnameHasPort, line);
  else if (hostname.lastIndexOf('*') > 0) reader.error(ingressMessages.badWildcard, line);
  else if (isLast && !isCatchAll(raw)) reader.error(ingressMessages.lastNotCatchAll, line);
  else if (!isLast && isCatchAll(raw)) {
    reader.error(
      `Rule #${number} is matching the hostname '${hostname}', but this will match every hostname, meaning the rules ` +
        'which follow it will never be triggered.',
      line,
    );
  }
}

function checkPath(reader: ConfigReader, raw: RawRule): void {
  if (raw.path === '') return;
  if (raw.path.length > 4096)
    reader.error(`Rule #${raw.number} has an invalid regex: it is longer than 4096 characters`, raw.line);
  try {
    compilePath(raw.path);
  } catch (error) {
    reader.error(`Rule #${raw.number} has an invalid regex: ${errorText(error)}`, raw.line);
  }
}

function completeRule(
  reader: ConfigReader,
  raw: RawRule,
  global: PartialOriginRequest,
): IngressRule | undefined {
  const merged = mergeOriginRequest(global, raw.originRequest);
  const result = parseService(raw.service, merged.bastionMode);
  if ('error' in result) {
    reader.error(result.error, raw.line);
    return undefined;
  }
  if (result.warning !== '') reader.warn(result.warning, raw.line);
  // cloudflared: proxyType "socks" makes a SOCKS proxy of a bastion.
  const isSocks = result.service.kind === 'bastion' && merged.proxyType === 'socks';
  const service: Service = isSocks ? { kind: 'socks-proxy', text: result.service.text } : result.service;
  const originRequest = service.kind === 'bastion' ? { ...merged, bastionMode: true } : merged;
  return { hostname: canonicalPattern(reader, raw), path: raw.path, service, originRequest };
}

/** Lower-case and in A-label form, as the edge compares it; what is no hostname stays and matches nothing. */
function canonicalPattern(reader: ConfigReader, raw: RawRule): string {
  const lower = raw.hostname.toLowerCase();
  if (lower === '' || lower === '*') return lower;
  const prefix = lower.startsWith('*.') ? '*.' : '';
  const canonical = parseHostname(lower.slice(prefix.length));
  if (canonical !== undefined) return prefix + canonical;
  if (lower.length > 253)
    reader.error(`Rule #${raw.number} has a hostname of more than 253 characters`, raw.line);
  const cure = /^\*[^.*]/.test(lower) ? `; write "*.${lower.slice(1)}" for its subdomains` : '';
  reader.warn(
    `Rule #${raw.number} has the hostname "${raw.hostname}", which no request can have${cure}`,
    raw.line,
  );
  return lower;
}

// What is allowed but probably not meant: rules that can never be reached, verification switched off for an address on
// the internet. cloudflared stays silent here; Sallyport accepts the file and says so.
import { isIP } from 'node:net';
import { cidrSet, privatePrefixes } from '#base/net/ip.ts';
import { hostMatches } from '#model/ingress/ingress-match.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { ConfigReader } from './connector-config-reader.ts';
import type { LocatedRule } from './ingress-rules.ts';

/** Adds warnings about a list of rules that is otherwise valid. */
export function lintIngress(reader: ConfigReader, located: readonly LocatedRule[]): void {
  for (const [i, { rule, line }] of located.entries()) {
    const shadow = located.slice(0, i).findIndex((earlier) => covers(earlier.rule, rule));
    if (shadow >= 0) {
      reader.warn(
        `Rule #${i + 1} (${describe(rule)}) is never reached: rule #${shadow + 1} (${describe(located[shadow]!.rule)}) comes ` +
          'first and matches all that it would; put the more specific rule first',
        line,
      );
    }
    lintVerification(reader, rule, i + 1, line);
    lintIpRules(reader, rule, i + 1, line);
  }
}

/** Whether everything that `later` matches is taken by `earlier`. Paths count as covered only when equal or absent. */
function covers(earlier: IngressRule, later: IngressRule): boolean {
  if (earlier.path !== '' && earlier.path !== later.path) return false;
  // The catch-all at the end is needed even where every hostname seems to be taken.
  if (later.hostname === '' || later.hostname === '*') return false;
  return hostMatches(earlier.hostname, later.hostname.replace(/^\*\./, 'any.'));
}

function lintVerification(
  reader: ConfigReader,
  rule: IngressRule,
  number: number,
  line: number | undefined,
): void {
  const { service, originRequest } = rule;
  if (!originRequest.noTlsVerify || service.kind !== 'http' || service.scheme !== 'https') return;
  if (isIP(service.host) === 0 || cidrSet(privatePrefixes).has(service.host)) return;
  reader.warn(
    `Rule #${number} (${describe(rule)}) sends traffic to the public address ${service.host} with noTLSVerify, so anyone on ` +
      'the way can read and change it; set caPool or originServerName instead',
    line,
  );
}

function lintIpRules(
  reader: ConfigReader,
  rule: IngressRule,
  number: number,
  line: number | undefined,
): void {
  const { service, originRequest } = rule;
  if (service.kind !== 'bastion' && service.kind !== 'socks-proxy') return;
  if (originRequest.ipRules.some(({ allow }) => allow)) return;
  reader.warn(`Rule #${number} (${describe(rule)}) refuses every destination until ipRules allow some`, line);
}

function describe(rule: IngressRule): string {
  return `${rule.hostname || '*'}${rule.path}`;
}

// Where bastion and SOCKS streams may lead. It starts from deny: an address is allowed only when the first matching
// entry of the rule's ipRules says so, and cloud metadata services never are, whatever the rules say.
import { cidrSet, type CidrSet } from '#base/net/ip.ts';
import type { IpRule } from '#model/ingress/ingress-rule.ts';

export interface DestinationPolicy {
  /** Whether `address` (an IP address, names resolved before) may be dialled at `port`. */
  allows(address: string, port: number): boolean;
}

/** Addresses at which clouds hand out credentials to whoever asks from inside; link-local as a whole. */
const neverPrefixes = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '0.0.0.0/8',
  '::/128',
];

/** The policy of a rule; without entries nothing is allowed. */
export function destinationPolicy(rules: readonly IpRule[]): DestinationPolicy {
  const never = cidrSet(neverPrefixes);
  const entries: { set: CidrSet; ports: readonly number[]; allow: boolean }[] = rules.map((rule) => ({
    set: cidrSet([rule.prefix]),
    ports: rule.ports,
    allow: rule.allow,
  }));
  return {
    allows(address, port) {
      if (never.has(address)) return false;
      const entry = entries.find(
        ({ set, ports }) => set.has(address) && (ports.length === 0 || ports.includes(port)),
      );
      return entry?.allow ?? false;
    },
  };
}

// By which method a hostname is validated, and why: a pure decision that people can read. DNS-01 where somebody can write
// to the zone, else TLS-ALPN-01, else HTTP-01; after failures the next one that is possible has its turn.
import { type ChallengeMethod, challengeMethods } from '#model/certificates/certificate-record.ts';

export interface MethodChoice {
  readonly method: ChallengeMethod;
  /** Whole words: `rfc2136 ns1.example.com can write to the zone`. */
  readonly reason: string;
}

/** What this edge can do. */
export interface MethodFacts {
  /** Who can write the TXT record for the name, undefined for nobody. */
  readonly presenter: string | undefined;
  /** Methods that the owner allows. */
  readonly allowed: readonly ChallengeMethod[];
  /** Validators that dial port 443 of the name reach TLS of ours. */
  readonly hasTlsListener: boolean;
  /** Validators that dial port 80 of the name reach a plain listener of ours. */
  readonly hasPlainListener: boolean;
  /** Several edges answer for the name. */
  readonly isShared: boolean;
}

/** Every method that is possible for a name, best first; empty when there is none. */
export function methodChoices(name: string, facts: MethodFacts): MethodChoice[] {
  const choices = possible(name, facts).filter(({ method }) => facts.allowed.includes(method));
  const order = (method: ChallengeMethod): number => {
    // Any edge can serve a token at once; a certificate for acme-tls/1 has to reach the others first.
    if (facts.isShared && method === 'tls-alpn-01') return challengeMethods.length;
    return challengeMethods.indexOf(method);
  };
  return choices.toSorted((a, b) => order(a.method) - order(b.method));
}

function possible(name: string, facts: MethodFacts): MethodChoice[] {
  const choices: MethodChoice[] = [];
  const isWildcard = name.startsWith('*.');
  if (facts.presenter !== undefined) {
    const why = isWildcard ? ', as a wildcard needs' : '';
    choices.push({ method: 'dns-01', reason: `${facts.presenter} can write to the zone${why}` });
  }
  if (isWildcard) return choices;
  const without = facts.presenter === undefined ? 'no DNS provider covers the name, ' : '';
  if (facts.hasTlsListener) {
    choices.push({ method: 'tls-alpn-01', reason: `${without}and this edge answers on port 443` });
  }
  if (facts.hasPlainListener) {
    const why = facts.isShared
      ? 'and any of the edges can answer on port 80'
      : 'and this edge answers on port 80';
    choices.push({ method: 'http-01', reason: `${without}${why}` });
  }
  return choices.map(({ method, reason }) => ({ method, reason: reason.replace(/^and /, '') }));
}

/** Why a name has no method, with the cure. */
export function methodFault(name: string, facts: MethodFacts): string {
  if (name.startsWith('*.')) {
    return `${name} needs dns-01, and no DNS provider covers it; configure one, or let hostnames below it get certificates one by one when they are asked for`;
  }
  return `no method is possible for ${name}: ${facts.allowed.join(', ')} allowed, ${facts.hasTlsListener ? 'TLS' : 'no TLS'} and ${facts.hasPlainListener ? 'a plain' : 'no plain'} listener`;
}

/** The choice for a try: each failed validation moves on to the next, and then round again. */
export function choiceAfter(
  choices: readonly MethodChoice[],
  failedValidations: number,
): MethodChoice | undefined {
  const choice = choices[failedValidations % Math.max(1, choices.length)];
  if (!choice || failedValidations === 0 || choices.length === 1) return choice;
  return { ...choice, reason: `${choice.reason}; another method failed before` };
}

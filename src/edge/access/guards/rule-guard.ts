// Ingress rules of a connector that ask for access (`originRequest.access` of cloudflared's config.yml) on some paths of a
// hostname, while a later rule serves its other paths to everybody. A service that folds case or decodes twice would serve
// `/SECRET` as `/secret`; the rule for `^/secret` does not match it, and the later one does. Such a path belongs to the rule
// that asks.
import { RE2JS } from 're2js';
import { readingsOf } from '#http/access/path-readings.ts';
import { decodedPath } from '#http/request-target.ts';
import { wholePolicy } from '#model/access/access-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { compilePath, hostMatches } from '#model/ingress/ingress-match.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';

/** What of an exchange says who asks, and what for. */
export interface GuardedExchange {
  readonly request: { readonly host: string; readonly path: string };
  readonly grant: { readonly visitor: unknown } | undefined;
  readonly route: RouteEntry | undefined;
}

interface Guard {
  readonly index: number;
  readonly hostname: string;
  readonly path: RE2JS;
}

/** Of one set of rules. */
export class RuleGuard {
  readonly #guards: readonly Guard[];

  constructor(rules: readonly PublishedRule[]) {
    this.#guards = rules.flatMap(({ requiresAccess, hostname, path }, index) => {
      const compiled = requiresAccess && path !== '' ? compiledAnyCase(path) : undefined;
      return compiled ? [{ index, hostname, path: compiled }] : [];
    });
  }

  /**
   * Why the rule that was found must not serve the exchange; '' when it may. A rule that names audiences (`audTag`) takes
   * visitors of routes whose policy has one of them, or whose hostname is one. HOT.
   */
  faultOf({ request, grant, route }: GuardedExchange, rule: PublishedRule, found: number): string {
    if (grant?.visitor === undefined) {
      if (rule.requiresAccess) return `rule ${found} asks for access`;
      const guard = this.ruleBefore(found, request.host, request.path);
      return guard < 0 ? '' : `a service may take the path for one of rule ${guard}, which asks for access`;
    }
    if (!rule.requiresAccess || rule.audiences === undefined) return '';
    const named = route?.access === undefined ? '' : wholePolicy(route.access).audience;
    const audience = named === '' ? request.host : named;
    if (rule.audiences.includes(audience)) return '';
    return `rule ${found} takes other audiences (audTag) than "${audience}", which is the route's`;
  }

  /** Index of a rule before the one found that a service may take the path for; -1 for none. HOT: mostly there is none. */
  ruleBefore(found: number, host: string, path: string): number {
    if (this.#guards.length === 0) return -1;
    const { loose } = readingsOf(path);
    const readings = [decodedPath(path), loose, decodedPath(loose)];
    const guard = this.#guards.find(
      ({ index, hostname, path: pattern }) =>
        index < found && hostMatches(hostname, host) && readings.some((reading) => pattern.test(reading)),
    );
    return guard?.index ?? -1;
  }
}

/** A pattern that RE2 refuses matches nothing, here as there. */
function compiledAnyCase(source: string): RE2JS | undefined {
  try {
    compilePath(source);
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
  } catch {
    return undefined;
  }
}

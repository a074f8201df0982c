// The connector's rules in their versions. The edge names a version and an index when it opens a stream; a match made a
// moment before a reload still counts when the very same rule lives on, and is refused as stale otherwise.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { createOrigin } from '../origins/create-origin.ts';
import type { Origin, OriginContext } from '../origins/origin.ts';
import { publishRule } from './published-rule.ts';

/** What a change of rules changed, by hostname (and path), for the log. */
export interface RulesDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** A match is older than this many reloads only if the edge has not heard of any of them. */
const keptVersions = 8;

interface Served {
  readonly origin: Origin;
  readonly rule: IngressRule;
}

/** Rules by version; origins live as long as a rule that is exactly theirs. */
export class RuleTable {
  readonly #context: OriginContext;
  readonly #versions = new Map<number, readonly string[]>();
  #served = new Map<string, Served>();
  #published: PublishedRules;
  #rules: readonly IngressRule[];
  #keys: readonly string[];

  /** Throws what `createOrigin` throws. */
  constructor(rules: readonly IngressRule[], context: OriginContext) {
    this.#context = context;
    this.#rules = rules;
    this.#keys = rules.map(keyOf);
    this.#served = this.#prepare(rules, this.#keys);
    this.#published = this.#remember(1);
  }

  get published(): PublishedRules {
    return this.#published;
  }

  get rules(): readonly IngressRule[] {
    return this.#rules;
  }

  /** Puts new rules in place as the next version, or throws and changes nothing. Undefined when they are the same. */
  replace(rules: readonly IngressRule[]): RulesDifference | undefined {
    const keys = rules.map(keyOf);
    const current = this.#keys;
    if (keys.length === current.length && keys.every((key, i) => key === current[i])) return undefined;
    const before = this.#served;
    this.#served = this.#prepare(rules, keys);
    for (const [key, { origin }] of before) if (!this.#served.has(key)) origin.close();
    const difference = compare(keysByName(this.#rules, current), keysByName(rules, keys));
    this.#rules = rules;
    this.#keys = keys;
    this.#published = this.#remember(this.#published.version + 1);
    return difference;
  }

  /** The origin for a match the edge made, or why there is none. */
  find(version: number, index: number): Origin | 'stale-rules' | 'no-such-rule' {
    const keys = this.#versions.get(version);
    if (!keys) return 'stale-rules';
    const key = keys[index];
    if (key === undefined) return 'no-such-rule';
    return this.#served.get(key)?.origin ?? 'stale-rules';
  }

  close(): void {
    for (const { origin } of this.#served.values()) origin.close();
  }

  #prepare(rules: readonly IngressRule[], keys: readonly string[]): Map<string, Served> {
    const served = new Map<string, Served>();
    for (const [i, rule] of rules.entries()) {
      const key = keys[i]!;
      const known = served.get(key) ?? this.#served.get(key);
      served.set(key, known ?? { rule, origin: createOrigin(rule, this.#context) });
    }
    return served;
  }

  #remember(version: number): PublishedRules {
    this.#versions.set(version, this.#keys);
    this.#versions.delete(version - keptVersions);
    return { version, rules: this.#rules.map(publishRule) };
  }
}

/** Rules are the same when everything in them is, to the bytes of the file that says whom to trust. */
function keyOf(rule: IngressRule): string {
  const { caPool } = rule.originRequest;
  return JSON.stringify(rule) + (caPool === '' ? '' : digestOf(caPool));
}

/** A file that cannot be read is another file; `createOrigin` then says what is wrong with it. */
function digestOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('base64url');
  } catch {
    return 'unreadable';
  }
}

function keysByName(rules: readonly IngressRule[], keys: readonly string[]): ReadonlyMap<string, string> {
  return new Map(rules.map((rule, i) => [nameOf(rule), keys[i]!]));
}

function compare(old: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): RulesDifference {
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now].filter(([name, key]) => old.has(name) && old.get(name) !== key).map(([name]) => name),
  };
}

/** `hostname` and path as one readable name. */
export function nameOf(rule: IngressRule): string {
  return `${rule.hostname === '' ? '*' : rule.hostname}${rule.path}`;
}

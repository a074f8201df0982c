// Which ingress rule a request belongs to, exactly as cloudflared decides it (shared facts, tunnels.md 2b): the first
// rule whose hostname and path both match, else the last. Paths are RE2 patterns, searched unanchored in the decoded
// path; RE2 runs in time linear in path and program, and both are bounded, so a rule cannot be used to stall the edge.
import { domainToASCII } from 'node:url';
import { RE2JS } from 're2js';
import { errorText, SallyportError } from '#base/errors.ts';

/** The part of a rule that decides what it matches. */
export interface MatchableRule {
  /** Hostname, `*.suffix`, or '' or '*' for every host; Unicode names match in both of their forms. */
  readonly hostname: string;
  /** RE2 source, '' for every path. */
  readonly path: string;
}

export interface RuleMatcher {
  /** Index of the rule for a canonical host and a decoded path without query; -1 only when there are no rules. */
  match(host: string, decodedPath: string): number;
}

/** Hosts whose candidate rules are remembered; the memory is emptied when it is full. */
const maxRememberedHosts = 1024;

/**
 * Instructions a pattern may compile to. Each costs up to 60 ns a byte of path with paths and patterns made for it, so
 * this many may cost 0.2 s of an 8 KiB path, where `.{1000}` would cost half a second. Patterns of people have under
 * 100; an alternation of sixty words has 400.
 */
export const maxPatternInstructions = 500;

/** Prepares rules; a pattern that RE2 refuses matches nothing (the connector has validated its own). */
export function compileRules(rules: readonly MatchableRule[]): RuleMatcher {
  return new CompiledRules(rules.map(compileRule));
}

/**
 * Compiles a `path` pattern.
 * @throws SallyportError 'config-invalid' with RE2's own words, or for one that would cost too much
 */
export function compilePath(source: string): RE2JS {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    throw new SallyportError('config-invalid', errorText(error), { cause: error });
  }
  const size = compiled.programSize();
  if (size <= maxPatternInstructions) return compiled;
  throw new SallyportError(
    'config-invalid',
    `it compiles to ${size} instructions, more than the ${maxPatternInstructions} that a request may cost; ` +
      'shorten it (counted repeats such as .{900} make it large)',
  );
}

/** Whether a rule with this hostname and path takes every request. */
export function isCatchAll(rule: MatchableRule): boolean {
  return isAnyHost(rule.hostname) && rule.path === '';
}

/** Whether a rule's hostname pattern covers `host`, both lower-case. `*example.com` without the dot covers nothing. */
export function hostMatches(pattern: string, host: string): boolean {
  if (isAnyHost(pattern) || pattern === host) return true;
  return pattern.startsWith('*.') && host.length >= pattern.length && host.endsWith(pattern.slice(1));
}

function isAnyHost(pattern: string): boolean {
  return pattern === '' || pattern === '*';
}

interface CompiledRule {
  readonly patterns: readonly string[];
  /** undefined: every path. */
  readonly path: { test(text: string): boolean } | undefined;
}

interface Candidate {
  readonly index: number;
  readonly path: CompiledRule['path'];
}

function compileRule(rule: MatchableRule): CompiledRule {
  const hostname = rule.hostname.toLowerCase();
  const ascii = hostname.startsWith('*.') ? `*.${domainToASCII(hostname.slice(2))}` : domainToASCII(hostname);
  const hasOtherForm = !isAnyHost(hostname) && ascii !== hostname && ascii !== '' && ascii !== '*.';
  return {
    patterns: hasOtherForm ? [hostname, ascii] : [hostname],
    path: rule.path === '' ? undefined : new LazyPattern(rule.path),
  };
}

/**
 * A pattern that is compiled when a request first needs it: ten thousand at once would hold the edge up for a second.
 * One that RE2 refuses matches nothing.
 */
class LazyPattern {
  readonly #source: string;
  #compiled: { test(text: string): boolean } | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  test(text: string): boolean {
    this.#compiled ??= compileLeniently(this.#source);
    return this.#compiled.test(text);
  }
}

function compileLeniently(source: string): { test(text: string): boolean } {
  try {
    return compilePath(source);
  } catch {
    return { test: () => false };
  }
}

class CompiledRules implements RuleMatcher {
  readonly #rules: readonly CompiledRule[];
  /** Rules whose hostname covers a host, in order, up to the first without a path. */
  readonly #byHost = new Map<string, readonly Candidate[]>();

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  /** HOT: usually one look-up; a pattern runs only where a rule has one. */
  match(host: string, decodedPath: string): number {
    const candidates = this.#byHost.get(host) ?? this.#remember(host);
    for (const candidate of candidates) {
      if (candidate.path === undefined || candidate.path.test(decodedPath)) return candidate.index;
    }
    return this.#rules.length - 1;
  }

  #remember(host: string): readonly Candidate[] {
    const name = withoutPort(host);
    const candidates: Candidate[] = [];
    for (const [index, rule] of this.#rules.entries()) {
      if (!rule.patterns.some((pattern) => hostMatches(pattern, name))) continue;
      candidates.push({ index, path: rule.path });
      if (!rule.path) break;
    }
    if (this.#byHost.size >= maxRememberedHosts) this.#byHost.clear();
    this.#byHost.set(host, candidates);
    return candidates;
  }
}

/** `host:443` counts as `host`; an IPv6 address without brackets stays whole. */
function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':');
  if (colon < 0) return host;
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  return host.indexOf(':') === colon ? host.slice(0, colon) : host;
}

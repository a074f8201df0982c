// Commands on the ingress rules of remotely managed tunnels. The text is the owner's, comments and all: single rules are
// put in and taken out of it without touching the rest.
import { isMap, isSeq, parseDocument, type Document, type YAMLMap, type YAMLSeq } from 'yaml';
import { SallyportError } from '#base/errors.ts';
import { hostMatches, isCatchAll } from '#model/ingress/ingress-match.ts';
import { emptyRuleSetText, type RuleSet } from '#model/ingress/rule-set.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { Command, CommandContext } from '../command.ts';
import type { Draft } from '../draft.ts';
import { changeable } from './tunnels.ts';
import { requireVersion } from './version-guard.ts';

/** Replaces the text; checked first, so that nothing changes when it is wrong. */
export function putRules(idOrName: string, text: string, ifMatch?: number): Command<RuleSet> {
  return (draft, context) => {
    const tunnel = remote(changeable(draft, context, idOrName));
    const present = ruleSetOf(draft, tunnel);
    requireVersion(present, ifMatch);
    return write(draft, context, present, text);
  };
}

/** A rule as a route brings it along. */
export interface ServiceRule {
  readonly hostname: string;
  /** The route's path prefix. */
  readonly path: string;
  readonly service: string;
}

/** Adds a rule, or changes the service of the one that stands for the same hostname and path. */
export function putServiceRule(
  draft: Draft,
  context: CommandContext,
  tunnel: Tunnel,
  rule: ServiceRule,
): void {
  const present = ruleSetOf(draft, remote(tunnel));
  const document = parseDocument(present.text);
  const list = ingressOf(document);
  const at = indexOfRule(list, rule);
  if (at >= 0) (list.items[at] as YAMLMap).set('service', rule.service);
  else list.items.splice(placeFor(list, rule), 0, document.createNode(nodeOf(rule)));
  write(draft, context, present, document.toString({ lineWidth: 0 }));
}

/** Takes out the rule for exactly this hostname and path, if there is one. */
export function removeServiceRule(
  draft: Draft,
  context: CommandContext,
  tunnel: Tunnel,
  rule: Omit<ServiceRule, 'service'>,
): void {
  const present = draft.get('ruleSet', tunnel.id);
  if (tunnel.management !== 'remote' || !present) return;
  const document = parseDocument(present.text);
  const list = ingressOf(document);
  const at = indexOfRule(list, rule);
  if (at < 0 || at === list.items.length - 1) return;
  list.items.splice(at, 1);
  write(draft, context, present, document.toString({ lineWidth: 0 }));
}

/** A path prefix as the pattern of a rule: whole segments, nothing above or beside. '' takes every path. */
export function patternOfPrefix(path: string): string {
  if (path === '/') return '';
  const literal = decoded(path).replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
  return literal.endsWith('/') ? `^${literal}` : `^${literal}(/|$)`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function remote(tunnel: Tunnel): Tunnel {
  if (tunnel.management === 'remote') return tunnel;
  throw new SallyportError(
    'invalid',
    `The rules of ${tunnel.name} live with its connector; change its config.yml, or make the tunnel remotely managed.`,
  );
}

function ruleSetOf(draft: Draft, tunnel: Tunnel): RuleSet {
  return (
    draft.get('ruleSet', tunnel.id) ?? { id: tunnel.id, text: emptyRuleSetText, version: 1, changedAtMs: 0 }
  );
}

function write(draft: Draft, context: CommandContext, present: RuleSet, text: string): RuleSet {
  context.tools.readRules(text);
  if (text === present.text) return present;
  const next = { ...present, text, version: present.version + 1, changedAtMs: context.nowMs };
  draft.put('ruleSet', next, 'changed');
  return next;
}

function ingressOf(document: Document): YAMLSeq {
  const list = document.get('ingress');
  if (isSeq(list)) return list;
  throw new SallyportError('config-invalid', 'The rule set has no list called "ingress".');
}

function nodeOf(rule: ServiceRule): Record<string, string> {
  const path = patternOfPrefix(rule.path);
  return { hostname: rule.hostname, ...(path === '' ? {} : { path }), service: rule.service };
}

function textOf(item: unknown, key: string): string {
  const value: unknown = isMap(item) ? item.get(key) : undefined;
  return typeof value === 'string' ? value : '';
}

function indexOfRule(list: YAMLSeq, rule: Omit<ServiceRule, 'service'>): number {
  const path = patternOfPrefix(rule.path);
  return list.items.findIndex(
    (item) => textOf(item, 'hostname').toLowerCase() === rule.hostname && textOf(item, 'path') === path,
  );
}

/**
 * Where a new rule takes effect: before the first that would take its requests. A rule with a path goes before the one of
 * its whole hostname.
 */
function placeFor(list: YAMLSeq, rule: ServiceRule): number {
  const at = list.items.findIndex((item) => {
    const matchable = { hostname: textOf(item, 'hostname').toLowerCase(), path: textOf(item, 'path') };
    if (matchable.path !== '') return false;
    return isCatchAll(matchable) || hostMatches(matchable.hostname, rule.hostname.replace(/^\*\./, 'x.'));
  });
  return at < 0 ? list.items.length : at;
}

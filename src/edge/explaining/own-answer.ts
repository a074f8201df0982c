// Where the edge itself answers a URL, so that nothing is asked at home: the other name of the site, a redirect of the route,
// the bare prefix, and the page that says how many services are well. Each is told as the step that does it.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep, ExplainStepName } from '#model/live/explain.ts';
import { findRedirect } from '#model/routes/redirect-rule.ts';
import { innerTargetOf } from '../own-requests/inner-request.ts';
import { canonicalLocation } from '../shaping/canonical-host-step.ts';
import type { WayBefore } from './explain.ts';
import { isGuarded } from './origin-steps.ts';
import { skipped, step } from './step.ts';

interface OwnAnswer {
  readonly step: ExplainStepName;
  readonly title: string;
  /** In the words of the steps that are not reached. */
  readonly by: string;
}

/** The whole way of a URL that the edge answers; undefined where it goes on. */
export function ownAnswerOf(url: string, route: RouteEntry, way: WayBefore): ExplainStep[] | undefined {
  const before = answerBeforeAccess(url, route);
  if (before) {
    return [
      ...upTo(way.routed, before.step),
      told(before),
      ...unasked(before, ['access', 'cache', 'connector', 'rule', 'origin']),
    ];
  }
  const after = answerAfterAccess(url, route);
  if (!after) return undefined;
  const who = isGuarded(way.access) ? 'Those who may pass are sent' : 'Visitors are sent';
  return [
    ...way.routed,
    way.access,
    ...upTo(way.beforeCache, after.step),
    told({ ...after, title: `${who} on to ${after.title}` }),
    ...unasked(after, ['cache', 'connector', 'rule', 'origin']),
  ];
}

function answerBeforeAccess(url: string, { shaping, balance }: RouteEntry): OwnAnswer | undefined {
  const target = innerTargetOf(url);
  const location = shaping?.canonicalHost && canonicalLocation(target, shaping.canonicalHost);
  if (location !== undefined)
    return { step: 'canonical host', title: `Visitors are sent on to ${location} (308)`, by: 'redirect' };
  if (balance?.statusPath !== target.path) return undefined;
  return { step: 'balance', title: 'The edge says how many services are well', by: 'status page' };
}

function answerAfterAccess(url: string, { redirects, shaping }: RouteEntry): OwnAnswer | undefined {
  const { path, query } = innerTargetOf(url);
  const found = findRedirect(redirects ?? [], path, query);
  if (found) return { step: 'redirects', title: `${found.location} (${found.status})`, by: 'redirect' };
  const strip = shaping?.prefix?.strip;
  if (strip === undefined || strip !== path) return undefined;
  return { step: 'prefix', title: `${path}/${query} (308)`, by: 'redirect' };
}

/** The steps that a request meets before the one that answers. */
function upTo(steps: readonly ExplainStep[], name: ExplainStepName): readonly ExplainStep[] {
  const at = steps.findIndex((each) => each.step === name || (name === 'prefix' && each.step === 'headers'));
  return at < 0 ? steps : steps.slice(0, at);
}

function told({ step: name, title }: OwnAnswer): ExplainStep {
  return step(name, { status: 'ok', title, detail: 'The edge answers that itself.' });
}

function unasked({ by }: OwnAnswer, names: readonly ExplainStepName[]): ExplainStep[] {
  const detail = `The edge answers with the ${by}.`;
  return skipped(names).map((each) => ({ ...each, title: 'Not asked', detail }));
}

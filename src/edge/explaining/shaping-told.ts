// What the steps of a route do to a request, for `explain`: one step for each that the route has, in the order in which a
// request meets them. Who explains is nobody's client, so limits that count clients are told, not tried.
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep, ExplainStepName } from '#model/live/explain.ts';
import { scannerPaths } from '#model/shaping/guard.ts';
import type { Shaping } from '#model/shaping/shaping.ts';

/** What is known beside the route itself. */
export interface ShapingFacts {
  /** Canonical path that is asked for. */
  readonly path: string;
  /** Services behind a balanced route as they are now. */
  readonly members: readonly MemberLive[];
  /** Clients that the guard keeps out now. */
  readonly banCount: number;
  /** The edge traces every request, whatever the route says. */
  readonly isTraced: boolean;
}

/** Steps that come before the access decision. */
export function stepsBeforeAccess({ shaping = {}, hsts }: RouteEntry, facts: ShapingFacts): ExplainStep[] {
  const { errorPages, rateLimits = [], limits, bandwidth, canonicalHost, cors } = shaping;
  return [
    hsts !== undefined &&
      told('hsts', 'Browsers are told to come by https only', {
        detail: `They keep to it as Strict-Transport-Security says: ${hsts}.`,
      }),
    traceStep(shaping, facts),
    errorPages &&
      told('error pages', 'Errors have pages of the route', {
        detail: `For errors of ${errorPages.from === 'any' ? 'the edge and the service' : `the ${errorPages.from === 'edge' ? 'edge' : 'service'} alone`}; visitors who read HTML get them, programs do not.`,
        facts: {
          ...(errorPages.folder === undefined ? {} : { folder: errorPages.folder }),
          pages: Object.keys(errorPages.pages ?? {}).join(', '),
        },
      }),
    guardStep(shaping, facts),
    rateLimits.length > 0 &&
      told(
        'rate limits',
        `${rateLimits.length === 1 ? 'One rate limit' : `${rateLimits.length} rate limits`}`,
        {
          detail: rateLimits.map(rateText).join(' '),
        },
      ),
    limits &&
      told('limits', 'Requests have a largest size', {
        facts: textsOf({ ...limits }),
      }),
    bandwidth &&
      told('bandwidth', `Bytes are held to a rate for each ${bandwidth.per}`, {
        facts: textsOf({ ...bandwidth }),
      }),
    canonicalHost &&
      told(
        'canonical host',
        canonicalHost === 'apex'
          ? 'Visitors of www are sent to the name without'
          : 'Visitors are sent to www',
      ),
    maintenanceStep(shaping),
    cors &&
      told('cors', 'Other sites may ask by script', {
        detail: `${cors.origins.join(', ')} may; the edge answers preflights itself.`,
      }),
  ].filter((step) => typeof step === 'object');
}

/** Steps that come between access and the connector, beside the cache. */
export function stepsAfterAccess(
  { shaping = {}, compression, balance, redirects = [] }: RouteEntry,
  { members }: ShapingFacts,
): { readonly beforeCache: ExplainStep[]; readonly afterCache: ExplainStep[] } {
  const { headers, prefix } = shaping;
  const beforeCache = [
    redirects.length > 0
      ? told('redirects', 'No redirect is for this path', {
          detail: `Of ${redirects.length} rule${redirects.length === 1 ? '' : 's'} none takes it.`,
        })
      : undefined,
    headers && told('headers', headersTitle(headers), { detail: headersText(headers) }),
  ];
  const usable = members.filter(
    ({ state }) => state !== 'down' && state !== 'ejected' && state !== 'offline',
  );
  const afterCache = [
    compression &&
      told('compression', `Text is compressed by ${compression.codings.join(', ')}`, {
        detail: `From ${compression.minBytes} bytes on, where the visitor's browser can read it and the service has not done it already.`,
      }),
    prefix &&
      told('prefix', prefixText(prefix), {
        detail: 'Location, cookies and their like get it back on the way out.',
      }),
    balance &&
      told('balance', `${usable.length} of ${members.length} services can be used`, {
        status: usable.length === 0 ? 'failed' : usable.length < members.length ? 'warning' : 'ok',
        detail: members.map(memberText).join(' '),
        cure:
          usable.length < members.length
            ? 'Look at the services that are out; "sallyport route show" says what went wrong last.'
            : '',
      }),
  ];
  const isThere = (step: ExplainStep | undefined): step is ExplainStep => step !== undefined;
  return { beforeCache: beforeCache.filter(isThere), afterCache: afterCache.filter(isThere) };
}

function told(step: ExplainStepName, title: string, more: Partial<ExplainStep> = {}): ExplainStep {
  return { step, status: 'ok', title, detail: '', cure: '', ms: null, facts: {}, ...more };
}

function traceStep({ trace }: Shaping, { isTraced }: ShapingFacts): ExplainStep | undefined {
  if (trace === undefined && !isTraced) return undefined;
  const ratio = trace?.ratio === undefined ? "the edge's share" : `a share of ${trace.ratio}`;
  return told('trace', 'Requests take part in distributed tracing', {
    detail: `Of them ${ratio} is recorded; the service is ${trace?.passOn === false ? 'not ' : ''}told the trace.`,
  });
}

function guardStep({ guard }: Shaping, { path, banCount }: ShapingFacts): ExplainStep | undefined {
  if (guard === undefined) return undefined;
  const refused = [...(guard.scanners ? scannerPaths : []), ...(guard.paths ?? [])];
  const bans = banCount === 0 ? '' : ` ${banCount} clients are banned now; "sallyport ban list" shows them.`;
  if (matchesAnyWildcard(refused, path))
    return told('guard', `The guard refuses ${path}`, {
      status: 'failed',
      detail: `It is on the list of what only scanners ask for.${bans}`,
      cure: 'If the site has this path, set scanners: false in its guard, or take it out of paths.',
    });
  return told('guard', 'The guard lets it pass', {
    detail: `${guard.ban ? `Who is refused ${guard.ban.after} times within ${guard.ban.within} is banned for ${guard.ban.for}.` : 'Nobody is banned by it.'}${bans}`,
  });
}

function maintenanceStep({ maintenance }: Shaping): ExplainStep | undefined {
  return (
    maintenance &&
    told('maintenance', 'The site is in maintenance', {
      status: 'failed',
      detail: `Visitors get 503: ${maintenance.message}${maintenance.allow.length === 0 ? '' : ` Only ${maintenance.allow.join(', ')} see the site.`}`,
      cure: 'Take "maintenance" out of the route when the work is done.',
    })
  );
}

function rateText(rule: NonNullable<Shaping['rateLimits']>[number]): string {
  const what = [...(rule.methods ?? []), ...(rule.paths ?? [])].join(' ');
  return `${rule.name}: ${rule.requests} in ${rule.window} for each ${rule.per}${what === '' ? '' : `, of ${what}`}.`;
}

function headersTitle({ request, response, security }: NonNullable<Shaping['headers']>): string {
  const parts = [request && 'of requests', (response ?? security) && 'of answers'].filter(Boolean);
  return `Header fields ${parts.join(' and ')} are changed`;
}

function headersText({ request, response, security }: NonNullable<Shaping['headers']>): string {
  const named = (
    what: string,
    fields: { set?: object; add?: object; remove?: readonly string[] } | undefined,
  ) => [
    ...Object.keys(fields?.set ?? {}).map((name) => `${what} set ${name}`),
    ...Object.keys(fields?.add ?? {}).map((name) => `${what} add ${name}`),
    ...(fields?.remove ?? []).map((name) => `${what} remove ${name}`),
  ];
  const all = [...named('request:', request as never), ...named('answer:', response as never)];
  return `${all.join('; ')}${security === undefined ? '' : `${all.length > 0 ? '; ' : ''}security: ${security}`}`;
}

function prefixText({ strip, add }: NonNullable<Shaping['prefix']>): string {
  if (strip === undefined) return `${add} is put before the path`;
  return add === undefined ? `${strip} is taken off the path` : `${add} takes the place of ${strip}`;
}

function memberText({ name, state, isBackup, trouble }: MemberLive): string {
  return `${name}${isBackup ? ' (backup)' : ''}: ${state}${trouble === '' ? '' : `, ${trouble}`}.`;
}

function textsOf(settings: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

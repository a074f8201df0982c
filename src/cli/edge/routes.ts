// `sallyport route list|add|remove|show`, `exposed`, `explain`.
import { SallyportError } from '#base/errors.ts';
import type { RouteView } from '#api/routes.ts';
import {
  type AccessPolicy,
  describePolicy,
  isOpenToAll,
  parsePolicyLine,
} from '#model/access/access-policy.ts';
import { subjectForms } from '#model/access/access-subject.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { Explanation } from '#model/live/explain.ts';
import { routeName } from '#model/routes/route.ts';
import { type Input, textOf } from '../command.ts';
import { paint } from '../paint.ts';
import { presetText } from './presets.ts';
import { allItems, argument, type EdgeSession, edgeCommand } from './edge-command.ts';
import { changedSteps, newSteps, stepFlags, stepLines } from './route-steps.ts';

const nameRoute = 'Name a route by its hostname (and path); "sallyport route list" shows them.';

export const routeListCommand = edgeCommand({
  words: ['route', 'list'],
  usage: '[flags]',
  summary: 'list hostnames at the edge',
  description: `Lists every route: stored, declared in edge.yml, or claimed by a connector's
own rules, with the service at home that it reaches now.`,
  flags: [
    { name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' },
    { name: 'tunnel', type: 'string', value: 'TUNNEL', help: 'only those to this tunnel' },
  ],
  examples: ['sallyport route list', 'sallyport route list --tunnel home --output json'],
  maxArgs: 0,
  async run(session) {
    const search = textOf(session.input, 'search') || undefined;
    const tunnel = textOf(session.input, 'tunnel') || undefined;
    const routes = await allItems((page) => session.api.listRoutes({ query: { search, tunnel, ...page } }));
    session.table(
      routes,
      [
        { title: 'HOSTNAME', value: routeName, givesWay: true },
        { title: 'TUNNEL', value: ({ tunnelName }) => tunnelName },
        { title: 'SERVICE', value: ({ service }) => service || '-', givesWay: true },
        { title: 'WHO', value: ({ access }) => describePolicy(access), givesWay: true },
        { title: 'FROM', value: ({ source }) => source },
        { title: 'STATUS', value: ({ status }) => status },
        { title: 'REQUESTS', value: ({ requests }) => String(requests), alignment: 'right' },
      ],
      'There are no routes; add one with "sallyport route add HOSTNAME --tunnel NAME".',
    );
  },
});

export const routeAddCommand = edgeCommand({
  words: ['route', 'add'],
  usage: 'HOSTNAME[/PATH] --tunnel TUNNEL [--service URL] [flags]',
  summary: 'put a hostname on a tunnel',
  description: `Adds a route. With --service, the ingress rule of a remotely managed tunnel is
added with it: one step, and the service is reachable.`,
  flags: [
    { name: 'tunnel', type: 'string', value: 'TUNNEL', help: 'name or id of the tunnel' },
    { name: 'service', type: 'string', value: 'URL', help: 'service at home, as in an ingress rule' },
    {
      name: 'access',
      type: 'string',
      value: 'POLICY',
      help: 'who may: public (default), public-on-purpose, private, or rules with commas',
    },
    { name: 'note', type: 'string', value: 'TEXT', help: 'a note for people' },
    ...stepFlags,
  ],
  examples: [
    'sallyport route add blog.example.com --tunnel home --service http://localhost:3000',
    'sallyport route add photos.example.com --tunnel home --access group:family,ip:192.168.0.0/16',
    "sallyport route add app.example.com --tunnel home --cache off --compression '{minBytes: 2KiB}'",
  ],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const where = argument(
      session,
      0,
      'Name the hostname: sallyport route add blog.example.com --tunnel home.',
    );
    const slash = where.indexOf('/');
    const route = await session.api.createRoute({
      body: {
        hostname: slash < 0 ? where : where.slice(0, slash),
        path: slash < 0 ? '/' : where.slice(slash),
        tunnel: textOf(input, 'tunnel'),
        service: textOf(input, 'service') || undefined,
        access: accessOf(input),
        note: textOf(input, 'note'),
        ...newSteps(input),
      },
    });
    const warning = await warningOf(session, route);
    session.show(route, () => `${addedText(route, session.edge)}${warning}`);
  },
});

/** Loud words where a route that was just opened is an administration page; '' where it is none, or cannot be looked at. */
export async function warningOf({ api, context }: EdgeSession, route: RouteView): Promise<string> {
  if (!isOpenToAll(route.access) || !route.isEnabled) return '';
  const { warning } = await api
    .recogniseRoute({ params: { route: route.id } })
    .catch(() => ({ warning: '' }));
  return warning === '' ? '' : `${paint(context.hasColours).bad('WARNING:')} ${warning}\n`;
}

/** The policy of a flag: a word, or several with commas. @throws SallyportError 'usage' */
export function accessOf(input: Input): AccessPolicy | undefined {
  // An empty one (`--access "$POLICY"`) was meant to protect; it must not leave the route open.
  if (!input.flags.has('access')) return undefined;
  const text = textOf(input, 'access');
  const policy = parsePolicyLine(text);
  if (policy !== undefined) return policy;
  throw new SallyportError(
    'usage',
    `--access is public, private, or one or more of ${subjectForms}, with commas; not "${text}".`,
  );
}

function addedText(route: RouteView, edge: string): string {
  const service = route.service === '' ? '' : `, service ${route.service}`;
  const trouble = route.trouble === '' ? '' : `${route.trouble}\n`;
  const added = `Added ${routeName(route)} to tunnel ${route.tunnelName}${service}, at ${edge}.\n`;
  return `${added}${trouble}${presetText(route.access)}`;
}

export const routeUpdateCommand = edgeCommand({
  words: ['route', 'update'],
  usage: 'HOSTNAME[/PATH] [flags]',
  summary: 'change a route',
  description: `Changes what is given of a route and leaves the rest.`,
  flags: [
    { name: 'tunnel', type: 'string', value: 'TUNNEL', help: 'lead to this tunnel' },
    { name: 'service', type: 'string', value: 'URL', help: 'service at home, as in an ingress rule' },
    { name: 'note', type: 'string', value: 'TEXT', help: 'a note for people' },
    { name: 'enable', type: 'boolean', help: 'answer again' },
    { name: 'disable', type: 'boolean', help: 'keep it, and answer 404' },
    ...stepFlags,
  ],
  examples: [
    'sallyport route update blog.example.com --cache off',
    "sallyport route update shop.example.com --cache '{setCookie: strip, query: {drop: [utm_*]}}'",
  ],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const isOn = input.flags.get('enable') === true;
    const isOff = input.flags.get('disable') === true;
    if (isOn && isOff) throw new SallyportError('usage', 'Give --enable or --disable, not both.');
    const route = await session.api.updateRoute({
      params: { route: argument(session, 0, nameRoute) },
      body: {
        tunnel: textOf(input, 'tunnel') || undefined,
        service: textOf(input, 'service') || undefined,
        note: input.flags.has('note') ? textOf(input, 'note') : undefined,
        isEnabled: isOn || isOff ? isOn : undefined,
        ...changedSteps(input),
      },
    });
    session.show(route, () => `Changed ${routeName(route)} at ${session.edge}.\n`);
  },
});

export const routeRemoveCommand = edgeCommand({
  words: ['route', 'remove'],
  usage: 'HOSTNAME[/PATH] [flags]',
  summary: 'take a hostname off its tunnel',
  description: `Removes a route, and the ingress rule that came with it.`,
  examples: ['sallyport route remove blog.example.com'],
  maxArgs: 1,
  async run(session) {
    const route = argument(session, 0, nameRoute);
    await session.api.deleteRoute({ params: { route } });
    session.show({ removed: route }, () => `Removed ${route} at ${session.edge}.\n`);
  },
});

export const routeShowCommand = edgeCommand({
  words: ['route', 'show'],
  usage: 'HOSTNAME[/PATH] [flags]',
  summary: 'show one route',
  description: `Shows where a hostname leads, and what is wrong with it.`,
  examples: ['sallyport route show blog.example.com'],
  maxArgs: 1,
  async run(session) {
    const route = await session.api.getRoute({ params: { route: argument(session, 0, nameRoute) } });
    session.show(route, () =>
      [
        ['HOSTNAME:', routeName(route)],
        ['TUNNEL:', route.tunnelName],
        ['SERVICE:', route.service || '-'],
        ['WHO:', describePolicy(route.access)],
        ['FROM:', route.source],
        ['STATUS:', route.trouble === '' ? route.status : `${route.status}: ${route.trouble}`],
        ['REQUESTS:', String(route.requests)],
        ...stepLines(route),
        ...(route.members ?? []).map((member) => ['MEMBER:', memberText(member)]),
        ['NOTE:', route.note || '-'],
      ]
        .map(([key, value]) => `${key!.padEnd(15)} ${value}\n`)
        .join(''),
    );
  },
});

function memberText(member: MemberLive): string {
  const { name, state, weight, isBackup, active, requests, failures, trouble } = member;
  const kind = isBackup ? 'backup' : `weight ${weight}`;
  const wrong = trouble === '' ? '' : `: ${trouble}`;
  return `${name}  ${state}${wrong}  (${kind}; ${active} now, ${requests} in all, ${failures} failed)`;
}

export const exposedCommand = edgeCommand({
  words: ['exposed'],
  usage: '[flags]',
  summary: 'everything the public can reach right now',
  description: `Lists every hostname and path that the edge answers, and every TCP, UDP and TLS
port that is open, who may, and where it leads: what is open, and nothing else is.`,
  flags: [{ name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' }],
  examples: ['sallyport exposed'],
  maxArgs: 0,
  async run(session) {
    const { items, ports } = await session.api.listExposed({
      query: { search: textOf(session.input, 'search') || undefined },
    });
    if (session.isJson) return session.show({ items, ports }, () => '');
    session.table(
      items,
      [
        { title: 'URL', value: ({ url }) => url, givesWay: true },
        { title: 'WHO', value: ({ access }) => access },
        { title: 'TUNNEL', value: ({ tunnelName }) => tunnelName },
        { title: 'SERVICE', value: ({ service }) => service || '-', givesWay: true, leaves: true },
        { title: 'UP', value: ({ isUp }) => (isUp ? 'yes' : 'no') },
        { title: 'CERTIFICATE', value: ({ certificate }) => certificate.state },
        { title: 'DNS', value: ({ dns }) => dns.state, leaves: true },
      ],
      'Nothing is open.',
    );
    if (ports.length > 0) session.print('\n');
    if (ports.length > 0) {
      session.table(
        ports,
        [
          { title: 'PORT', value: ({ name }) => name },
          { title: 'WHO', value: ({ access }) => access, givesWay: true },
          { title: 'TUNNEL', value: ({ tunnelName }) => tunnelName },
          { title: 'SERVICE', value: ({ service }) => service || '-', givesWay: true },
          { title: 'UP', value: ({ isUp }) => (isUp ? 'yes' : 'no') },
        ],
        '',
      );
    }
    const warned = [...items.map(({ url, warning }) => ({ name: url, warning })), ...ports];
    for (const { name, warning } of warned) if (warning !== '') session.print(`\n${name}: ${warning}\n`);
  },
});

export const explainCommand = edgeCommand({
  words: ['explain'],
  usage: 'URL|PORT [flags]',
  summary: 'follow a URL to its origin, or a port to its service, and say where it stops',
  description: `Follows a URL from its name to its origin: route, its steps, access, connector,
rule and the origin's answer to a real request, with what was found and how long
each step took. Of a page below a path prefix, what it loads is fetched as well.
A port is followed until its service is reached; nothing is sent to it.`,
  examples: [
    'sallyport explain https://blog.example.com/',
    'sallyport explain tcp:5432',
    'sallyport explain tls:nas.example.com --output json',
  ],
  exitCodes: { 1: 'it stops somewhere, or the edge could not be asked' },
  maxArgs: 1,
  async run(session) {
    const url = argument(session, 0, 'Name the URL: sallyport explain https://blog.example.com/.');
    const explanation = await session.api.explain({ body: { url } });
    session.show(explanation, () => explanationText(explanation, session.context.hasColours));
    return explanation.stopsAt === null ? 0 : 1;
  },
});

const marks = { ok: 'ok', warning: '!', failed: 'X', skipped: '-' } as const;

function explanationText({ url, steps, verdict }: Explanation, hasColours: boolean): string {
  const { bold, dim, bad } = paint(hasColours);
  const lines = steps.flatMap(({ step, status, title, detail, cure, ms }) => {
    const mark = marks[status].padStart(2);
    const took = ms === null ? '' : dim(`  ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`);
    return [
      `${status === 'failed' ? bad(mark) : mark}  ${step.padEnd(14)} ${title}${took}`,
      ...(detail === '' ? [] : [`${' '.repeat(19)}${dim(detail)}`]),
      ...(cure === '' ? [] : [`${' '.repeat(19)}${cure}`]),
    ];
  });
  return `${bold(url)}\n\n${lines.join('\n')}\n\n${verdict}\n`;
}

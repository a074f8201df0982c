// `sallyport status`, `connector list`, `audit`, `logs`.
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { Status } from '#api/status.ts';
import { SallyportError } from '#base/errors.ts';
import { type Command, numberOf, textOf } from '../command.ts';
import { paint } from '../paint.ts';
import { requestLine } from '../request-line.ts';
import { allItems, edgeCommand, timeText } from './edge-command.ts';
import { healthWords } from './health.ts';
import { readEvents } from './event-reader.ts';

export const statusCommand = edgeCommand({
  words: ['status'],
  usage: '[flags]',
  summary: 'how the edge is, and what is wrong',
  description: `Shows the edge's state: what is wrong on top, with the cure, then listeners,
store, tunnels and memory.`,
  examples: ['sallyport status', 'sallyport status --output json'],
  exitCodes: { 1: 'something is wrong, or the edge could not be asked' },
  maxArgs: 0,
  async run(session) {
    const status = await session.api.getStatus();
    session.show(status, () => statusText(status, session.context.hasColours));
    return status.troubles.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
});

function statusText(status: Status, hasColours: boolean): string {
  const { bold, bad, dim } = paint(hasColours);
  const { counts, listeners, store, memory, health } = status;
  const troubles = status.troubles.flatMap(({ severity, title, detail, cure, sinceMs }) => [
    `${severity === 'notice' ? '-' : bad('!')} ${title}${sinceMs === null ? '' : dim(`, since ${timeText(sinceMs)}`)}`,
    `  ${dim(detail)}`,
    ...(cure === '' ? [] : [`  ${cure}`]),
  ]);
  const rows = [
    [
      'Edge',
      `${status.edgeAddress || status.name || '-'}, version ${status.version}, up ${durationText(status.nowMs - status.startedAtMs)}`,
    ],
    [
      'Tunnels',
      `${counts.tunnelsUp} of ${counts.tunnels} up, ${counts.connectors} connectors, ${counts.connections} connections`,
    ],
    ['Health', `${healthWords(health)}; "sallyport health" lists them`],
    ['Routes', `${counts.routes}, ${counts.exposed} exposed`],
    ...listeners.map(({ name, isReady, detail }) => [`  ${name}`, isReady ? detail : bad(detail)]),
    ['Store', `${store.kind}, ${store.isAvailable ? `revision ${status.revision}` : bad(store.detail)}`],
    ['Memory', `${Math.round(memory.residentBytes / 1e6)} MB resident`],
  ];
  const body = rows.map(([key, value]) => `${bold(key!.padEnd(10))} ${value}`);
  return `${[...(troubles.length > 0 ? [...troubles, ''] : ['Nothing is wrong.', '']), ...body].join('\n')}\n`;
}

/** `3 d 4 h`, `4 h 5 min`, `12 s` */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

export const connectorListCommand = edgeCommand({
  words: ['connector', 'list'],
  usage: '[flags]',
  summary: 'list the connectors that are connected',
  description: `Lists every connector that is connected now, with its tunnel and version.`,
  examples: ['sallyport connector list'],
  maxArgs: 0,
  async run(session) {
    const connectors = await allItems((page) => session.api.listConnectors({ query: { ...page } }));
    session.table(
      connectors,
      [
        { title: 'CONNECTOR ID', value: ({ instanceId }) => instanceId, givesWay: true },
        { title: 'TUNNEL', value: ({ tunnelName }) => tunnelName },
        { title: 'MACHINE', value: ({ hostname }) => hostname || '-', givesWay: true },
        { title: 'ADDRESS', value: ({ address }) => address, leaves: true },
        { title: 'VERSION', value: ({ version }) => version, leaves: true },
        { title: 'CONNECTIONS', value: ({ connections }) => String(connections.length), alignment: 'right' },
        { title: 'SINCE', value: ({ connectedAtMs }) => timeText(connectedAtMs) },
        { title: 'RULES', value: ({ config }) => config.state, leaves: true },
      ],
      'No connector is connected.',
    );
  },
});

export const auditCommand = edgeCommand({
  words: ['audit'],
  usage: '[flags]',
  summary: 'who changed what',
  description: `Lists changes, newest first: who, from where, what. --output json has the
object before and after.`,
  flags: [
    { name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' },
    {
      name: 'noun',
      type: 'string',
      value: 'NOUN',
      help: 'only changes of this kind: tunnel, route, user ...',
    },
    { name: 'limit', type: 'integer', value: 'N', help: 'at most this many (default 50)' },
  ],
  examples: ['sallyport audit', 'sallyport audit --noun tunnel --limit 200'],
  maxArgs: 0,
  async run(session) {
    const { items } = await session.api.listAudit({
      query: {
        limit: numberOf(session.input, 'limit') ?? 50,
        search: textOf(session.input, 'search') || undefined,
        noun: (textOf(session.input, 'noun') || undefined) as never,
      },
    });
    session.table(
      items,
      [
        { title: 'WHEN', value: ({ atMs }) => timeText(atMs) },
        { title: 'WHO', value: ({ actor }) => actor.name || actor.kind },
        { title: 'FROM', value: ({ address }) => address || 'this machine' },
        { title: 'DID', value: ({ action, noun }) => `${action} ${noun}` },
        { title: 'WHAT', value: ({ objectName }) => objectName, givesWay: true },
      ],
      'Nothing has been changed yet.',
    );
  },
});

export const logsCommand: Command = edgeCommand({
  words: ['logs'],
  usage: '[flags]',
  summary: "read the edge's recent requests",
  description: `Prints recent requests, oldest first; with --follow, goes on with those that
come. All filters given must hold. --output json prints a JSON object a line.`,
  flags: [
    { name: 'follow', type: 'boolean', help: 'go on with new ones until Ctrl-C' },
    { name: 'host', type: 'string', value: 'HOST', help: 'only this hostname, or *.suffix' },
    { name: 'status', type: 'string', value: 'CODE', help: 'only this status, or a class such as 5xx' },
    { name: 'tunnel', type: 'string', value: 'TUNNEL', help: 'only this tunnel' },
    { name: 'method', type: 'string', value: 'METHOD', help: 'only this method' },
    { name: 'path', type: 'string', value: 'PREFIX', help: 'only paths that begin so' },
    { name: 'client', type: 'string', value: 'ADDRESS', help: 'only this client' },
    { name: 'limit', type: 'integer', value: 'N', help: 'recent ones to begin with (default 20)' },
  ],
  examples: ['sallyport logs --follow', 'sallyport logs --host blog.example.com --status 5xx'],
  maxArgs: 0,
  async run(session) {
    const { api, input, isJson, context } = session;
    const limit = numberOf(input, 'limit') ?? 20;
    if (limit < 0 || limit > 500) throw new SallyportError('usage', '--limit is a number from 0 to 500.');
    const query = Object.fromEntries(
      ['host', 'status', 'tunnel', 'method', 'path', 'client'].map((name) => [
        name,
        textOf(input, name) || undefined,
      ]),
    );
    const print = (request: LoggedRequest): void => {
      const json = JSON.stringify(request);
      session.print(`${isJson ? json : requestLine(json, context.hasColours)}\n`);
    };
    // The stream first: what comes between the two questions is in one of them.
    const stream = input.flags.get('follow') === true ? await api.streamRequests({ query }) : undefined;
    const recent = limit === 0 ? [] : (await api.listRequests({ query: { ...query, limit } })).items;
    const shown = new Set(recent.map(({ id }) => id));
    for (const request of recent.toReversed()) print(request);
    if (!stream) return;
    for await (const { event, data } of readEvents(stream)) {
      if (event !== 'request') continue;
      const request = JSON.parse(data) as LoggedRequest;
      if (!shown.delete(request.id)) print(request);
    }
    throw new SallyportError('edge-unreachable', 'The edge has ended the stream; start the command again.');
  },
});

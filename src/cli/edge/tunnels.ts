// `sallyport tunnel list|info|delete|cleanup|rotate|revoke|rules`: cloudflared's words and columns where it has them.
import { readFileSync } from 'node:fs';
import type { ConnectorView, TunnelView } from '#api/tunnels.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { textOf, type Command } from '../command.ts';
import { allItems, argument, confirm, edgeCommand, timeText, yesFlag } from './edge-command.ts';

const nameTunnel = 'Name a tunnel, by its name or its id; "sallyport tunnel list" shows them.';

export const tunnelListCommand = edgeCommand({
  words: ['tunnel', 'list'],
  usage: '[flags]',
  summary: 'list tunnels',
  description: `Lists tunnels with their connections: how many, and from which machine.`,
  flags: [
    { name: 'name', short: 'n', type: 'string', value: 'NAME', help: 'only the tunnel of this name' },
    { name: 'id', short: 'i', type: 'string', value: 'UUID', help: 'only the tunnel of this id' },
    {
      name: 'search',
      type: 'string',
      value: 'TEXT',
      help: 'only those whose name, note or hostnames contain it',
    },
    {
      name: 'sort-by',
      type: 'string',
      value: 'KEY',
      help: 'name (default), createdAt, numConnections or status',
    },
    { name: 'invert-sort', type: 'boolean', help: 'the other way round' },
  ],
  examples: ['sallyport tunnel list', 'sallyport tunnel list --sort-by numConnections --output json'],
  maxArgs: 0,
  async run(session) {
    const { api, input } = session;
    const sort = sortKey(textOf(input, 'sort-by'));
    const order = input.flags.get('invert-sort') === true ? ('desc' as const) : ('asc' as const);
    const search = textOf(input, 'search') || undefined;
    const [name, id] = [textOf(input, 'name').toLowerCase(), textOf(input, 'id').toLowerCase()];
    const tunnels = await allItems((page) => api.listTunnels({ query: { sort, order, search, ...page } }));
    const connectors = await allItems((page) => api.listConnectors({ query: { ...page } }));
    const byTunnel = Map.groupBy(connectors, ({ tunnelId }) => tunnelId);
    session.table(
      tunnels.filter(
        (each) => (name === '' || each.name.toLowerCase() === name) && (id === '' || each.id === id),
      ),
      [
        { title: 'ID', value: (each) => each.id },
        { title: 'NAME', value: (each) => each.name, givesWay: true },
        { title: 'CREATED', value: ({ createdAtMs }) => timeText(createdAtMs) },
        {
          title: 'CONNECTIONS',
          value: (each) => connectionsText(byTunnel.get(each.id) ?? []),
          givesWay: true,
        },
        { title: 'STATUS', value: ({ status }) => status },
      ],
      'No tunnels were found; make one with "sallyport tunnel create NAME".',
    );
  },
});

function sortKey(text: string): 'name' | 'createdAt' | 'connections' | 'status' {
  switch (text) {
    case '':
    case 'name':
      return 'name';
    case 'createdAt':
      return 'createdAt';
    case 'numConnections':
      return 'connections';
    case 'status':
      return 'status';
    default:
      throw new SallyportError(
        'usage',
        `--sort-by is name, createdAt, numConnections or status, not "${text}".`,
      );
  }
}

/** `4xhomeserver, 4xattic` */
function connectionsText(connectors: readonly ConnectorView[]): string {
  return connectors
    .map(({ connections, hostname, address }) => `${connections.length}x${hostname || address}`)
    .toSorted()
    .join(', ');
}

export const tunnelInfoCommand = edgeCommand({
  words: ['tunnel', 'info'],
  usage: 'TUNNEL [flags]',
  summary: 'show a tunnel and the connectors that run it',
  description: `Shows a tunnel, its connectors, and why the last connections ended.`,
  examples: ['sallyport tunnel info home'],
  maxArgs: 1,
  async run(session) {
    const params = { tunnel: argument(session, 0, nameTunnel) };
    const tunnel = await session.api.getTunnel({ params });
    const { items, disconnects } = await session.api.listTunnelConnectors({ params });
    if (session.isJson) return session.show({ ...tunnel, connectors: items, disconnects }, () => '');
    session.print(tunnelBlock(tunnel));
    session.table(
      items,
      [
        { title: 'CONNECTOR ID', value: ({ instanceId }) => instanceId },
        { title: 'CREATED', value: ({ connectedAtMs }) => timeText(connectedAtMs) },
        { title: 'ARCHITECTURE', value: ({ arch }) => arch },
        { title: 'VERSION', value: ({ version }) => version },
        { title: 'ORIGIN IP', value: ({ address }) => address.replace(/:\d+$/, '') },
        {
          title: 'EDGE',
          value: ({ connections, hostname }) => `${connections.length}x${hostname}`,
          givesWay: true,
        },
      ],
      'No connector is connected.',
    );
    if (disconnects.length > 0) {
      session.print('\nLast disconnects:\n');
      session.table(
        disconnects.slice(0, 5),
        [
          { title: 'WHEN', value: ({ atMs }) => timeText(atMs) },
          { title: 'FROM', value: ({ hostname, address }) => hostname || address },
          { title: 'REASON', value: ({ reason }) => reason },
          { title: 'DETAIL', value: ({ detail }) => detail, givesWay: true },
        ],
        '',
      );
    }
  },
});

function tunnelBlock(tunnel: TunnelView): string {
  const lines = [
    ['NAME:', tunnel.name],
    ['ID:', tunnel.id],
    ['CREATED:', timeText(tunnel.createdAtMs)],
    [
      'RULES:',
      tunnel.management === 'remote' ? `at the edge, version ${tunnel.rulesVersion}` : 'with the connector',
    ],
    ['HOSTNAMES:', tunnel.hostnames.join(', ') || '-'],
    ['STATUS:', tunnel.trouble === '' ? tunnel.status : `${tunnel.status}: ${tunnel.trouble}`],
    ...(tunnel.declaredIn === 'file' ? [['DECLARED:', 'in edge.yml']] : []),
  ];
  return `${lines.map(([key, value]) => `${key!.padEnd(11)} ${value}`).join('\n')}\n\n`;
}

export const tunnelDeleteCommand = edgeCommand({
  words: ['tunnel', 'delete'],
  usage: 'TUNNEL [TUNNEL ...] [flags]',
  summary: 'delete tunnels',
  description: `Deletes tunnels. One that is in use (routes lead to it, connectors are
connected) is refused with what depends on it, unless --force takes them along.`,
  flags: [
    { name: 'force', short: 'f', type: 'boolean', help: 'with its routes, and with connectors connected' },
  ],
  examples: ['sallyport tunnel delete home', 'sallyport tunnel delete home --force'],
  maxArgs: 100,
  async run(session) {
    argument(session, 0, nameTunnel);
    const force = session.input.flags.get('force') === true;
    for (const tunnel of session.input.args) {
      await session.api.deleteTunnel({
        params: { tunnel },
        query: { force: String(force) as 'true' | 'false' },
      });
      session.show({ deleted: tunnel }, () => `Deleted tunnel ${tunnel} at ${session.edge}.\n`);
    }
  },
});

export const tunnelCleanupCommand = edgeCommand({
  words: ['tunnel', 'cleanup'],
  usage: 'TUNNEL [TUNNEL ...] [flags]',
  summary: 'end connections of tunnels',
  description: `Ends a tunnel's connections after what is under way on them; connectors that
are still there come back by themselves.`,
  flags: [
    { name: 'connector', short: 'c', type: 'string', value: 'UUID', help: 'only those of this connector' },
    { name: 'now', type: 'boolean', help: 'without waiting for what is under way' },
  ],
  examples: ['sallyport tunnel cleanup home'],
  maxArgs: 100,
  async run(session) {
    argument(session, 0, nameTunnel);
    const instanceId = textOf(session.input, 'connector') || undefined;
    const how = session.input.flags.get('now') === true ? ('close' as const) : ('drain' as const);
    for (const tunnel of session.input.args) {
      const { connections } = await session.api.cleanupTunnel({
        params: { tunnel },
        body: { instanceId, how },
      });
      session.show(
        { tunnel, connections },
        () => `Ended ${connections} connections of ${tunnel} at ${session.edge}.\n`,
      );
    }
  },
});

/** Between looks at how far a rotation is. */
const rotationLookMs = 1_000;

export const tunnelRotateCommand = edgeCommand({
  words: ['tunnel', 'rotate'],
  usage: 'TUNNEL [flags]',
  summary: "replace a tunnel's secret without a gap",
  description: `Makes a second token, shows it once, waits until every connector uses it, and
revokes the old one. Both are valid meanwhile. Put the new token where the
connectors read theirs; a token file is followed without a restart.`,
  flags: [
    { name: 'finish', type: 'boolean', help: 'end a rotation that was begun: revoke the old token' },
    { name: 'abort', type: 'boolean', help: 'end a rotation that was begun: revoke the new token' },
    { name: 'no-wait', type: 'boolean', help: 'show the token and leave the rest to --finish' },
    {
      name: 'force',
      short: 'f',
      type: 'boolean',
      help: 'with --finish: also when connectors use the old token',
    },
  ],
  examples: ['sallyport tunnel rotate home', 'sallyport tunnel rotate home --finish'],
  exitCodes: { 1: 'failed, or the wait was broken off (both tokens stay valid)' },
  maxArgs: 1,
  async run(session) {
    const params = { tunnel: argument(session, 0, nameTunnel) };
    const { api, input, edge } = session;
    const isSet = (name: string): boolean => input.flags.get(name) === true;
    if (isSet('abort')) {
      const tunnel = await api.abortRotation({ params });
      return session.show(
        tunnel,
        () => `The new token of ${tunnel.name} is revoked at ${edge}; the old one stays.\n`,
      );
    }
    if (!isSet('finish')) {
      const issued = await api.startRotation({ params });
      session.show(
        issued,
        () => `The new token of ${params.tunnel}, which is not shown again:\n\n${issued.token}\n\n`,
      );
      if (isSet('no-wait')) return;
      await waitForMove(session, params);
    }
    const tunnel = await api.finishRotation({ params, body: { force: isSet('force') } });
    session.show(tunnel, () => `The old token of ${tunnel.name} is revoked at ${edge}.\n`);
  },
});

async function waitForMove(
  { api, context, isJson }: Parameters<Parameters<typeof edgeCommand>[0]['run']>[0],
  params: { readonly tunnel: string },
): Promise<void> {
  for (let before = ''; ;) {
    const { state, connectors } = await api.getRotation({ params });
    if (state === 'ready') return;
    const left = connectors
      .filter(({ usesNewKey }) => !usesNewKey)
      .map(({ hostname, address }) => hostname || address);
    const text =
      connectors.length === 0
        ? 'Waiting for a connector with the new token ...'
        : `Waiting for ${left.join(', ')} (${connectors.length - left.length} of ${connectors.length} have moved) ...`;
    if (text !== before && !isJson) context.err(`${text}\n`);
    before = text;
    await context.wait(rotationLookMs);
  }
}

export const tunnelRevokeCommand = edgeCommand({
  words: ['tunnel', 'revoke'],
  usage: 'TUNNEL [flags]',
  summary: "revoke a tunnel's tokens at once",
  description: `Revokes every token of a tunnel; live connections end within a second. Shows a
new token, once. For a token that has leaked; "tunnel rotate" leaves no gap.`,
  flags: [yesFlag],
  examples: ['sallyport tunnel revoke home'],
  maxArgs: 1,
  async run(session) {
    const tunnel = argument(session, 0, nameTunnel);
    await confirm(session, `Cut off every connector of ${tunnel} at ${session.edge}?`);
    const issued = await session.api.revokeTunnel({ params: { tunnel } });
    session.show(
      issued,
      () => `Revoked at ${session.edge}. The new token, which is not shown again:\n\n${issued.token}\n`,
    );
  },
});

export const tunnelRulesCommand: Command = edgeCommand({
  words: ['tunnel', 'rules'],
  usage: 'TUNNEL [flags]',
  summary: "show or replace a tunnel's ingress rules",
  description: `Prints the ingress rules of a tunnel. With --file, replaces those of a remotely
managed one; they are checked first, and connectors take them up in a second.`,
  flags: [
    {
      name: 'file',
      type: 'string',
      value: 'FILE',
      help: 'YAML with ingress, as in config.yml; - is standard input',
    },
  ],
  examples: ['sallyport tunnel rules home', 'sallyport tunnel rules home --file rules.yml'],
  maxArgs: 1,
  async run(session) {
    const params = { tunnel: argument(session, 0, nameTunnel) };
    const file = textOf(session.input, 'file');
    if (file === '') {
      const rules = await session.api.getRules({ params });
      return session.show(rules, () => rules.text);
    }
    const rules = await session.api.putRules({ params, body: { text: readText(file) } });
    for (const warning of rules.warnings) session.context.err(`Warning: ${warning}\n`);
    session.show(
      rules,
      () => `Rules of ${params.tunnel} at ${session.edge} are now version ${rules.version}.\n`,
    );
  },
});

/** A file's text, or standard input's. @throws SallyportError 'file-unreadable' */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new SallyportError('file-unreadable', `${file} could not be read (${errorText(error)}).`, {
      cause: error,
    });
  }
}

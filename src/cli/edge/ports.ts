// `sallyport port list|add|update|show|remove`: TCP and UDP ports of the edge, and TLS passed on by server name.
import { SallyportError } from '#base/errors.ts';
import type { PortView } from '#api/ports.ts';
import { parsePortName, portShape } from '#model/port.ts';
import { type Flag, type Input, textOf } from '../command.ts';
import { allItems, argument, edgeCommand } from './edge-command.ts';

const namePort = 'Name a port, such as tcp:5432; "sallyport port list" shows them.';
const nameNewPort =
  'Say what to open: sallyport port add tcp:5432 --tunnel home, udp:53, or tls:nas.example.com.';

const settingFlags: readonly Flag[] = [
  { name: 'tunnel', type: 'string', value: 'TUNNEL', help: 'name or id of the tunnel' },
  { name: 'service', type: 'string', value: 'URL', help: 'service at home, such as tcp://localhost:5432' },
  { name: 'hostname', type: 'string', value: 'NAME', help: 'ingress rule that serves it' },
  { name: 'address', type: 'string', value: 'ADDRESS', help: 'listen on this address only' },
  { name: 'from', type: 'string', value: 'CIDRS', help: 'who may connect, with commas; all: everybody' },
  { name: 'proxy-protocol', type: 'string', value: 'VERSION', help: 'v1, v2 or off' },
  { name: 'idle', type: 'string', value: 'SECONDS', help: 'end silent connections; 0 never, default' },
  { name: 'max-connections', type: 'string', value: 'COUNT', help: 'at once' },
  { name: 'max-per-address', type: 'string', value: 'COUNT', help: 'at once from one address' },
  { name: 'note', type: 'string', value: 'TEXT', help: 'a note for people' },
];

export const portListCommand = edgeCommand({
  words: ['port', 'list'],
  usage: '[flags]',
  summary: 'list TCP, UDP and TLS ports at the edge',
  description: `Lists every port, stored or declared in edge.yml, whether it is open, and the
service at home that it reaches now.`,
  flags: [{ name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' }],
  examples: ['sallyport port list'],
  maxArgs: 0,
  async run(session) {
    const search = textOf(session.input, 'search') || undefined;
    const ports = await allItems((page) => session.api.listPorts({ query: { search, ...page } }));
    session.table(
      ports,
      [
        { title: 'PORT', value: ({ name }) => name },
        { title: 'TUNNEL', value: ({ tunnelName }) => tunnelName },
        { title: 'SERVICE', value: ({ service }) => service || '-', givesWay: true },
        { title: 'WHO', value: ({ from }) => whoText(from), givesWay: true },
        { title: 'FROM', value: ({ source }) => source, leaves: true },
        { title: 'STATUS', value: ({ status }) => status },
        { title: 'ACTIVE', value: ({ active }) => String(active), alignment: 'right', leaves: true },
      ],
      'There are no ports; open one with "sallyport port add tcp:5432 --tunnel NAME --service URL".',
    );
  },
});

export const portAddCommand = edgeCommand({
  words: ['port', 'add'],
  usage: 'PROTOCOL:PORT|tls:HOSTNAME --tunnel TUNNEL [--service URL] [flags]',
  summary: 'open a port, or pass a name on unopened',
  description: `Opens a TCP or UDP port that leads through a tunnel, or passes the TLS of a
hostname on the https port to a service at home, where it ends: the edge has
no key for it. With --service, the ingress rule of a remotely managed tunnel is
added with it. --hostname says which rule that is; by default a name is made
of the port.`,
  flags: settingFlags,
  examples: [
    'sallyport port add tcp:5432 --tunnel home --service tcp://localhost:5432 --from 192.0.2.0/24',
    'sallyport port add udp:53 --tunnel home --service udp://localhost:53',
    'sallyport port add tls:nas.example.com --tunnel home --service tcp://192.168.1.9:443',
  ],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const what = placeOf(argument(session, 0, nameNewPort));
    const hostname = textOf(input, 'hostname') || what.hostname || `${what.protocol}-${what.port}.port`;
    const { idleSeconds, service, tunnel = '', ...settings } = settingsOf(input);
    const port = await session.api.createPort({
      body: {
        ...settings,
        ...(typeof idleSeconds === 'number' ? { idleSeconds } : {}),
        ...{ protocol: what.protocol, port: what.port, hostname, tunnel, service },
      },
    });
    session.show(port, () => {
      const leads = port.service === '' ? '' : `, service ${port.service}`;
      const [done, state] = port.status === 'closed' ? ['Kept', '; it is not open yet'] : ['Opened', ''];
      return `${done} ${port.name} to tunnel ${port.tunnelName}${leads}, at ${session.edge}${state}.\n${troubleLine(port)}`;
    });
  },
});

export const portUpdateCommand = edgeCommand({
  words: ['port', 'update'],
  usage: 'PORT [flags]',
  summary: 'change a port',
  description: `Changes what is given and leaves the rest. Connections under way go on as they
began.`,
  flags: [
    ...settingFlags,
    { name: 'enable', type: 'boolean', help: 'open it again' },
    { name: 'disable', type: 'boolean', help: 'keep it, and close it' },
  ],
  examples: ['sallyport port update tcp:5432 --from 198.51.100.7', 'sallyport port update udp:53 --disable'],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const port = argument(session, 0, namePort);
    const isEnabled =
      input.flags.get('enable') === true ? true : input.flags.get('disable') === true ? false : undefined;
    const changed = await session.api.updatePort({
      params: { port },
      body: { ...settingsOf(input), hostname: textOf(input, 'hostname') || undefined, isEnabled },
    });
    session.show(changed, () => `Changed ${changed.name} at ${session.edge}.\n${troubleLine(changed)}`);
  },
});

export const portShowCommand = edgeCommand({
  words: ['port', 'show'],
  usage: 'PORT [flags]',
  summary: 'show one port',
  description: `Shows where a port leads, what is wrong with it, and what has passed.`,
  examples: ['sallyport port show tcp:5432'],
  maxArgs: 1,
  async run(session) {
    const port = await session.api.getPort({ params: { port: argument(session, 0, namePort) } });
    session.show(port, () =>
      [
        ['PORT:', port.name],
        ['TUNNEL:', port.tunnelName],
        ['RULE:', port.hostname],
        ['SERVICE:', port.service || '-'],
        ['WHO:', whoText(port.from)],
        ['FROM:', port.source],
        ['STATUS:', port.trouble === '' ? port.status : `${port.status}: ${port.trouble}`],
        ['PLAINTEXT:', port.protocol === 'tls' ? 'seen at home only' : 'the edge passes on what comes'],
        ['PROXY:', port.proxyProtocol],
        ['CONNECTIONS:', `${port.active} now, ${port.connections} in all`],
        ['BYTES:', `${port.bytesIn} in, ${port.bytesOut} out`],
        ['NOTE:', port.note || '-'],
      ]
        .map(([key, value]) => `${key!.padEnd(12)} ${value}\n`)
        .join(''),
    );
  },
});

export const portRemoveCommand = edgeCommand({
  words: ['port', 'remove'],
  usage: 'PORT [flags]',
  summary: 'close a port',
  description: `Closes a port, cuts its connections, and removes the ingress rule that came
with it.`,
  examples: ['sallyport port remove tcp:5432'],
  maxArgs: 1,
  async run(session) {
    const port = argument(session, 0, namePort);
    await session.api.deletePort({ params: { port } });
    session.show({ removed: port }, () => `Closed ${port} at ${session.edge}.\n`);
  },
});

/** `tcp:5432`, `udp:53`, `tls:nas.example.com`, `tls:8443:nas.example.com`. @throws SallyportError 'usage' */
function placeOf(text: string): { protocol: PortView['protocol']; port: number; hostname: string } {
  const place = parsePortName(text);
  if (place) return place;
  throw new SallyportError('usage', `"${text}" is no port. ${nameNewPort}`);
}

/** What the flags set. @throws SallyportError 'usage' */
function settingsOf(input: Input) {
  const text = (name: string): string | undefined => textOf(input, name) || undefined;
  const from = text('from');
  const proxyProtocol = text('proxy-protocol');
  const version = portShape.proxyProtocol.safeParse(proxyProtocol);
  if (!version.success)
    throw new SallyportError('usage', `--proxy-protocol is v1, v2 or off, not "${proxyProtocol}".`);
  const idle = text('idle');
  return {
    tunnel: text('tunnel'),
    service: text('service'),
    address: text('address'),
    from: from === undefined ? undefined : from === 'all' ? [] : from.split(',').map((each) => each.trim()),
    proxyProtocol: proxyProtocol === undefined ? undefined : version.data,
    idleSeconds: idle === 'default' ? null : numberOf(input, 'idle'),
    maxConnections: numberOf(input, 'max-connections'),
    maxPerAddress: numberOf(input, 'max-per-address'),
    note: text('note'),
  };
}

function numberOf(input: Input, name: string): number | undefined {
  const text = textOf(input, name);
  if (text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new SallyportError('usage', `--${name} is a whole number, not "${text}".`);
}

function whoText(from: readonly string[]): string {
  return from.length === 0 ? 'everybody' : from.join(', ');
}

function troubleLine({ trouble }: PortView): string {
  return trouble === '' ? '' : `${trouble}\n`;
}

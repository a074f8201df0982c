// `sallyport edge init`: from nothing to an edge that can be started, in one go: edge.yml, the first owner's link, and what
// DNS and the firewall need, checked. Safe to run again: what is there is kept, what is missing is told.
import { SallyportError } from '#base/errors.ts';
import { parseHostname } from '#base/net/hostname.ts';
import {
  type Command,
  type CommandContext,
  type Input,
  listOf,
  outputFlag,
  textOf,
  wantsJson,
} from '../command.ts';
import { paint } from '../paint.ts';
import { workersOf } from './workers-flag.ts';
import { type SetUpDns, type SetUpEdge, type SetUpRequest, tokenProviders } from '../runners.ts';

const defaultConfig = '/etc/sallyport/edge.yml';
const defaultData = '/var/lib/sallyport';

export const edgeInitCommand: Command = {
  words: ['edge', 'init'],
  usage: '[flags]',
  summary: 'set up an edge on this machine',
  description: `Writes edge.yml, makes the first owner with a one-time sign-in link, and prints
which DNS records and firewall ports are needed, each checked. Asks for what no
flag says. An edge.yml that is there is kept; run it again after you have made
the records.`,
  flags: [
    { name: 'domain', type: 'string', value: 'DOMAIN', help: 'your domain: example.com' },
    { name: 'hostname', type: 'string', value: 'HOST', help: "the edge's own name (default edge.DOMAIN)" },
    {
      name: 'dashboard',
      type: 'string',
      value: 'HOST',
      help: 'hostname of the dashboard (default sallyport.DOMAIN)',
    },
    { name: 'email', type: 'string', value: 'ADDRESS', help: 'mail address for the certificate authority' },
    {
      name: 'certificates',
      type: 'string',
      value: 'HOW',
      help: 'acme (default): public ones, by themselves; internal: signed by a CA of the edge',
    },
    {
      name: 'dns',
      type: 'string',
      value: 'WHO',
      help: `who makes DNS records: none (you), ${tokenProviders.join(', ')}, or serve (the edge answers for DOMAIN itself)`,
    },
    {
      name: 'dns-token-file',
      type: 'string',
      value: 'FILE',
      help: "file with the API token of the provider's account",
    },
    { name: 'owner', type: 'string', value: 'NAME', help: 'name of the first user (default owner)' },
    {
      name: 'address',
      type: 'strings',
      value: 'IP',
      help: "the machine's public address (repeatable; found otherwise)",
    },
    { name: 'config', type: 'string', value: 'FILE', help: `where to write it (default ${defaultConfig})` },
    { name: 'data', type: 'string', value: 'DIR', help: `data folder (default ${defaultData})` },
    { name: 'https-port', type: 'integer', value: 'N', help: 'default 443' },
    { name: 'http-port', type: 'integer', value: 'N', help: 'default 80' },
    {
      name: 'workers',
      type: 'string',
      value: 'N',
      help: 'processes that share the ports; auto (default): one for each core',
    },
    outputFlag,
  ],
  examples: [
    'sallyport edge init',
    'sallyport edge init --domain example.com --email me@example.com --owner ada',
    'sallyport edge init --domain example.com --dns cloudflare --dns-token-file cloudflare-token',
  ],
  maxArgs: 0,
  async run(input, context) {
    const done = await context.runners.setUpEdge(await requestOf(input, context));
    context.out(wantsJson(input) ? `${JSON.stringify(done)}\n` : describe(done, context.hasColours));
    return 0;
  },
};

async function requestOf(input: Input, context: CommandContext): Promise<SetUpRequest> {
  const configFile = textOf(input, 'config') || defaultConfig;
  const isThere = context.runners.hasFile(configFile);
  const domain = isThere && textOf(input, 'domain') === '' ? '' : await domainOf(input, context);
  const certificates = textOf(input, 'certificates') || 'acme';
  if (certificates !== 'acme' && certificates !== 'internal') {
    throw new SallyportError('usage', `--certificates is acme or internal, not "${certificates}".`);
  }
  const email =
    textOf(input, 'email') || (isThere || certificates === 'internal' ? '' : await emailOf(context));
  return {
    configFile,
    dataDir: textOf(input, 'data') || defaultData,
    hostname: textOf(input, 'hostname') || (domain === '' ? '' : `edge.${domain}`),
    dashboard: textOf(input, 'dashboard') || (domain === '' ? '' : `sallyport.${domain}`),
    domain,
    email,
    certificates,
    owner: textOf(input, 'owner') || 'owner',
    addresses: listOf(input, 'address'),
    httpsPort: portOf(input, 'https-port', 443),
    httpPort: portOf(input, 'http-port', 80),
    workers: workersOf(input) ?? 'auto',
    dns: isThere ? { provider: 'none' } : await dnsOf(input, context),
  };
}

async function dnsOf(input: Input, context: CommandContext): Promise<SetUpDns> {
  const choices = ['none', ...tokenProviders, 'serve'];
  const typed =
    textOf(input, 'dns') || ((await context.ask(`Who makes DNS records (${choices.join(', ')}): `)) ?? '');
  const who = typed.trim() === '' ? 'none' : typed.trim().toLowerCase();
  if (who === 'none' || who === 'serve') return { provider: who };
  const provider = tokenProviders.find((name) => name === who);
  if (!provider) {
    throw new SallyportError(
      'usage',
      `--dns is one of ${choices.join(', ')}, not "${who}"; others go into the dns section of edge.yml (docs/dns.md).`,
    );
  }
  const file = textOf(input, 'dns-token-file');
  if (file !== '') {
    if (context.runners.hasFile(file)) return { provider, token: { file } };
    throw new SallyportError(
      'file-unreadable',
      `There is no file ${file}; put the API token of ${provider} into it.`,
    );
  }
  const text = ((await context.ask(`API token of ${provider}: `, true)) ?? '').trim();
  if (text !== '') return { provider, token: { text } };
  throw new SallyportError(
    'usage',
    `Name the file with the API token of ${provider}: --dns-token-file FILE.`,
  );
}

async function domainOf(input: Input, context: CommandContext): Promise<string> {
  const text = textOf(input, 'domain') || ((await context.ask('Your domain (example.com): ')) ?? '');
  const domain = parseHostname(text.trim());
  if (domain?.includes('.')) return domain;
  throw new SallyportError(
    'usage',
    text === ''
      ? 'Name your domain: sallyport edge init --domain example.com.'
      : `"${text}" is no domain; name yours as in --domain example.com.`,
  );
}

async function emailOf(context: CommandContext): Promise<string> {
  return ((await context.ask('Mail address for the certificate authority (may be empty): ')) ?? '').trim();
}

function portOf(input: Input, name: string, usual: number): number {
  const port = input.flags.get(name) ?? usual;
  if (typeof port === 'number' && port >= 0 && port <= 65_535) return port;
  throw new SallyportError('usage', `--${name} is a port from 0 to 65535.`);
}

function noteOf(madeAt: string, isGood: boolean, found: string): string {
  if (isGood) return '';
  return madeAt === '' ? `   (${found})` : `   (the edge makes it at ${madeAt})`;
}

function describe(done: SetUpEdge, hasColours: boolean): string {
  const { bold, accent, bad } = paint(hasColours);
  const mark = (isGood: boolean): string => (isGood ? 'ok' : bad('!!'));
  const width = Math.max(...done.records.map(({ name }) => name.length), 8);
  const lines = [
    done.isNew ? `Wrote ${done.configFile}.` : `${done.configFile} was there and is kept.`,
    '',
    bold('DNS records'),
    ...done.records.map(
      ({ name, type, value, madeAt, isGood, found }) =>
        `  ${madeAt === '' ? mark(isGood) : '  '}  ${name.padEnd(width)}  ${type.padEnd(5)}  ${value}${noteOf(madeAt, isGood, found)}`,
    ),
    '',
    bold('Firewall: let in'),
    ...done.ports.map(
      ({ port, protocol, what, isGood, detail }) =>
        `  ${mark(isGood)}  ${`${protocol}/${port}`.padEnd(width)}  ${what}${isGood ? '' : `   (${detail})`}`,
    ),
    '',
    ...(done.signInLink === null
      ? ['Somebody can sign in to the dashboard already.']
      : [
          `${bold('The first owner')} signs in with this link, once the edge runs:`,
          '',
          `  ${accent(done.signInLink)}`,
        ]),
    '',
    `Start it: sallyport edge run --config ${done.configFile}`,
    '',
  ];
  return lines.join('\n');
}

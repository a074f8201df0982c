// `sallyport tunnel create`: makes a tunnel's credentials, keeps them in a file and prints what the edge must know.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { SallyportError } from '#base/errors.ts';
import { type Command, type CommandContext, type Input, listOf, textOf } from '../command.ts';
import { connectToEdge, edgeFlags, hasEdge } from '../edge/connection.ts';
import type { CreatedTunnel } from '../runners.ts';

export const tunnelCreateCommand: Command = {
  words: ['tunnel', 'create'],
  usage: 'NAME [flags]',
  summary: 'make credentials for a new tunnel',
  description: `Makes a tunnel at your edge, keeps its credentials in <UUID>.json (mode 0400,
never over an existing file) and prints its token, once: whoever has it is the
tunnel. Where no edge is known, or --offline is given, only the credentials are
made, and the lines to add to edge.yml are printed.`,
  flags: [
    {
      name: 'credentials-file',
      type: 'string',
      value: 'PATH',
      help: 'where to write the credentials (also --cred-file)',
    },
    {
      name: 'secret',
      type: 'string',
      value: 'BASE64',
      env: 'TUNNEL_CREATE_SECRET',
      help: '32 bytes to use as the secret',
    },
    { name: 'edge', type: 'string', value: 'HOST:PORT', help: 'address of the edge, kept in the token' },
    {
      name: 'cacert',
      type: 'string',
      value: 'FILE',
      help: "the edge's internal CA (ca.pem), whose pin goes into the token",
    },
    {
      name: 'remote',
      type: 'boolean',
      help: 'its ingress rules live at the edge, not in a config.yml',
    },
    {
      name: 'allow',
      type: 'strings',
      value: 'HOST',
      help: 'hostname or *.suffix its own rules may claim (repeatable)',
    },
    { name: 'offline', type: 'boolean', help: 'make credentials only, for an edge.yml' },
    ...edgeFlags,
    { name: 'output', short: 'o', type: 'string', value: 'FORMAT', help: 'json or yaml for machines' },
  ],
  examples: [
    'sallyport tunnel create home --edge edge.example.com:443',
    'sallyport tunnel create home --edge 192.0.2.7:443 --cacert ca.pem -o json',
  ],
  maxArgs: 1,
  async run(input, context) {
    const { out, runners, homeFolder } = context;
    const name = input.args[0] ?? '';
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)) {
      throw new SallyportError(
        'usage',
        'Name the tunnel with one word of letters, digits, dots, dashes and underscores: sallyport tunnel create home.',
      );
    }
    const format = textOf(input, 'output');
    if (!['', 'text', 'json', 'yaml'].includes(format)) {
      throw new SallyportError('usage', `--output is json or yaml, not "${format}".`);
    }
    if (isOnline(input, context)) {
      out(onlineText(format, await createOnline(input, context, name)));
      return 0;
    }
    const caFile = textOf(input, 'cacert');
    const created = runners.createTunnel({
      edgeAddress: textOf(input, 'edge'),
      caPin: caFile === '' ? '' : runners.pinOf(caFile),
      secret: textOf(input, 'secret'),
      credentialsFile: textOf(input, 'credentials-file'),
      folder: join(homeFolder, '.cloudflared'),
    });
    out(textFor(format, name, created));
    return 0;
  },
};

/** Flags of the offline way ask for it; without an edge there is no other. */
function isOnline(input: Input, context: CommandContext): boolean {
  const isOffline = ['offline', 'edge', 'cacert', 'secret'].some((flag) => input.flags.has(flag));
  return !isOffline && hasEdge(input, context);
}

interface OnlineTunnel {
  readonly id: string;
  readonly name: string;
  readonly credentialsFile: string;
  readonly token: string;
  readonly edge: string;
}

async function createOnline(input: Input, context: CommandContext, name: string): Promise<OnlineTunnel> {
  const { runners, homeFolder } = context;
  const { api, name: edge } = await connectToEdge(input, context);
  const { tunnel, token } = await api.createTunnel({
    body: {
      name,
      management: input.flags.get('remote') === true ? 'remote' : 'local',
      hostnames: [...listOf(input, 'allow')],
    },
  });
  const file = textOf(input, 'credentials-file') || join(homeFolder, '.cloudflared', `${tunnel.id}.json`);
  try {
    runners.keepCredentials(token!, file);
  } catch (error) {
    // As cloudflared: a tunnel whose secret nobody has is of no use to anybody.
    await api.deleteTunnel({ params: { tunnel: tunnel.id } });
    throw error;
  }
  return { id: tunnel.id, name, credentialsFile: file, token: token!, edge };
}

function onlineText(format: string, created: OnlineTunnel): string {
  if (format === 'json') return `${JSON.stringify(created)}\n`;
  if (format === 'yaml') return stringify(created);
  const { id, name, credentialsFile, token, edge } = created;
  return `Tunnel credentials written to ${credentialsFile}. Keep this file secret.

Created tunnel ${name} with id ${id}

Run it with this token, which is not shown again (the edge is ${edge}):

${token}
`;
}

function textFor(format: string, name: string, created: CreatedTunnel): string {
  const { id, credentialsFile, publicKey, token } = created;
  const data = { id, name, credentialsFile, publicKey, token };
  if (format === 'json') return `${JSON.stringify(data)}\n`;
  if (format === 'yaml') return stringify(data);
  return `Tunnel credentials written to ${credentialsFile}. Keep this file secret.

Created tunnel ${name} with id ${id}

Add to edge.yml:

tunnels:
  - name: ${name}
    id: ${id}
    publicKeys: [${publicKey}]
    hostnames: ["*.example.com"]   # what its rules may claim

Run it with this token, which is not shown again
("sallyport tunnel token --cred-file FILE" makes it from the file):

${token}
`;
}

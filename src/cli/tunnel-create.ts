// `sallyport tunnel create`: makes a tunnel's credentials, keeps them in a file and prints what the edge must know.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { SallyportError } from '#base/errors.ts';
import { type Command, textOf } from './command.ts';
import type { CreatedTunnel } from './runners.ts';

export const tunnelCreateCommand: Command = {
  words: ['tunnel', 'create'],
  usage: 'NAME [flags]',
  summary: 'make credentials for a new tunnel',
  description: `Draws an id and a secret, writes them to <UUID>.json (mode 0400, never over an
existing file) and prints the lines to add to edge.yml. The token is printed
once: whoever has it is the tunnel.`,
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
    { name: 'output', short: 'o', type: 'string', value: 'FORMAT', help: 'json or yaml for machines' },
  ],
  examples: [
    'sallyport tunnel create home --edge edge.example.com:443',
    'sallyport tunnel create home --edge 192.0.2.7:443 --cacert ca.pem -o json',
  ],
  maxArgs: 1,
  run(input, { out, runners, homeFolder }) {
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

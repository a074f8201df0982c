// `sallyport tunnel token`: the token of a credentials file.
import { SallyportError } from '#base/errors.ts';
import { type Command, outputFlag, textOf, wantsJson } from '../command.ts';

export const tunnelTokenCommand: Command = {
  words: ['tunnel', 'token'],
  usage: '--cred-file FILE',
  summary: "print a tunnel's token",
  description: `Reads a credentials file and prints the token that stands for the same tunnel.
Whoever has it is the tunnel: mind where the output goes.`,
  flags: [
    {
      name: 'credentials-file',
      type: 'string',
      value: 'FILE',
      env: 'TUNNEL_CRED_FILE',
      help: 'the credentials (also --cred-file)',
    },
    outputFlag,
  ],
  examples: ['sallyport tunnel token --cred-file 6ff42ae2-765d-4adf-8112-31c55c1551ef.json'],
  maxArgs: 1,
  run(input, { out, runners }) {
    const file = textOf(input, 'credentials-file');
    if (file === '') throw new SallyportError('usage', 'Name the credentials with --cred-file FILE.');
    const token = runners.tokenOf(file);
    out(wantsJson(input) ? `${JSON.stringify({ token })}\n` : `${token}\n`);
    return 0;
  },
};

// `sallyport edge upgrade`: the running edge starts its successor, from the program that is on the disk by now, and hands its
// listening sockets over; no request is lost.
import { SallyportError } from '#base/errors.ts';
import { type Command, textOf } from '../command.ts';

export const edgeUpgradeCommand: Command = {
  words: ['edge', 'upgrade'],
  usage: '--config edge.yml',
  summary: 'replace the running edge without a refused connection',
  description: `Has the edge that runs by edge.yml start its successor from the program that is
on the disk by now, and hand its listening sockets over. Connectors and clients
move to the new one; what lasts, such as a WebSocket, may go on with the old one
for ten minutes. If the new one does not come up, the old one goes on. The same
as SIGUSR2. Not for a container, which ends with its first process: start
another container there.`,
  flags: [{ name: 'config', type: 'string', value: 'FILE', help: 'the configuration, edge.yml' }],
  examples: ['sallyport edge upgrade --config /etc/sallyport/edge.yml'],
  maxArgs: 0,
  async run(input, { out, runners }) {
    const file = textOf(input, 'config');
    if (file === '') {
      throw new SallyportError('usage', 'Name the configuration of the running edge with --config edge.yml.');
    }
    const { before, after } = await runners.upgradeEdge(file);
    out(`The edge is process ${after} now; process ${before} ends when its last client has gone.\n`);
    return 0;
  },
};

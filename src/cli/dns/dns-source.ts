// Where a dns command works: on the running edge through its API, or on an edge.yml by itself, for before the first start,
// or when the edge is down.
import type { ApiClient } from '#api/client.ts';
import { SallyportError } from '#base/errors.ts';
import type { DnsPlan } from '#model/dns/dns-view.ts';
import { type CommandContext, type Flag, type Input, textOf } from '../command.ts';
import { edgeFlags } from '../edge/connection.ts';
import { openSession } from '../edge/edge-command.ts';

/** `--config`, and what names an edge. */
export const dnsFlags: readonly Flag[] = [
  {
    name: 'config',
    type: 'string',
    value: 'FILE',
    help: 'work by this edge.yml instead of asking a running edge',
  },
  ...edgeFlags,
];

/** The file that was named, or the API of the edge. @throws SallyportError when there is neither, or both */
export async function dnsSource(
  input: Input,
  context: CommandContext,
): Promise<{ readonly file: string } | { readonly api: ApiClient }> {
  const file = textOf(input, 'config');
  const edge = textOf(input, 'context') || textOf(input, 'socket');
  if (file !== '' && edge !== '') {
    throw new SallyportError('usage', 'Give --config, or an edge with --context or --socket, not both.');
  }
  return file === '' ? { api: (await openSession(input, context)).api } : { file };
}

/** Changes are pending. 2 is taken by the command line itself. */
export const pendingCode = 3;
/** Nothing can be done, but not all is well: records of others, names without addresses, zones that cannot be read. */
export const troubleCode = 4;

/** Whether some hostname needs its owner. */
export function hasTrouble({ names }: Pick<DnsPlan, 'names'>): boolean {
  return names.some(({ state }) => state === 'conflict' || state === 'failed');
}

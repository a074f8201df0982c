// `sallyport health`: every part of the edge, how it is, since when, and what to do.
import { SallyportError } from '#base/errors.ts';
import { type HealthCounts, type HealthPart, partKinds, partStates } from '#model/live/health.ts';
import { type EdgeSession, edgeCommand, timeText } from './edge-command.ts';
import { textOf } from '../command.ts';
import { paint } from '../paint.ts';

export const healthCommand = edgeCommand({
  words: ['health'],
  usage: '[flags]',
  summary: 'how every part of the edge is, and since when',
  description: `Lists listeners, the store, certificates, DNS names, tunnels, origins and what
is seen of hostnames from outside: each with its state, since when it is so and
what to do. Those that are not well come first; --all lists the others, too.`,
  flags: [
    { name: 'all', type: 'boolean', help: 'list what is well, too' },
    { name: 'kind', type: 'string', value: 'KIND', help: `only this kind: ${partKinds.join(', ')}` },
  ],
  examples: ['sallyport health', 'sallyport health --all --kind origin', 'sallyport health --output json'],
  exitCodes: { 1: 'something is down, or the edge could not be asked' },
  maxArgs: 0,
  async run(session) {
    const kind = kindOf(session);
    const health = await session.api.getHealth({ query: kind === undefined ? {} : { kind } });
    const isAll = session.input.flags.get('all') === true;
    session.show(health, () => {
      const shown = health.parts.filter(({ state }) => isAll || state === 'down' || state === 'degraded');
      return `${[...shown.flatMap((part) => linesOf(part, session)), healthWords(health.counts)].join('\n')}\n`;
    });
    return health.counts.down > 0 ? 1 : 0;
  },
});

function kindOf({ input }: EdgeSession): HealthPart['kind'] | undefined {
  const text = textOf(input, 'kind');
  if (text === '') return undefined;
  const kind = partKinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new SallyportError('usage', `--kind is one of ${partKinds.join(', ')}, not "${text}".`);
}

function linesOf({ kind, name, state, sinceMs, sentence, cure }: HealthPart, session: EdgeSession): string[] {
  const { bad, bold, dim } = paint(session.context.hasColours);
  const word = state.padEnd(9);
  const head = `${state === 'down' || state === 'degraded' ? bad(word) : word} ${bold(`${kind} ${name}`)}, since ${timeText(sinceMs)}`;
  return [
    head,
    ...(sentence === '' ? [] : [`          ${dim(sentence)}`]),
    ...(cure === '' ? [] : [`          ${cure}`]),
  ];
}

/** `1 down, 12 ok` */
export function healthWords(counts: HealthCounts): string {
  const known = partStates.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return known.join(', ') || 'nothing is known yet';
}

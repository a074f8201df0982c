// `sallyport probe`: what is seen of hostnames from outside.
import type { ProbeResult } from '#model/probes/probe.ts';
import { paint } from '../paint.ts';
import { allItems, edgeCommand, type EdgeSession, timeText } from './edge-command.ts';

export const probeCommand = edgeCommand({
  words: ['probe'],
  usage: '[flags] [HOSTNAME]',
  summary: 'look at hostnames from outside',
  description: `Looks at a hostname now as a visitor does: its name is resolved, its public
address dialled, its certificate checked, and the edge knows itself by a mark.
Connectors of tunnels that edge.yml names under probe.from look, too. Without a
hostname, the last look at each is listed.`,
  examples: ['sallyport probe', 'sallyport probe nas.example.com', "sallyport probe '*.apps.example.com'"],
  exitCodes: { 1: 'it is not reached, or the edge could not be asked' },
  maxArgs: 1,
  async run(session) {
    const [hostname] = session.input.args;
    if (hostname !== undefined && hostname !== '') {
      const { items } = await session.api.probeNow({ body: { hostname } });
      session.show(items, () => items.map((result) => resultText(result, session)).join(''));
      return items.some(({ failures }) => failures > 0) ? 1 : 0;
    }
    const items = await allItems((page) => session.api.listProbes({ query: { ...page } }));
    session.table(
      items,
      [
        { title: 'HOSTNAME', value: (result) => result.hostname, givesWay: true },
        { title: 'FROM', value: ({ from }) => from || 'the edge' },
        { title: 'OUTCOME', value: ({ outcome }) => outcome },
        { title: 'ADDRESS', value: ({ address }) => address || '-', leaves: true },
        { title: 'TOOK', value: ({ ms }) => tookText(ms), alignment: 'right' },
        { title: 'WHEN', value: ({ atMs }) => timeText(atMs), leaves: true },
      ],
      'Nobody has looked yet; the first look comes half a minute after the start.',
    );
    return items.some(({ failures }) => failures > 0) ? 1 : 0;
  },
});

function tookText(ms: ProbeResult['ms']): string {
  const sum = Object.values(ms).reduce((total: number, hop) => total + (hop ?? 0), 0);
  return `${sum} ms`;
}

function resultText(
  { hostname, from, outcome, sentence, cure, ms }: ProbeResult,
  session: EdgeSession,
): string {
  const { bad, bold, dim } = paint(session.context.hasColours);
  const word = outcome === 'ok' ? outcome : bad(outcome);
  const hops = Object.entries(ms).flatMap(([hop, took]) => (took === null ? [] : [`${hop} ${took} ms`]));
  return [
    `${bold(hostname)} from ${from || 'the edge'}: ${word}`,
    `  ${sentence}`,
    ...(cure === '' ? [] : [`  ${cure}`]),
    ...(hops.length === 0 ? [] : [`  ${dim(hops.join(', '))}`]),
    '',
  ].join('\n');
}

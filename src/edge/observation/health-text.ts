// Health in lines for a terminal: what is not well first, then how many parts of each kind there are.
//
//     degraded: 1 down, 14 ok
//     DOWN      origin http://localhost:8096 of media, since 2026-01-05 12:00:40 UTC
//               The last request to it failed: origin-refused.
//               Start the service at home ...
import { countParts, type Health, type HealthPart, partKinds, partStates } from '#model/live/health.ts';

/** The lines, each with its end. */
export function healthText(health: Health): string {
  const { state, counts, parts } = health;
  const known = partStates.filter((each) => counts[each] > 0).map((each) => `${counts[each]} ${each}`);
  const lines = [`${state}: ${known.join(', ') || 'nothing is known yet'}`];
  for (const part of parts.filter((each) => each.state === 'down' || each.state === 'degraded'))
    lines.push(...linesOf(part));
  for (const kind of partKinds) {
    const ofKind = parts.filter((part) => part.kind === kind);
    const count = countParts(ofKind);
    if (ofKind.length === 0) continue;
    lines.push(`${kind.padEnd(12)}${partStates.flatMap((each) => wordsOf(each, count[each])).join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}

function wordsOf(state: HealthPart['state'], count: number): string[] {
  return count === 0 ? [] : [`${count} ${state}`];
}

function linesOf({ kind, name, state, sinceMs, sentence, cure }: HealthPart): string[] {
  const since = new Date(sinceMs).toISOString().slice(0, 19).replace('T', ' ');
  return [
    `${state.toUpperCase().padEnd(10)}${kind} ${name}, since ${since} UTC`,
    ...[sentence, cure].filter((text) => text !== '').map((text) => `          ${text}`),
  ];
}

// What was seen of a hostname in DNS, as the step `dns` of an explanation: in words, with the cure.
import type { ExplainStep } from '#model/live/explain.ts';
import { isRightAtZone, type NameSighting } from './name-check.ts';

const makeRecord = 'Make the record, or wait a little if it was made just now.';
const changeRecord = 'Let its record lead to this edge, or take the route away.';

/** The step `dns` of an explanation. */
export function explainName(sighting: NameSighting): ExplainStep {
  const { hostname, zone, servers, resolver, ms } = sighting;
  const facts = Object.fromEntries([
    ...servers.map(({ server, found }) => [`${zone} at ${server}`, found] as const),
    [`resolver ${resolver.server}`, resolver.found] as const,
  ]);
  const step = (status: ExplainStep['status'], title: string, detail: string, cure: string): ExplainStep => ({
    ...{ step: 'dns', status, title, detail, cure, ms, facts },
  });
  const wrong = servers.find(({ state }) => state === 'wrong');
  const missing = servers.find(({ state }) => state === 'missing');
  if (wrong) {
    return step(
      'failed',
      `${hostname} leads elsewhere`,
      `${wrong.server}, a server of ${zone}, answers ${wrong.found}.`,
      changeRecord,
    );
  }
  if (missing) {
    const half = servers.some(({ state }) => state === 'right') ? ' The other servers have it already.' : '';
    return step(
      'failed',
      `${hostname} has no record`,
      `${missing.server}, a server of ${zone}, answers ${missing.found}.${half}`,
      makeRecord,
    );
  }
  if (resolver.state === 'right') {
    const isWhole = isRightAtZone(sighting);
    const detail = isWhole
      ? `The resolver ${resolver.server} and every server of ${zone} that answers agree.`
      : `The resolver ${resolver.server} says so; no server of its own zone could be asked.`;
    return step(isWhole ? 'ok' : 'warning', `${hostname} leads here`, detail, '');
  }
  if (isRightAtZone(sighting)) {
    return step(
      'warning',
      `${hostname} leads here, but not for everybody yet`,
      `The servers of ${zone} have it; the resolver ${resolver.server} still answers ${resolver.found}.`,
      `Resolvers keep what they had for its TTL; if it stays so, check that ${zone} is delegated to its servers.`,
    );
  }
  if (resolver.state !== 'silent') {
    const [title, cure] =
      resolver.state === 'missing' ? ['has no record', makeRecord] : ['leads elsewhere', changeRecord];
    const detail = `The resolver ${resolver.server} answers ${resolver.found}; no server of its own zone could be asked.`;
    return step('failed', `${hostname} ${title}`, detail, cure);
  }
  return step(
    'warning',
    `${hostname} could not be looked up`,
    `Neither a server of its zone nor the resolver ${resolver.server} gave an answer (${resolver.found}).`,
    'Check that this machine can send DNS queries, and the resolver.',
  );
}

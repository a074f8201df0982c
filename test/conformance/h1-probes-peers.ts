// The published byte probes (shared/vectors/http1-probes.json): what they are, what four released proxies did with
// each, and the rule that says which of two behaviours is the stricter.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What one peer did with a probe. */
export interface Observed {
  /** Status codes seen, 1xx included. */
  readonly status: readonly string[];
  readonly end: 'open' | 'close' | 'reset';
  /** Bytes that reached its origin as a whole request, as latin1. */
  readonly forwarded: string;
}

export interface Probe {
  readonly name: string;
  /** What to send, as latin1. */
  readonly bytes: string;
  readonly peers: Readonly<Record<string, Observed>>;
}

/** From lax to strict. `unanswered`: nothing was said and the connection left open. */
export const strictness = ['forwarded', 'unanswered', 'answered locally', 'refused'] as const;
export type Strictness = (typeof strictness)[number];

/** The peers that set the bar; the file has two more for interest. */
const judges = ['nginx1.30', 'haproxy3.2', 'caddy2.11', 'apache2.4'];

const file = fileURLToPath(new URL('../../../shared/vectors/http1-probes.json', import.meta.url));

/** The probes. @throws with one line on how to get them when the folder beside the checkout is missing */
export function loadProbes(): Probe[] {
  if (!existsSync(file)) {
    throw new Error(
      'The probes are missing: put http1-probes.json into ../shared/vectors beside this checkout.',
    );
  }
  return (JSON.parse(readFileSync(file, 'utf8')) as { probes: Probe[] }).probes;
}

/** A request that reached the origin is the laxest outcome; a refusal with nothing forwarded the strictest. */
export function classify(seen: Observed): Strictness {
  if (seen.forwarded !== '') return 'forwarded';
  const final = seen.status.find((status) => !status.startsWith('1'));
  if (final === undefined) return seen.end === 'open' ? 'unanswered' : 'refused';
  return Number(final) >= 400 ? 'refused' : 'answered locally';
}

/** What the strictest of nginx, HAProxy, Caddy and Apache did. */
export function strictestPeer(probe: Probe): Strictness {
  const ranks = judges.map((name) => strictness.indexOf(classify(probe.peers[name]!)));
  return strictness[Math.max(...ranks)]!;
}

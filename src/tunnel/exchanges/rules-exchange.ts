// A connector's rule list on its way to the edge: cut into RULES frames, gathered, checked and acknowledged.
import { Buffer } from 'node:buffer';
import { errorText, SallyportError } from '#base/errors.ts';
import { type PublishedRules, publishedRulesSchema } from '#model/ingress/published-rules.ts';
import { frameError } from '#wire/tunnel-frame.ts';
import type { VersionedAck } from '#wire/tunnel-versioned-text.ts';
import { splitText } from './piece-gatherer.ts';

/** The longest rule list as JSON; ten thousand ordinary rules take about 2 MB. */
export const rulesLimitBytes = 4 * 1024 * 1024;

/** The payloads of the RULES frames that carry `rules`, in order. */
export function splitRules(rules: PublishedRules): Buffer[] {
  const json = Buffer.from(JSON.stringify(rules.rules));
  if (json.length > rulesLimitBytes) {
    throw new SallyportError(
      'limit-exceeded',
      `The ingress rules take ${json.length} bytes, more than the ${rulesLimitBytes} an edge accepts; use fewer rules or shorter paths.`,
    );
  }
  return splitText(rules.version, json);
}

/** Checks gathered JSON against the schema. Throws a SallyportError whose text goes back to the connector. */
export function parseRules(version: number, json: Buffer): PublishedRules {
  let rules: unknown;
  try {
    rules = JSON.parse(json.toString('utf8'));
  } catch {
    throw new SallyportError('config-invalid', 'The published rules are not JSON.');
  }
  const parsed = publishedRulesSchema.safeParse({ version, rules });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SallyportError(
    'config-invalid',
    `The published rules cannot be used: ${issue?.path.join('.')}: ${issue?.message}.`,
  );
}

/** Connector side: who waits for which acknowledgement. */
export class RulesWaiters {
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  /** Resolves or rejects with the acknowledgement. Throws when that version is waited for already. */
  wait(version: number): Promise<void> {
    if (this.#waiting.has(version)) {
      throw new SallyportError('internal', `Rules of version ${version} were published twice at once.`);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(version, { resolve, reject });
    });
  }

  /** An acknowledgement came. Throws `frameError` when nobody asked for it. */
  settle(ack: VersionedAck): void {
    const waiter = this.#waiting.get(ack.version);
    if (!waiter) throw frameError(`RULES_ACK for version ${ack.version}, which was not published`);
    this.#waiting.delete(ack.version);
    if (ack.isAccepted) waiter.resolve();
    else waiter.reject(new SallyportError('edge-refused', `The edge refused the ingress rules: ${ack.text}`));
  }

  /** The connection ended. */
  rejectAll(why: unknown): void {
    for (const waiter of this.#waiting.values()) {
      const text = `The connection ended before the edge had acknowledged the rules: ${errorText(why)}.`;
      waiter.reject(new SallyportError('edge-unreachable', text));
    }
    this.#waiting.clear();
  }
}

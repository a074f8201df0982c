// Looks from where a connector is, on their way between the two ends (PROBE, docs/protocol/tunnel.md, "Looks from outside"):
// what is asked and answered, and who at the edge waits for which answer.
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import { outsideLookSchema } from '#model/probes/probe.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';

/** What a connector names in AUTH when it takes part. */
export const probeFeature = 'probe';

/** Looks that one connection has under way; more are refused. */
export const maxProbes = 16;

/** Roots of an internal CA, of which there may be a few. */
const maxCaCharacters = 32_768;

export const probeRequestSchema = z.object({
  hostname: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  path: z.string().startsWith('/').max(200),
  /** PEM of authorities that count beside the connector's own. */
  ca: z.string().max(maxCaCharacters).optional(),
});

/** What a connector is to look at. */
export type ProbeRequest = z.infer<typeof probeRequestSchema>;

/** The answer: what was seen, or why nobody looked. */
export type ProbeAnswer = { readonly refused: string } | { readonly look: OutsideLook };

/** As JSON; `stoppedAt` is left out where it was answered. */
export function answerValue(answer: ProbeAnswer): Record<string, unknown> {
  return 'refused' in answer ? { refused: answer.refused.slice(0, 500) } : { ...cutLook(answer.look) };
}

/** Whoever speaks for long is cut, so that the answer fits what its receiver takes. */
function cutLook(look: OutsideLook): OutsideLook {
  return {
    ...look,
    reason: look.reason.slice(0, 500),
    code: look.code.slice(0, 64),
    body: look.body.slice(0, 512),
  };
}

/** Edge side: who waits for which answer. */
export class ProbeWaiters {
  readonly #waiting = new Map<
    number,
    { resolve: (look: OutsideLook) => void; reject: (error: Error) => void }
  >();
  #last = 0;

  get count(): number {
    return this.#waiting.size;
  }

  /** A number for a new question, and its answer. */
  wait(signal: AbortSignal): { readonly number: number; readonly answer: Promise<OutsideLook> } {
    const number = ++this.#last;
    const answer = new Promise<OutsideLook>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      const forget = (): void => {
        if (this.#waiting.delete(number))
          reject(new SallyportError('aborted', 'The connector did not answer in time.'));
      };
      if (signal.aborted) forget();
      else signal.addEventListener('abort', forget, { once: true });
    });
    return { number, answer };
  }

  /** An answer came. False for a number that was never asked; a late one is skipped. */
  settle(number: number, value: Record<string, unknown>): boolean {
    const waiter = this.#waiting.get(number);
    if (!waiter) return number >= 1 && number <= this.#last;
    this.#waiting.delete(number);
    const { refused } = value;
    if (typeof refused === 'string') {
      waiter.reject(new SallyportError('invalid', `The connector did not look: ${refused}`));
      return true;
    }
    const parsed = outsideLookSchema.safeParse(value);
    if (parsed.success) waiter.resolve({ ...parsed.data, stoppedAt: parsed.data.stoppedAt });
    else
      waiter.reject(
        new SallyportError(
          'invalid',
          `The connector's answer cannot be read: ${faultText(plainIssues(parsed.error.issues)[0]!)}`,
        ),
      );
    return true;
  }

  /** The connection ended. */
  rejectAll(why: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(
        new SallyportError(
          'connector-lost',
          `The connection ended before the connector had looked: ${errorText(why)}.`,
        ),
      );
    this.#waiting.clear();
  }
}

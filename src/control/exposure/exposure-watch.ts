// Looks at what public routes answer, and remembers which of them are administration pages (recognise.ts): soon after a route
// is there or has changed, then twice a day. A few at a time, behind the traffic and never on a request's path. What it has
// found stands in the list of what is exposed, and among the troubles.
import type { RouteView } from '#api/routes.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { isOpenToAll } from '#model/access/access-policy.ts';
import type { ProbeAnswer } from '#model/probes/probe-answer.ts';
import { routeName } from '#model/routes/route.ts';
import { recogniseProduct } from './recognise.ts';

export interface ExposureWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Every route as it is now. */
  readonly routes: () => Promise<readonly RouteView[]>;
  readonly probe: (url: string) => Promise<ProbeAnswer[]>;
}

/** A look at the list; what is new is asked then. */
export const lookEveryMs = 30_000;
/** Asked in one turn, one after the other. */
export const maxPerLook = 10;
/** A service may be exchanged for another behind the same address. */
export const againAfterMs = 12 * 3_600_000;
/** What did not answer is asked sooner. */
export const retryAfterMs = 10 * 60_000;

interface Known {
  /** What the answer depends on; another one is asked anew. */
  readonly what: string;
  readonly product: string | undefined;
  readonly untilMs: number;
}

export class ExposureWatch {
  readonly #options: ExposureWatchOptions;
  readonly #known = new Map<string, Known>();
  #products: ReadonlyMap<string, string> = new Map();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ExposureWatchOptions) {
    this.#options = options;
  }

  /** Products by the id of their route. */
  get products(): ReadonlyMap<string, string> {
    return this.#products;
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      void this.look().finally(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** One turn. */
  async look(): Promise<void> {
    try {
      const routes = (await this.#options.routes()).filter(canBeAsked);
      this.#forget(new Set(routes.map(({ id }) => id)));
      const now = this.#options.clock.nowMs();
      const due = routes.filter((route) => {
        const known = this.#known.get(route.id);
        return known === undefined || known.what !== whatOf(route) || known.untilMs <= now;
      });
      for (const route of due.slice(0, maxPerLook)) {
        if (this.#isStopped) return;
        await this.check(route);
      }
    } catch (error) {
      this.#options.log.debug('What is exposed could not be looked at', { error: errorText(error) });
    }
  }

  /** Looks at one route now; the product that it is, if it is one and public. */
  async check(route: RouteView): Promise<string | undefined> {
    if (!canBeAsked(route)) return undefined;
    const { clock, log, probe } = this.#options;
    const { id, hostname, path } = route;
    const answers = await probe(`https://${hostname}${path}`).catch((): ProbeAnswer[] => []);
    const isAnswered = answers.some(({ status }) => status < 500);
    const before = this.#known.get(id);
    // A service that is away for a moment is still what it was.
    const product =
      recogniseProduct(answers) ??
      (!isAnswered && before?.what === whatOf(route) ? before.product : undefined);
    const untilMs = clock.nowMs() + (isAnswered ? againAfterMs : retryAfterMs);
    this.#known.set(id, { what: whatOf(route), product, untilMs });
    this.#tell();
    if (product !== undefined && before?.product !== product)
      log.warn(`${routeName(route)} is ${product}, an administration page, and anybody can reach it`, {
        cure: 'Say who may pass it, or that it is public-on-purpose.',
      });
    return product;
  }

  #forget(present: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id);
    this.#tell();
  }

  #tell(): void {
    this.#products = new Map(
      [...this.#known].flatMap(([id, { product }]): [string, string][] =>
        product === undefined ? [] : [[id, product]],
      ),
    );
  }
}

/** Only what answers, at one hostname, to anybody. */
function canBeAsked({ hostname, isEnabled, status, access }: RouteView): boolean {
  return isEnabled && status === 'up' && !hostname.startsWith('*') && isOpenToAll(access);
}

function whatOf({ hostname, path, tunnelId, service }: RouteView): string {
  return `${hostname}${path} ${tunnelId} ${service}`;
}

// The health of a running edge: looks every few seconds so that each part has a time since when it is as it is, and answers
// who asks with what is true at that moment. What takes a while to learn (the store, the certificates) is remembered from the
// last look.
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { AccessKeyTrouble } from '#model/access/access-key-trouble.ts';
import type { ControlReport } from '#model/live/control-report.ts';
import {
  type Health,
  type HealthCounts,
  healthOf,
  type HealthPart,
  partKinds,
  partStates,
} from '#model/live/health.ts';
import type { EdgeLook } from '#control/edge-view.ts';
import { collectNotifications } from './notification-metrics.ts';
import { HealthBook } from './health-book.ts';
import { partsOf, type PartSources } from './health-parts.ts';

export interface EdgeHealthOptions {
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  /** What can be seen at once; from a look at the edge where one was just taken. */
  readonly look: (
    seen?: EdgeLook,
  ) => Omit<PartSources, 'store' | 'isStoreAway' | 'accessKeys' | 'certificates'>;
  /** Asks the control plane; rejects while it is away. Absent: there is none, and no store. */
  readonly controlReport?: (() => Promise<ControlReport>) | undefined;
  /** What cannot be done with the keys of access, where that is not the control plane's. */
  readonly accessKeyTroubles?: (() => readonly AccessKeyTrouble[]) | undefined;
  readonly certificates: () => Promise<PartSources['certificates']>;
}

const lookEveryMs = 5_000;
/** One look in five seconds is enough, whoever takes it; a timer may come a little early. */
const freshMs = lookEveryMs - 500;
/** Certificates change by the day, and their list costs a look into the vault. */
const certificatesEveryLooks = 6;
/** An answer that takes longer is none. */
const storeWithinMs = 10_000;
/** Parts that are told by name in the metrics. */
const maxNamed = 500;

export class EdgeHealth {
  readonly #options: EdgeHealthOptions;
  readonly #book = new HealthBook();
  #certificates: PartSources['certificates'] = [];
  #store: string | undefined;
  #isStoreAway = false;
  /** The last that came. */
  #report: ControlReport | undefined;
  #timer: Timer | undefined;
  #looks = 0;
  #lookedMs = -Infinity;
  #isStopped = false;

  constructor(options: EdgeHealthOptions) {
    this.#options = options;
    this.#store = options.controlReport && '';
    this.#collect();
  }

  /** Begins to look. */
  start(): void {
    void this.#learn().finally(() => this.#later());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Everything, as it is now. */
  read(): Health {
    return healthOf(this.#parts());
  }

  /** For a look at the edge that was just taken: the counts, and what is not well. */
  look(seen?: EdgeLook): { readonly health: HealthCounts; readonly parts: readonly HealthPart[] } {
    const parts = this.#parts(seen);
    const { counts } = healthOf(parts);
    return { health: counts, parts: parts.filter(isTroubled).slice(0, maxNamed) };
  }

  #parts(seen?: EdgeLook): HealthPart[] {
    const { look, clock, accessKeyTroubles } = this.#options;
    this.#lookedMs = clock.nowMs();
    const parts = partsOf({
      ...look(seen),
      store: this.#store,
      isStoreAway: this.#isStoreAway,
      accessKeys: accessKeyTroubles?.() ?? this.#report?.accessKeyTroubles ?? [],
      certificates: this.#certificates,
    });
    return this.#book.look(parts, clock.wallMs());
  }

  /** What cannot be seen at once. */
  async #learn(): Promise<void> {
    const { certificates } = this.#options;
    const isTurn = this.#looks % certificatesEveryLooks === 0;
    this.#looks += 1;
    const [store, list] = await Promise.all([
      this.#askStore(),
      isTurn ? certificates().catch(() => this.#certificates) : this.#certificates,
    ]);
    this.#store = store;
    this.#certificates = list;
    // The control plane looks as often, where there is one.
    const isFresh = this.#options.clock.nowMs() - this.#lookedMs < freshMs;
    if (!this.#isStopped && !isFresh) this.#parts();
  }

  async #askStore(): Promise<string | undefined> {
    const { controlReport, clock } = this.#options;
    if (!controlReport) return undefined;
    let timer: Timer | undefined;
    const tooLong = new Promise<string>((resolve) => {
      const sentence = `The control plane has not answered for ${storeWithinMs / 1000} s.`;
      timer = clock.after(storeWithinMs, () => {
        this.#isStoreAway = true;
        resolve(sentence);
      });
    });
    try {
      return await Promise.race([controlReport().then((report) => this.#take(report)), tooLong]);
    } catch (error) {
      this.#isStoreAway = true;
      return errorText(error);
    } finally {
      timer?.cancel();
    }
  }

  #take(report: ControlReport): string {
    this.#report = report;
    this.#isStoreAway = report.isStoreAway;
    return report.storeTrouble;
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      void this.#learn().finally(() => this.#later());
    });
  }

  #collect(): void {
    const { metrics } = this.#options;
    metrics.collect('sallyport_health_parts', 'Parts of the edge by kind and state.', 'gauge', () => {
      const parts = this.#parts();
      return partKinds.flatMap((kind) =>
        partStates.map((state): [Record<string, string>, number] => [
          { kind, state },
          parts.filter((part) => part.kind === kind && part.state === state).length,
        ]),
      );
    });
    collectNotifications(metrics, () => this.#report);
    metrics.collect('sallyport_health_troubled', 'Parts of the edge that are not well.', 'gauge', () =>
      this.look().parts.map(({ kind, name, state }) => [{ kind, name, state }, 1]),
    );
  }
}

function isTroubled({ state }: HealthPart): boolean {
  return state === 'down' || state === 'degraded';
}

// Says in a log that lines meant for elsewhere (a file on a full disk) are being lost: once when it begins, and once when
// it has been over for a while, for a disk that is all but full loses every other batch.
import type { Clock } from './clock.ts';
import { errorText } from './errors.ts';
import type { Log } from './log.ts';

/** How long nothing may have been lost before the trouble counts as over. */
const calmMs = 60_000;

export interface LossReportOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Must not lead to where the lines are lost. */
  readonly log: Log;
  /** What is lost and where: `Lines of the access log /var/log/access.log`. */
  readonly subject: string;
}

export class LossReport {
  readonly #options: LossReportOptions;
  #isLosing = false;
  #lastMs = 0;

  constructor(options: LossReportOptions) {
    this.#options = options;
  }

  /** Something could not be written. */
  lost(error: unknown): void {
    const { clock, log, subject } = this.#options;
    this.#lastMs = clock.nowMs();
    if (this.#isLosing) return;
    this.#isLosing = true;
    log.error(`${subject} are lost; check its path, its permissions and the free space`, {
      error: errorText(error),
    });
  }

  /** Something was written. */
  written(): void {
    const { clock, log, subject } = this.#options;
    if (!this.#isLosing || clock.nowMs() - this.#lastMs < calmMs) return;
    this.#isLosing = false;
    log.info(`${subject} are written again`);
  }
}

// The line between a home and the internet, hurt at will: link.py copies packets between two TUN devices, this tells it
// how badly. Starlink's profile is what tunnels over it live with.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from '../support/eventually.ts';

/** How one direction of a line behaves; what is not named stays as it is. */
export interface LineCondition {
  readonly delayMs?: number;
  /** Up to so much more. */
  readonly jitterMs?: number;
  readonly lossPct?: number;
  /** So many packets in a hundred come 20 ms late, behind others. */
  readonly reorderPct?: number;
  /** 0: as fast as it goes. */
  readonly rateKbit?: number;
  readonly queueBytes?: number;
  /** Nothing passes. */
  readonly dark?: boolean;
  /** Longer packets vanish; 0: none do. */
  readonly largest?: number;
}

/** `up`: from home to the internet. */
export type LineWay = 'up' | 'down' | 'both';

/** Packets that passed and that did not, up and down. */
export interface LineCount {
  readonly passed: readonly [number, number];
  readonly dropped: readonly [number, number];
}

/** A line that does no harm. */
export const goodLine: LineCondition = {
  ...{ delayMs: 5, jitterMs: 0, lossPct: 0, reorderPct: 0, rateKbit: 0 },
  ...{ queueBytes: 1 << 20, dark: false, largest: 0 },
};

/** Half of 40 ms each way, some jitter, 0.7 % lost; every 15 s the dish turns to another satellite (`starlinkBlinkMs`). */
export const starlinkLine: LineCondition = { ...goodLine, delayMs: 20, jitterMs: 8, lossPct: 0.7 };

/** How long nothing passes when the dish turns, and how often it does. */
export const starlinkBlinkMs = { dark: 120, every: 15_000 };

const answerLimitMs = 20_000;

export class Line {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** Makes both devices; their namespaces must be there. */
  static async open(options: {
    readonly seed: number;
    readonly near: { readonly namespace: string; readonly device: string };
    readonly far: { readonly namespace: string; readonly device: string };
  }): Promise<Line> {
    const script = fileURLToPath(new URL('link.py', import.meta.url));
    const { seed, near, far } = options;
    const args = [script, String(seed), near.namespace, near.device, far.namespace, far.device];
    const line = new Line(spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await line.#answer();
    return line;
  }

  /** Changes a direction; resolves when that is in force, with what has passed so far. */
  set(condition: LineCondition, way: LineWay = 'both'): Promise<LineCount> {
    const answered = this.#last.then(async () => {
      this.#child.stdin!.write(`${JSON.stringify({ way, ...condition })}\n`);
      return JSON.parse(await this.#answer()) as LineCount;
    });
    this.#last = answered.catch(() => undefined);
    return answered;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #answer(): Promise<string> {
    const { value, done } = await within('the line answers', answerLimitMs, this.#answers.next());
    if (done) throw new Error('link.py has ended');
    return value;
  }
}

// One look at an origin through a tunnel connection, on a stream of its own: that it can be reached, or that it answers a
// path. Members of balanced routes are checked so, and origins that requests have found failing.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { deafHandler, type ResetReason, type StreamHandler, type TunnelStream } from '#tunnel/stream.ts';
import type { TunnelSlot } from '../tunnels/tunnel-registry.ts';

export interface StreamCheck {
  readonly slot: TunnelSlot;
  readonly ruleIndex: number;
  readonly host: string;
  readonly timeoutSeconds: number;
  /** Asked by GET; absent: it is enough that the origin takes the connection. */
  readonly ask?: { readonly authority: string; readonly path: string } | undefined;
}

/** What is wrong: '' nothing; undefined: nothing was learnt, because the tunnel went away. */
export type CheckResult = string | undefined;

/** A status line is shorter; what follows is not read. */
const maxHeadBytes = 1_024;

/** Makes one check; `done` is told once, never before this returns, unless the returned function is called. */
export function checkStream(
  clock: Clock,
  check: StreamCheck,
  done: (result: CheckResult) => void,
): () => void {
  const { slot, ruleIndex, host, timeoutSeconds, ask } = check;
  let stream: TunnelStream | undefined;
  let isOver = false;
  const end = (result: CheckResult): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    if (stream?.isOpen) {
      stream.handler = deafHandler;
      stream.reset('cancelled', 'the check is over');
    }
    done(result);
  };
  const timer = clock.after(timeoutSeconds * 1000, () => end(`no answer in ${timeoutSeconds} s`));
  try {
    stream = slot.connection.open({
      ...{ rulesVersion: slot.rules.version, ruleIndex, host, destination: '', requestId: 'health-check' },
      client: { address: '127.0.0.1', port: 0 },
      local: { address: '127.0.0.1', port: 0 },
    });
  } catch (error) {
    const trouble = errorText(error);
    // In a turn of its own: who asks has not been given the means to stop it yet.
    clock.after(0, () => end(slot.connection.isDraining ? undefined : trouble));
    return () => {
      isOver = true;
      timer.cancel();
    };
  }
  stream.handler = new CheckHandler(stream, ask !== undefined, end);
  if (ask) {
    stream.write(
      Buffer.from(
        `GET ${ask.path} HTTP/1.1\r\nHost: ${ask.authority}\r\nUser-Agent: sallyport-check\r\nConnection: close\r\n\r\n`,
      ),
      false,
    );
  }
  return () => {
    isOver = true;
    timer.cancel();
    stream?.reset('cancelled', 'the check is not wanted any more');
  };
}

class CheckHandler implements StreamHandler {
  readonly #stream: TunnelStream;
  readonly #isAsked: boolean;
  readonly #end: (result: CheckResult) => void;
  #head = '';

  constructor(stream: TunnelStream, isAsked: boolean, end: (result: CheckResult) => void) {
    this.#stream = stream;
    this.#isAsked = isAsked;
    this.#end = end;
  }

  onOpened(): void {
    if (!this.#isAsked) this.#end('');
  }

  onData(chunk: Buffer): void {
    this.#stream.consume(chunk.length);
    this.#head += chunk.toString('latin1', 0, maxHeadBytes);
    if (!this.#head.includes('\r\n') && this.#head.length < maxHeadBytes) return;
    const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r]/.exec(this.#head) ?? [];
    if (status === undefined) this.#end('it does not answer with HTTP');
    else this.#end(/^[23]/.test(status) ? '' : `it answered the check with ${status}`);
  }

  onEnd(): void {
    this.#end('it closed the connection without an answer');
  }

  onReset(reason: ResetReason, detail: string): void {
    const isOfTunnel = reason === 'connection-lost' || reason === 'draining' || reason === 'stale-rules';
    this.#end(isOfTunnel ? undefined : `${reason}${detail === '' ? '' : `: ${detail}`}`);
  }

  onDrain(): void {}
}

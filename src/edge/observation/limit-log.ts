// Limits of the edge that clients have met, as lines of the log: an operator who looks for the cause of refusals finds its
// name, how often it was met and whom it hit last, and what would change it. A flood must not become a flood of lines, so
// each limit is told once a second at most, and then once a minute while it goes on.
import type { Log } from '#base/log.ts';

/** What each limit did, by the name under which it is counted, with the setting that moves it where there is one. */
const words = {
  'too-many':
    'Connections were refused; limits.connections and limits.connectionsPerAddress say how many there may be',
  'handshake-cut': 'TLS handshakes were cut, the oldest first; 2,000 may be under way at once',
  'headers-too-large':
    'Request heads were refused; limits.headBytes and limits.headFields say how large they may be',
  'uri-too-long': 'Request targets were refused; limits.targetBytes says how long they may be',
  'request-timeout':
    'Requests did not arrive in time; timeouts.head and timeouts.bodyIdle say how long they may take',
  'slow-reader': 'Clients stopped reading and were let go; timeouts.bodyIdle says how long they may pause',
  'write-stall':
    'HTTP/2 clients stopped reading and were let go; timeouts.bodyIdle says how long they may pause',
  'read-stall': 'HTTP/2 requests stopped half-way; timeouts.bodyIdle says how long they may pause',
  'settings-timeout': 'HTTP/2 connections without SETTINGS were ended',
  'header-block-timeout': 'HTTP/2 connections with half a header block were ended',
  unresponsive: 'HTTP/2 connections that answered no PING were ended',
  'reset-flood': 'HTTP/2 connections were ended for streams reset without end',
  'ping-flood': 'HTTP/2 connections were ended for PING frames without end',
  'settings-flood': 'HTTP/2 connections were ended for SETTINGS frames without end',
  'frame-flood': 'HTTP/2 connections were ended for frames that nobody needs without end',
  'upload-memory': 'HTTP/2 uploads were cut that filled the memory of their connection',
} as const;

export type LimitName = keyof typeof words;

/** While a limit is met again and again it is told once in so long. */
const tellEveryMs = 60_000;

interface Met {
  times: number;
  client: string;
  toldMs: number;
}

export class LimitLog {
  readonly #log: Log;
  readonly #met = new Map<LimitName, Met>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** `name` is anything that is counted of clients; what is no limit is nothing here. HOT in a flood: it only counts. */
  met(name: string, client: string): void {
    if (!isLimit(name)) return;
    const known = this.#met.get(name);
    if (known) {
      known.times += 1;
      known.client = client;
    } else this.#met.set(name, { times: 1, client, toldMs: -Infinity });
  }

  /** Tells what is due; called about once a second. */
  sweep(nowMs: number): void {
    for (const [name, met] of this.#met) {
      if (met.times === 0 || nowMs - met.toldMs < tellEveryMs) continue;
      this.#tell(name, met);
      met.times = 0;
      met.toldMs = nowMs;
    }
  }

  /** Tells the rest. */
  close(): void {
    for (const [name, met] of this.#met) if (met.times > 0) this.#tell(name, met);
    this.#met.clear();
  }

  #tell(limit: LimitName, { times, client }: Met): void {
    this.#log.warn(words[limit], { limit, times, ...(client !== '' && { lastClient: client }) });
  }
}

function isLimit(name: string): name is LimitName {
  return Object.hasOwn(words, name);
}

// The clients of a chaos run, a process of its own on their host: steady load of every kind, each answer compared byte
// by byte. A line on standard input asks for the report so far; the end of standard input ends it.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pause } from '../support/eventually.ts';
import { Content } from './content.ts';
import { eventLoad, grpcLoad, socketLoad } from './load-streams.ts';
import { tcpKeptLoad, tcpLoad } from './load-tcp.ts';
import { http1Load, http2Load, type LoadTarget, type RequestKind } from './load-requests.ts';
import { Tally } from './tally.ts';

/** What load-main.ts is given as its one argument, as JSON. */
export interface LoadSettings extends Omit<LoadTarget, 'content' | 'ca' | 'stop'> {
  readonly seed: number;
  readonly caFile: string;
  /** Multiplies every pause between two requests; 1 is about 60 requests and messages a second. */
  readonly pace: number;
  /** Leaves only some kinds. */
  readonly kinds?: readonly string[];
}

/** What an exchange may take beyond its limit, on a machine that others use as well. */
const lastWordsMs = 20_000;

const settings = JSON.parse(process.argv[2]!) as LoadSettings;
const tally = new Tally();
const stopping = new AbortController();
const target: LoadTarget = {
  ...settings,
  content: new Content(settings.seed),
  ca: readFileSync(settings.caFile, 'utf8'),
  stop: stopping.signal,
};
const pause1 = (ms: number): Promise<void> => pause(ms * settings.pace);

const small: RequestKind = { name: 'small', method: 'GET', bytes: 1_500, pauseMs: 80 };
const large: RequestKind = { name: 'large', method: 'GET', bytes: 1_000_000, pauseMs: 1_500 };
const upload: RequestKind = { name: 'upload', method: 'POST', bytes: 200_000, pauseMs: 900 };
const fresh: RequestKind = { name: 'fresh', method: 'GET', bytes: 5_000, pauseMs: 200, isFresh: true };
const second: RequestKind = { name: 'h2', method: 'GET', bytes: 20_000, pauseMs: 80 };
const secondUpload: RequestKind = { name: 'h2-upload', method: 'POST', bytes: 100_000, pauseMs: 900 };

const loads: Readonly<Record<string, () => Promise<void>>> = {
  small: () => http1Load(target, small, tally, pause1),
  large: () => http1Load(target, large, tally, pause1),
  upload: () => http1Load(target, upload, tally, pause1),
  fresh: () => http1Load(target, fresh, tally, pause1),
  h2: () => http2Load(target, [second, secondUpload], tally, pause1),
  websocket: () => socketLoad(target, tally, pause1),
  events: () => eventLoad(target, tally, pause1),
  grpc: () => grpcLoad(target, tally, pause1),
  tcp: () => tcpLoad(target, tally, pause1),
  'tcp-kept': () => tcpKeptLoad(target, tally, pause1),
};

const chosen = Object.entries(loads).filter(([name]) => settings.kinds?.includes(name) ?? true);
const running = new Set(chosen.map(([name]) => name));
const ends = chosen.map(async ([name, start]) => {
  await start();
  running.delete(name);
});
const lines = createInterface({ input: process.stdin });
const report = (sent?: () => void): void =>
  void process.stdout.write(`${JSON.stringify(tally.report())}\n`, sent);
const leave = (): void => {
  // An exchange that neither ends nor fails within its own limit is the worst of failures.
  for (const name of running) tally.failed(name, 'never ended');
  // What a full pipe has not taken yet would be lost with the process.
  report(() => process.exit(0));
};
lines.on('line', () => report());
lines.on('close', () => {
  stopping.abort();
  setTimeout(leave, settings.timeoutMs + lastWordsMs);
  void Promise.all(ends).then(leave);
});

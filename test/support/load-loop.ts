// Steady load beside a test's trouble: several clients ask for one URL again and again and every answer is counted, so
// that a test can say "no request was lost".
import { Agent, request } from 'node:https';
import { pause } from './eventually.ts';
import { loopbackLookup } from './loopback-lookup.ts';

export interface LoadOptions {
  /** https URL; its hostname is resolved to 127.0.0.1. */
  readonly url: string;
  readonly ca: string;
  /** Requests in flight. */
  readonly clients: number;
  /** A new TLS connection per request instead of keep-alive. */
  readonly freshConnections?: boolean;
  /** Pause of each client between two requests. */
  readonly pauseMs?: number;
  readonly method?: string;
  readonly body?: Buffer;
  /** What a good answer is; by default status 200. */
  readonly isGood?: (status: number, body: string) => boolean;
  readonly timeoutMs?: number;
}

export interface LoadResult {
  readonly total: number;
  readonly good: number;
  /** What went wrong and how often, e.g. `502 origin-refused`, `ECONNRESET`. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface LoadLoop {
  /** So far. */
  result(): LoadResult;
  /** Lets requests in flight end and stops. */
  stop(): Promise<LoadResult>;
}

/** Starts the clients; they run until `stop`. */
export function startLoad(options: LoadOptions): LoadLoop {
  const agent = new Agent({
    keepAlive: options.freshConnections !== true,
    maxSockets: options.clients,
    ca: options.ca,
    lookup: loopbackLookup,
  });
  let good = 0;
  let total = 0;
  let isStopping = false;
  const failures: Record<string, number> = {};
  const client = async (): Promise<void> => {
    while (!isStopping) {
      const failure = await oneRequest(options, agent);
      total += 1;
      if (failure === undefined) good += 1;
      else {
        failures[failure] = (failures[failure] ?? 0) + 1;
        await pause(20);
      }
      if (options.pauseMs !== undefined) await pause(options.pauseMs);
    }
  };
  const clients = Array.from({ length: options.clients }, client);
  const result = (): LoadResult => ({ total, good, failures: { ...failures } });
  return {
    result,
    async stop() {
      isStopping = true;
      await Promise.all(clients);
      agent.destroy();
      return result();
    },
  };
}

/** What failed, or undefined. */
function oneRequest(options: LoadOptions, agent: Agent): Promise<string | undefined> {
  const isGood = options.isGood ?? ((status: number) => status === 200);
  return new Promise((resolve) => {
    const outgoing = request(options.url, { agent, method: options.method ?? 'GET' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`body ${error.code ?? error.message}`));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const mark = String(response.headers['x-sallyport-error'] ?? '');
        resolve(
          isGood(status, Buffer.concat(chunks).toString('latin1')) ? undefined : `${status} ${mark}`.trim(),
        );
      });
    });
    outgoing.setTimeout(options.timeoutMs ?? 10_000, () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end(options.body);
  });
}

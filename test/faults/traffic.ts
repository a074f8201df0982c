// The traffic of a busy little site, all kinds at once, each request judged and counted: kept-alive and fresh
// connections, GET and POST with bodies that must come back as they were, HTTP/1.1 and HTTP/2, answers that take
// seconds, WebSockets and event streams. A test drains, reloads or replaces something meanwhile and then asks for the
// failures.
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { pause } from '../support/eventually.ts';
import { appHost } from './world.ts';

export interface TrafficOptions {
  readonly port: number;
  readonly ca: string;
  /** How long the slow answers, event streams and WebSockets take. */
  readonly slowMs: number;
}

export interface Traffic {
  /** Good requests so far, by kind. */
  readonly good: Readonly<Record<string, number>>;
  /** `kind: what went wrong`, one for each request that was lost. */
  readonly failures: readonly string[];
  /** Whether every kind has had `count` good answers more than at the time of `since`. */
  hasAdvanced(since: Readonly<Record<string, number>>, count: number): boolean;
  /** Lets what is under way end. */
  stop(): Promise<void>;
}

/** One request of one kind; throws when it was lost. */
type Attempt = () => Promise<void>;

const requestTimeoutMs = 20_000;

/** Starts it; it ends with `world` at the latest. */
export function startTraffic(
  world: { closeAtEnd(close: () => Promise<void>): void },
  options: TrafficOptions,
): Traffic {
  const keepAlive = new Agent({ keepAlive: true, ca: options.ca, lookup: loopback });
  const fresh = new Agent({ keepAlive: false, ca: options.ca, lookup: loopback });
  const sessions = new Http2Sessions(options);
  const { slowMs } = options;
  const kinds: Record<string, readonly [clients: number, attempt: Attempt]> = {
    'GET, kept alive': [4, () => http1(options, keepAlive, '/hello', 'hello')],
    'GET, fresh': [2, () => http1(options, fresh, '/hello', 'hello')],
    'POST, kept alive': [3, () => http1(options, keepAlive, '/echo', body(20_000), 'POST')],
    'POST, fresh': [1, () => http1(options, fresh, '/echo', body(2_000), 'POST')],
    slow: [4, () => http1(options, keepAlive, `/slow?ms=${slowMs}`, 'slow answer')],
    'in pieces': [2, () => http1(options, keepAlive, `/drip?ms=${slowMs}`, 'drop '.repeat(10))],
    'slow POST': [2, () => http1(options, keepAlive, `/slow?ms=${slowMs}`, 'slow answer', 'POST')],
    'h2 GET': [4, () => sessions.ask('/hello', 'hello')],
    'h2 POST': [2, () => sessions.ask('/echo', body(20_000), 'POST')],
    'h2 slow': [2, () => sessions.ask(`/slow?ms=${slowMs}`, 'slow answer')],
    events: [1, () => http1(options, fresh, `/sse?ms=${slowMs}`, /^data: 0\n\n[\s\S]*data: end\n\n$/)],
    WebSocket: [1, () => webSocket(options)],
  };
  const good: Record<string, number> = {};
  const failures: string[] = [];
  let isStopping = false;
  const client = async (kind: string, attempt: Attempt): Promise<void> => {
    while (!isStopping) {
      try {
        await attempt();
        good[kind] = (good[kind] ?? 0) + 1;
      } catch (error) {
        failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
        await pause(50);
      }
      // Enough to have something in flight at every moment, and to leave the machine to the others.
      await pause(10);
    }
  };
  const clients = Object.entries(kinds).flatMap(([kind, [count, attempt]]) => {
    good[kind] = 0;
    return Array.from({ length: count }, () => client(kind, attempt));
  });
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(clients);
    keepAlive.destroy();
    fresh.destroy();
    sessions.close();
  };
  world.closeAtEnd(stop);
  return {
    good,
    failures,
    stop,
    hasAdvanced: (since, count) =>
      Object.keys(kinds).every((kind) => (good[kind] ?? 0) >= (since[kind] ?? 0) + count),
  };
}

function body(bytes: number): string {
  return Math.random().toString(36).slice(2).padEnd(bytes, 'body ');
}

function judge(status: number, mark: string, text: string, wanted: string | RegExp): void {
  const isWhole = typeof wanted === 'string' ? text === wanted : wanted.test(text);
  if (status === 200 && isWhole) return;
  throw new Error(`${status} ${mark} ${JSON.stringify(text.slice(0, 80))} (${text.length} bytes)`);
}

const loopback: NonNullable<ConstructorParameters<typeof Agent>[0]>['lookup'] = (
  _name,
  options,
  callback,
) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** POST sends what it wants to see again; to a path that does not echo, anything. */
function http1(
  { port }: TrafficOptions,
  agent: Agent,
  path: string,
  wanted: string | RegExp,
  method = 'GET',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      { host: appHost, port, path, method, agent, timeout: requestTimeoutMs },
      (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            judge(
              response.statusCode ?? 0,
              String(response.headers['x-sallyport-error'] ?? ''),
              text,
              wanted,
            );
            resolve();
          } catch (error) {
            reject(error as Error);
          }
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error) => {
      // A kept-alive connection that its server closed as the request was leaving: any client asks again.
      if (outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && method === 'GET')
        http1({ port, ca: '', slowMs: 0 }, agent, path, wanted, method).then(resolve, reject);
      else reject(error);
    });
    outgoing.end(method === 'POST' ? String(wanted) : undefined);
  });
}

/** Two HTTP/2 connections, made anew when the edge closes one. */
class Http2Sessions {
  readonly #options: TrafficOptions;
  readonly #sessions: (ClientHttp2Session | undefined)[] = [undefined, undefined];
  #turn = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  ask(path: string, wanted: string, method = 'GET'): Promise<void> {
    const session = this.#session(this.#turn++ % this.#sessions.length);
    return new Promise((resolve, reject) => {
      const stream = session.request({ ':method': method, ':path': path });
      let status = 0;
      let mark = '';
      let text = '';
      stream.setEncoding('latin1');
      stream.setTimeout(requestTimeoutMs, () => stream.close());
      stream.on('response', (head) => {
        status = Number(head[':status']);
        mark = String(head['x-sallyport-error'] ?? '');
      });
      stream.on('data', (chunk: string) => (text += chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        try {
          judge(status, `${mark} rst ${stream.rstCode}`, text, wanted);
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      });
      stream.end(method === 'POST' ? wanted : undefined);
    });
  }

  close(): void {
    for (const session of this.#sessions) session?.destroy();
  }

  #session(index: number): ClientHttp2Session {
    const present = this.#sessions[index];
    if (present && !present.closed && !present.destroyed) return present;
    const { port, ca } = this.#options;
    const session = connectHttp2(`https://${appHost}:${port}`, {
      createConnection: () =>
        connectTls({ port, host: '127.0.0.1', servername: appHost, ca, ALPNProtocols: ['h2'] }),
    });
    session.on('error', () => undefined);
    session.on('goaway', () => {
      if (this.#sessions[index] === session) this.#sessions[index] = undefined;
      session.close();
    });
    this.#sessions[index] = session;
    return session;
  }
}

/** Sends and gets back numbered messages for a while, then closes properly. */
function webSocket({ port, ca, slowMs }: TrafficOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${appHost}:${port}/ws`, {
      ca,
      lookup: loopback,
      handshakeTimeout: requestTimeoutMs,
    });
    const opened = performance.now();
    let sent = 0;
    const next = (): void => {
      if (performance.now() - opened > slowMs) socket.close(1000);
      else socket.send(String(++sent));
    };
    socket.on('open', next);
    socket.on('message', (data: Buffer) => {
      if (data.toString() !== String(sent))
        reject(new Error(`message ${sent} came back as ${data.toString()}`));
      setTimeout(next, 20);
    });
    socket.on('error', reject);
    socket.on('close', (code) =>
      code === 1000 ? resolve() : reject(new Error(`closed with ${code} after ${sent} messages`)),
    );
  });
}

/** An open WebSocket that has had its first answer, and the code it is closed with. */
export async function openWebSocket(port: number, ca: string): Promise<{ readonly closed: Promise<number> }> {
  const socket = new WebSocket(`wss://${appHost}:${port}/ws`, { ca, lookup: loopback });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', () => resolve());
  });
  return { closed };
}

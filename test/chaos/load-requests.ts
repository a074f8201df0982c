// Load of plain requests: over HTTP/1.1 with connections that are kept or new ones each time, and over HTTP/2. Nothing
// is asked again: what a client sees fail once counts as failed.
import { Agent, request as httpsRequest } from 'node:https';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { Comparison, type Content } from './content.ts';
import type { Tally } from './tally.ts';

/** Where load goes. */
export interface LoadTarget {
  readonly hostname: string;
  readonly grpcHostname: string;
  readonly address: string;
  readonly port: number;
  /** Of a TCP port that leads to an echo. */
  readonly tcpPort: number;
  readonly ca: string;
  readonly content: Content;
  /** A request that has taken so long has failed. */
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

/** One kind of request. */
export interface RequestKind {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Of the response, or of the request that is posted. */
  readonly bytes: number;
  readonly pauseMs: number;
  /** A new connection each time. */
  readonly isFresh?: boolean;
}

/** Waits between two requests. */
export type Pause = (ms: number) => Promise<void>;

/** Each kind of body has keys of its own. */
const keysApart = 1_000_003;

/** Requests of one kind, one after another, until the stop. */
export async function http1Load(
  target: LoadTarget,
  kind: RequestKind,
  tally: Tally,
  wait: Pause,
): Promise<void> {
  const agent = new Agent({ keepAlive: kind.isFresh !== true, maxSockets: 4, ca: target.ca });
  const headers = { host: target.hostname };
  for (let key = kind.bytes; !target.stop.aborted; key += keysApart) {
    tally.sent(kind.name);
    const { comparison, path, body } = exchangeOf(target, kind, key);
    const failure = await new Promise<string>((resolve) => {
      const asking = httpsRequest(
        {
          ...{ agent, path, method: kind.method, headers },
          ...{ host: target.address, port: target.port, servername: target.hostname },
        },
        (response) => {
          const mark = String(response.headers['x-sallyport-error'] ?? '');
          response.on('data', (chunk: Buffer) => response.statusCode === 200 && comparison?.add(chunk));
          response.on('error', (error: NodeJS.ErrnoException) =>
            resolve(`body ${error.code ?? error.message}`),
          );
          response.on('end', () =>
            resolve(response.statusCode === 200 ? '' : `${response.statusCode} ${mark}`.trim()),
          );
        },
      );
      asking.setTimeout(target.timeoutMs, () => asking.destroy(new Error('timeout')));
      asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      if (body) asking.setHeader('content-length', body.length);
      asking.end(body);
    });
    settle(kind, comparison, failure, tally);
    await wait(kind.pauseMs);
  }
  agent.destroy();
}

/** Requests of several kinds over one HTTP/2 connection, which is made anew when it ends. */
export async function http2Load(
  target: LoadTarget,
  kinds: readonly RequestKind[],
  tally: Tally,
  wait: Pause,
): Promise<void> {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session;
    const { address, port, ca, hostname } = target;
    const made = connect(`https://${address}:${port}`, { ca, servername: hostname });
    made.on('error', () => undefined);
    // A server that goes away says so; what is under way ends there, what comes next goes elsewhere.
    made.on('goaway', () => {
      if (session === made) session = undefined;
      made.close();
    });
    return (session = made);
  };
  const one = async (kind: RequestKind): Promise<void> => {
    for (let key = kind.bytes; !target.stop.aborted; key += keysApart) {
      tally.sent(kind.name);
      const { comparison, path, body } = exchangeOf(target, kind, key);
      const failure = await ask2(open(), target, { path, method: kind.method, body, comparison });
      settle(kind, comparison, failure, tally);
      // A connection on which something timed out is given up, as browsers do.
      if (failure === 'timeout') session?.destroy();
      await wait(kind.pauseMs);
    }
  };
  await Promise.all(kinds.map(one));
  session?.destroy();
}

function ask2(
  session: ClientHttp2Session,
  { hostname, timeoutMs }: LoadTarget,
  what: {
    path: string;
    method: string;
    body: Buffer | undefined;
    comparison: Comparison | undefined;
  },
): Promise<string> {
  return new Promise((resolve) => {
    const { path, method, body, comparison } = what;
    const fields = { ':authority': hostname, ':path': path, ':method': method };
    let status = 0;
    let mark = '';
    const stream = session.request(fields, { endStream: body === undefined });
    stream.on('response', (head) => {
      status = Number(head[':status']);
      mark = String(head['x-sallyport-error'] ?? '');
    });
    stream.on('data', (chunk: Buffer) => status === 200 && comparison?.add(chunk));
    stream.setTimeout(timeoutMs, () => {
      resolve('timeout');
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code} ${error.message}`));
    stream.on('end', () => resolve(status === 200 ? '' : `${status} ${mark}`.trim()));
    stream.on('close', () => resolve('closed without an answer'));
    if (body) stream.end(body);
  });
}

function exchangeOf(
  { content }: LoadTarget,
  { method, bytes }: RequestKind,
  key: number,
): { readonly path: string; readonly body: Buffer | undefined; readonly comparison: Comparison | undefined } {
  if (method === 'GET')
    return {
      path: `/content/${key}/${bytes}`,
      body: undefined,
      comparison: new Comparison(content, key),
    };
  return { path: `/check/${key}/${bytes}`, body: content.slice(key, 0, bytes), comparison: undefined };
}

function settle(kind: RequestKind, comparison: Comparison | undefined, failure: string, tally: Tally): void {
  if (comparison && comparison.wrongBytes > 0) tally.wrong(comparison.wrongBytes);
  // The origin has compared an upload, and says 422 when it was not what it should have been.
  if (failure.startsWith('422')) tally.wrong(kind.bytes);
  const isCut = failure === '' && comparison !== undefined && comparison.bytes !== kind.bytes;
  if (failure === '' && !isCut) return;
  tally.failed(kind.name, isCut ? 'a body that ended early' : failure);
  if (comparison) tally.lost(kind.bytes - comparison.bytes);
}

// Load of what lasts: a WebSocket whose messages must come back, events that are numbered, gRPC calls. A stream that
// breaks counts as one failure, and the client comes back as browsers and apps do.
import { request as httpsRequest } from 'node:https';
import * as grpc from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import { echoMethod } from './grpc-echo.ts';
import type { LoadTarget, Pause } from './load-requests.ts';
import type { Tally } from './tally.ts';

const messagePauseMs = 100;
const comeBackMs = 250;
const messageBytes = 700;
/** A numbered event comes ten times a second; after so long without one a client thinks that the stream is dead. */
const quietMs = 8_000;

/** Messages that an echo must give back in order. */
export async function socketLoad(target: LoadTarget, tally: Tally, wait: Pause): Promise<void> {
  let key = 1;
  while (!target.stop.aborted) {
    const socket = new WebSocket(`wss://${target.hostname}:${target.port}/socket`, {
      ca: target.ca,
      handshakeTimeout: target.timeoutMs,
      lookup: (_name, options, done) =>
        options.all
          ? (done as (error: null, all: object[]) => void)(null, [{ address: target.address, family: 4 }])
          : done(null, target.address, 4),
    });
    const failure = await new Promise<string>((resolve) => {
      const waiting: number[] = [];
      let quiet: NodeJS.Timeout | undefined;
      const end = (reason: string): void => {
        clearInterval(sending);
        clearTimeout(quiet);
        resolve(reason);
      };
      const hush = (): NodeJS.Timeout => setTimeout(() => end('no answer in time'), target.timeoutMs);
      const sending = setInterval(() => {
        if (target.stop.aborted && waiting.length === 0) return end('');
        if (target.stop.aborted || socket.readyState !== WebSocket.OPEN) return;
        tally.sent('websocket');
        waiting.push(key);
        quiet ??= hush();
        socket.send(target.content.slice(key, 0, messageBytes));
        key += 1;
      }, messagePauseMs);
      socket.on('message', (data: Buffer) => {
        const expected = waiting.shift();
        clearTimeout(quiet);
        quiet = waiting.length > 0 ? hush() : undefined;
        if (expected === undefined || !data.equals(target.content.slice(expected, 0, messageBytes)))
          tally.wrong(data.length);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      // 1001 is a goodbye (the server goes away): what was sent and not answered is lost all the same.
      socket.on('close', (code) =>
        end(code === 1001 && waiting.length === 0 ? 'goodbye' : `closed with ${code}`),
      );
    });
    socket.terminate();
    if (failure !== '' && failure !== 'goodbye') tally.failed('websocket', failure);
    if (!target.stop.aborted) await wait(comeBackMs);
  }
}

/** Events without a gap; a client that comes back says which was the last it had. */
export async function eventLoad(target: LoadTarget, tally: Tally, wait: Pause): Promise<void> {
  let next = 0;
  while (!target.stop.aborted) {
    const failure = await new Promise<string>((resolve) => {
      const asking = httpsRequest(
        {
          ...{ host: target.address, port: target.port, servername: target.hostname, ca: target.ca },
          ...{ path: `/events/${next}`, agent: false, headers: { host: target.hostname } },
        },
        (response) => {
          if (response.statusCode !== 200) {
            response.resume();
            const mark = String(response.headers['x-sallyport-error'] ?? '');
            return resolve(`${response.statusCode} ${mark}`.trim());
          }
          response.setEncoding('utf8').on('data', (text: string) => {
            for (const [, id] of text.matchAll(/^id: (\d+)$/gm)) {
              tally.sent('events');
              if (Number(id) !== next) tally.wrong(text.length);
              next = Number(id) + 1;
            }
          });
          response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
          // Ended between two events: a goodbye, after which a client goes on where it was.
          response.on('end', () => resolve(''));
        },
      );
      asking.setTimeout(quietMs, () => asking.destroy(new Error('no event in time')));
      asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      target.stop.addEventListener('abort', () => {
        resolve('');
        asking.destroy();
      });
      asking.end();
    });
    if (failure !== '') tally.failed('events', failure);
    if (!target.stop.aborted) await wait(comeBackMs);
  }
}

/** Unary calls over a channel of their own, which finds its way back by itself. */
export async function grpcLoad(target: LoadTarget, tally: Tally, wait: Pause): Promise<void> {
  const Client = grpc.makeGenericClientConstructor({ Echo: echoMethod }, 'Calls');
  const credentials = grpc.credentials.createSsl(Buffer.from(target.ca));
  const client = new Client(`${target.address}:${target.port}`, credentials, {
    'grpc.ssl_target_name_override': target.grpcHostname,
    'grpc.default_authority': target.grpcHostname,
    // What failed shall be seen, not asked again behind our back.
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 1_000,
  });
  for (let key = 3; !target.stop.aborted; key += 1) {
    tally.sent('grpc');
    const message = target.content.slice(key, 0, messageBytes);
    const failure = await new Promise<string>((resolve) => {
      const { path, requestSerialize, responseDeserialize } = echoMethod;
      const deadline = Date.now() + target.timeoutMs;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        { deadline },
        (error, answer) => {
          if (!error && !answer?.equals(message)) tally.wrong(messageBytes);
          resolve(error ? `${error.code} ${error.details}` : '');
        },
      );
    });
    if (failure !== '') tally.failed('grpc', failure);
    await wait(messagePauseMs * 2);
  }
  client.close();
}

// Requests to the API that come to nothing: a body that nobody reads, and what node's parser does not take for HTTP. Both get
// their answer before the connection ends; the edge in front would tell a lost one as a 502 of its own.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemBase } from './api-problem.ts';

/** Of a body that nobody wants; more than a lab file takes (json-body.ts). */
const longestDiscardBytes = 16 * 1024 * 1024;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Reads what is left of a body and keeps nothing of it: a connection that ended while the client still sends would take the
 * answer with it. Not for ever, though.
 */
export function discardRest(message: IncomingMessage): void {
  if (message.complete) return;
  let left = longestDiscardBytes;
  message.on('error', () => undefined);
  message.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) message.destroy();
  });
}

/** A method or a head that node's parser does not take; what comes through the edge is HTTP, if not ours. */
export function refuseNoHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const code = error.code === 'HPE_INVALID_METHOD' ? 'method-not-allowed' : 'usage';
  const detail =
    code === 'usage'
      ? 'This is no request that the API can read.'
      : `The API takes ${methods.join(', ')}, and no method that it does not know.`;
  const problem = { ...problemBase(code), detail };
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nAllow: ${methods.join(', ')}\r\n` +
      'X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n' +
      body,
  );
}

// The way from a process of the edge to the control plane's HTTP: a socket file in the data folder. Each process serves the
// dashboard's hostname, whichever of them holds the control plane.
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { socketNames } from './control-contract.ts';

/** Joins a connection of the dashboard's hostname with the control plane; while that is away it is told so. */
export function passToControl(dataDir: string, socket: Duplex): void {
  const far = connect(join(dataDir, socketNames.edge));
  far.once('connect', () => {
    socket.pipe(far).pipe(socket);
  });
  far.on('error', () => {
    if (far.bytesRead === 0 && !socket.destroyed) answerAway(socket);
    else socket.destroy();
  });
  socket.on('error', () => far.destroy());
  socket.on('close', () => far.destroy());
  far.on('close', () => socket.destroy());
}

/** What a browser or a program is told while the thread is away. */
function answerAway(socket: Duplex): void {
  const body = JSON.stringify({
    type: 'urn:sallyport:problem:store-unavailable',
    title: 'Service Unavailable',
    status: 503,
    code: 'store-unavailable',
    detail:
      'The control plane of this edge is starting, or cannot use its store; try again in a few seconds, then look at the log of the edge, which says why. Sites are served meanwhile.',
    retryAfter: 2,
  });
  socket.end(
    `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nRetry-After: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
}

// Origins on loopback for the connector's tests.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TestOrigin {
  readonly port: number;
  readonly sockets: Socket[];
  close(): void;
}

/** A TCP server that hands each connection to `serve`; half-open connections are allowed. */
export async function startOrigin(serve: (socket: Socket) => void): Promise<TestOrigin> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Sends everything back and ends when the client has ended. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const origin = await startOrigin(() => {});
  origin.close();
  return origin.port;
}

// Socket files: how the two threads of an edge, and commands on its machine, speak to each other.
import { chmodSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { errorText, SallyportError } from '#base/errors.ts';

/** Listens on a socket file of mode 0600; one that a process before has left behind is replaced, a live one is not. */
export async function listenOnFile(server: Server, file: string): Promise<void> {
  if (await answersOn(file)) {
    throw new SallyportError(
      'listen-failed',
      `Another edge is running with this data folder (${file} answers); stop it, or give this one a folder of its own.`,
    );
  }
  rmSync(file, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new SallyportError(
          'listen-failed',
          `The socket ${file} could not be opened (${errorText(error)}); check the data folder, and that its path is no longer than 90 characters.`,
          { cause: error },
        ),
      ),
    );
    server.listen(file, () => {
      chmodSync(file, 0o600);
      resolve();
    });
  });
}

/** Whether somebody listens on a socket file. */
export function answersOn(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

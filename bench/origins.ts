// What answers behind every proxy of a bench: nginx with files, and the sink that reads uploads and echoes WebSocket messages.
// Ports are free ones, so that benches may run side by side.
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/support/process.ts';
import { loadCore, startPinned, waitForPort } from './machine.ts';
import { startOrigin } from './peers.ts';

export interface Origins {
  readonly port: number;
  readonly sinkPort: number;
  stop(): Promise<void>;
}

/** Starts both; their files are in `folder`. */
export async function startOrigins(folder: string): Promise<Origins> {
  const [port, sinkPort] = [await freePort(), await freePort()];
  const sinkFile = fileURLToPath(new URL('sink.ts', import.meta.url));
  const sink = startPinned(loadCore, process.execPath, [sinkFile, String(sinkPort)]);
  await waitForPort(sinkPort, 'the upload sink');
  const origin = await startOrigin(folder, port, sinkPort);
  return {
    ...{ port, sinkPort },
    async stop() {
      await origin.program.stop();
      await sink.stop();
    },
  };
}

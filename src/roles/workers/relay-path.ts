// Where workers reach each other: socket files in the data folder. Each start of an edge has names of its own, so that a
// successor does not take its predecessor's away; what a killed edge has left is removed at the next start.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The socket file over which a worker takes relayed tunnels. */
export function relayPath(dataDir: string, generation: string, number: number): string {
  return join(dataDir, `worker-${generation}-${number}.sock`);
}

/** Removes what is left of edges that were killed. For an edge that nobody runs beside. */
export function removeRelayFiles(dataDir: string): void {
  for (const name of readdirSync(dataDir))
    if (/^worker-[0-9a-f]{8}-\d+\.sock$/.test(name)) rmSync(join(dataDir, name), { force: true });
}

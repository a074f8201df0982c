// Filling an edge's store from a backup, for `sallyport restore`. The edge must not be running: it would go on from what it
// has in memory.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { makeFolder } from '#base/secrets/private-file.ts';
import { systemRandom } from '#base/random.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import { openStore } from '#store/open-store.ts';
import { restoreStore } from '#store/dumps/restore-store.ts';
import { socketNames } from '../control/control-contract.ts';
import { answersOn } from '../control/socket-file.ts';
import { storeUrlOf } from '../edge-composition.ts';

/** @throws SallyportError 'in-use' while the edge runs, or what is wrong with the backup */
export async function restoreEdge(
  file: string,
  configFile: string,
): Promise<{ readonly objects: number; readonly revision: number }> {
  const config = readEdgeConfig(configFile);
  makeFolder(config.dataDir);
  const socket = join(config.dataDir, socketNames.admin);
  if (existsSync(socket) && (await answersOn(socket))) {
    throw new SallyportError('in-use', `The edge of ${configFile} is running; stop it, then restore.`);
  }
  const store = await openStore({
    url: storeUrlOf(config),
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    backupFolder: config.dataDir,
  });
  try {
    return await restoreStore(file, store);
  } finally {
    await store.close();
  }
}

// The cache of an edge from its configuration, with its metrics.
import { resolve } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import { unwritable } from '#base/secrets/private-file.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { DiskStore } from '#edge/cache/disk/disk-store.ts';
import { realFileSystem } from '#edge/cache/disk/file-system.ts';
import { EdgeCache, spillBytes } from '#edge/cache/edge-cache.ts';
import { Purges } from '#edge/cache/purges.ts';

/** What part of the room a single response may take. */
const objectPart = 0.25;

export interface EdgeCacheTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
}

/** Opens the cache that `config` asks for; undefined when it is off. @throws SallyportError when its folder cannot be used */
export async function openEdgeCache(
  config: EdgeConfig,
  tools: EdgeCacheTools,
): Promise<EdgeCache | undefined> {
  const { cache: settings } = config;
  if (settings === 'off') return undefined;
  const purges = new Purges();
  const disk =
    settings.disk === 'off' || settings.disk === 0 ? undefined : await openDisk(config, tools, purges);
  const room = disk ? disk.limitBytes : settings.memory;
  const cache = new EdgeCache({
    clock: tools.clock,
    memoryBytes: settings.memory,
    maxObjectBytes: Math.min(settings.maxObject, Math.floor(room * objectPart)),
    purges,
    ...(disk && { disk }),
  });
  observe(cache, tools.metrics);
  return cache;
}

async function openDisk(
  { cache: settings, dataDir }: EdgeConfig,
  { clock, log }: EdgeCacheTools,
  purges: Purges,
): Promise<DiskStore | undefined> {
  if (settings === 'off' || settings.disk === 'off') return undefined;
  const folder = resolve(dataDir, settings.dir);
  const options = { folder, limitBytes: settings.disk, memoryObjectBytes: spillBytes, clock, log, purges };
  try {
    return await DiskStore.open({ ...options, files: realFileSystem });
  } catch (error) {
    // A disk that is full today must not keep sites from being served; a folder that can never be used is a mistake.
    if (!/^(ENOSPC|EDQUOT|EROFS)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw unwritable(folder, error);
    log.warn('The cache has no room on disk; it goes on in memory until the edge is started again', {
      folder,
      cause: errorText(error),
    });
    return undefined;
  }
}

function observe(cache: EdgeCache, metrics: MetricsRegistry): void {
  const gauge = (name: string, help: string, value: () => number): void =>
    metrics.collect(name, help, 'gauge', () => [[{}, value()]]);
  const counter = (name: string, help: string, value: () => number): void =>
    metrics.collect(name, help, 'counter', () => [[{}, value()]]);
  metrics.collect(
    'sallyport_edge_cache_requests_total',
    'Requests to routes with a cache by what became of them, in the words of CF-Cache-Status.',
    'counter',
    () => [...cache.statistics.byWord].map(([result, count]) => [{ result }, count]),
  );
  counter(
    'sallyport_edge_cache_saved_bytes_total',
    'Body bytes that were answered from the cache.',
    () => cache.statistics.total.savedBytes,
  );
  gauge('sallyport_edge_cache_bytes', 'Memory that stored responses take.', () => cache.memoryBytes);
  gauge('sallyport_edge_cache_entries', 'Responses stored in memory.', () => cache.entryCount);
  counter(
    'sallyport_edge_cache_evictions_total',
    'Responses that left memory for want of room.',
    () => cache.evictions,
  );
  const { disk } = cache;
  if (!disk) return;
  gauge('sallyport_edge_cache_disk_bytes', 'Disk that stored responses take.', () => disk.bytes);
  gauge('sallyport_edge_cache_disk_entries', 'Responses stored on disk.', () => disk.count);
  metrics.collect(
    'sallyport_edge_cache_disk_total',
    'Responses that were read from disk or found broken there, written to it, not written for want of time, or refused by it.',
    'counter',
    () => Object.entries(disk.numbers).map(([what, count]) => [{ what }, count]),
  );
}

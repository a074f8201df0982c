// The cache of an edge from its configuration, with its metrics.
import type { Clock } from '#base/clock.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';

/** What part of the memory a single response may take. */
const objectPart = 0.25;

/** Opens the cache that `config` asks for; undefined when it is off. */
export function openEdgeCache(
  { cache: settings }: EdgeConfig,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: MetricsRegistry },
): EdgeCache | undefined {
  if (settings === 'off') return undefined;
  const maxObjectBytes = Math.min(settings.maxObject, Math.floor(settings.memory * objectPart));
  const cache = new EdgeCache({ clock, memoryBytes: settings.memory, maxObjectBytes });
  observe(cache, metrics);
  return cache;
}

function observe(cache: EdgeCache, metrics: MetricsRegistry): void {
  metrics.collect(
    'sallyport_edge_cache_requests_total',
    'Requests to routes with a cache by what became of them, in the words of CF-Cache-Status.',
    'counter',
    () => [...cache.statistics.byWord].map(([result, count]) => [{ result }, count]),
  );
  metrics.collect(
    'sallyport_edge_cache_saved_bytes_total',
    'Body bytes that were answered from the cache.',
    'counter',
    () => [[{}, cache.statistics.total.savedBytes]],
  );
  metrics.collect('sallyport_edge_cache_bytes', 'Memory that stored responses take.', 'gauge', () => [
    [{}, cache.memoryBytes],
  ]);
  metrics.collect('sallyport_edge_cache_entries', 'Responses stored in memory.', 'gauge', () => [
    [{}, cache.entryCount],
  ]);
  metrics.collect(
    'sallyport_edge_cache_evictions_total',
    'Responses that left memory for want of room.',
    'counter',
    () => [[{}, cache.evictions]],
  );
}

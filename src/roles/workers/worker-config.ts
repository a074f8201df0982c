// The part of an edge's configuration that a further worker serves, and how the workers share what there is only so much of.
import type { EdgeConfig } from '#config/edge-config-schema.ts';

/** What the first process serves alone is taken out: names, metrics, and ports with sockets of their own. */
export function workerConfig(config: EdgeConfig): EdgeConfig {
  const { metrics: _metrics, ...listen } = config.listen;
  const { dns: _dns, ...rest } = config;
  return {
    ...rest,
    listen,
    ports: config.ports.filter(({ protocol, port }) => protocol === 'tls' && port === 0),
  };
}

/** Each worker's part of the cache: an equal share of its room, on disk in a folder of its own. */
export function cacheShare(
  config: EdgeConfig,
  { number, count }: { readonly number: number; readonly count: number },
): EdgeConfig {
  const { cache } = config;
  if (cache === 'off' || count === 1) return config;
  return {
    ...config,
    cache: {
      ...cache,
      memory: Math.floor(cache.memory / count),
      disk: cache.disk === 'off' ? 'off' : Math.floor(cache.disk / count),
      dir: number === 1 ? cache.dir : `${cache.dir}-${number}`,
    },
  };
}

// Our name server on loopback for tests.
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { type DnsServer, type DnsServerOptions, startDnsServer } from '#dns/server/dns-server.ts';

/** Starts it on a free port of 127.0.0.1. */
export function startOwnDnsServer(options: Partial<DnsServerOptions>): Promise<DnsServer> {
  return startDnsServer({
    ...{ listen: [{ host: '127.0.0.1', port: 0 }], zones: [], keys: [], secondaries: [] },
    ...{ clock: systemClock, random: systemRandom, log: silentLog, metrics: new MetricsRegistry() },
    ...options,
  });
}

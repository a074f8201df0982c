// What of the dns section takes effect only when the edge is started again. A file of its own, so that an edge without the
// section does not load the rest.
import type { EdgeConfig } from '#config/edge-config-schema.ts';

/** Parts of the section that are read once, at start. */
export function dnsNeedsRestart(before: EdgeConfig, after: EdgeConfig): string[] {
  if ((before.dns === undefined) !== (after.dns === undefined)) return ['dns'];
  const socketsOf = ({ dns }: EdgeConfig): Readonly<Record<string, unknown>> => ({
    'dns.serve.listen': dns?.serve?.listen,
    'dns.serve.keys': dns?.serve?.keys,
    'dns.serve.secondaries': dns?.serve?.secondaries,
    'dns.externalDns': dns?.externalDns,
  });
  const now = socketsOf(after);
  return Object.entries(socketsOf(before))
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]))
    .map(([key]) => key);
}

// An authority's clock, asked before the first order: a wrong one on this machine makes everything look due, or nothing.
import type { Log } from '#base/log.ts';
import type { AuthoritySettings } from './acme-settings.ts';
import type { Authorities } from './authorities.ts';

/** Asks the first authority, once; says it when this machine's clock is far from the answer. */
export async function learnTime(
  authorities: Authorities,
  first: AuthoritySettings | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (!first || authorities.knowsTime) return;
  const before = authorities.clockErrorMs;
  // One that is away is found out by the order itself, which then goes to the next.
  await authorities.use(first, signal, (client) => client.directory(signal)).catch(() => {});
  const wrongMs = authorities.clockErrorMs;
  if (wrongMs === 0 || wrongMs === before) return;
  const days = (Math.abs(wrongMs) / 86_400_000).toFixed(1);
  log.error(
    `This machine's clock is ${days} days ${wrongMs > 0 ? 'behind' : 'ahead of'} that of ${first.label}; set it (timedatectl set-ntp true). Until then certificates are looked after by the authority's time.`,
  );
}

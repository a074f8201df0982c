// Addresses of a name as resolvers have them, and nobody's hosts file: what a visitor somewhere else would be told.
import { promises as dns } from 'node:dns';
import { isLocalhost } from './hostname.ts';

/** A resolver that is slower is asked once more. */
const askWithinMs = 2_000;
const tries = 2;

/** Names below localhost lead to the machine that asks, without DNS (RFC 6761 section 6.3). */
const loopback: readonly string[] = ['127.0.0.1', '::1'];

/**
 * A function that resolves names, IPv4 first; throws with the resolver's code where there is no address. `servers` are
 * addresses, with a port if it is not 53; none: those of the machine.
 */
export function nameResolver(
  servers: readonly string[] = [],
): (hostname: string, signal: AbortSignal) => Promise<string[]> {
  return async (hostname, signal) => {
    if (isLocalhost(hostname)) return [...loopback];
    signal.throwIfAborted();
    // One for each name: cancelling ends every question of a resolver.
    const resolver = new dns.Resolver({ timeout: askWithinMs, tries });
    if (servers.length > 0) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length > 0) return addresses;
      const failures = answers.flatMap((answer) =>
        answer.status === 'rejected' ? [answer.reason as NodeJS.ErrnoException] : [],
      );
      // No such name is no such name; else one question without an answer leaves it open.
      throw (
        failures.find(({ code }) => code === 'ENOTFOUND') ??
        failures.find(({ code }) => !isNothing(code)) ??
        failures[0] ??
        new Error('no address')
      );
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** Whether a resolver's code says that the name has no address, and not that nobody answered. */
export function isNothing(code: string | undefined): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

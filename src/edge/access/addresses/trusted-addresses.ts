// Addresses where users have signed in within the last day, for rules like `address-of:group:family`: a television behind the
// same router passes without a sign-in of its own. The sessions say so (model/access/access-state.ts): what ends a session ends it.
import { addressBytes } from '#base/net/ip.ts';
import { type AccessDirectory, type DirectorySession, trustMs } from '#model/access/access-state.ts';
import { trustKey } from '#model/access/trusted-address.ts';

/** Addresses that are trusted at once; the latest sign-ins count. */
export const maxTrusted = 10_000;

/** An immutable table, made anew for every directory. */
export class TrustedAddresses {
  readonly #byKey = new Map<string, DirectorySession[]>();

  constructor({ sessions }: AccessDirectory) {
    const latest = sessions
      .filter(({ trusted }) => trusted !== undefined)
      .toSorted((a, b) => b.trusted!.untilMs - a.trusted!.untilMs);
    for (const session of latest.slice(0, maxTrusted)) {
      const key = trustKey(session.trusted!.address);
      if (key === undefined) continue;
      const others = this.#byKey.get(key);
      if (others) others.push(session);
      else this.#byKey.set(key, [session]);
    }
  }

  /** Users with a sign-in there that still counts; undefined for what is no address. */
  userIdsAt(address: string, wallMs: number): readonly string[] | undefined {
    const key = trustKey(address);
    if (key === undefined) return addressBytes(address) ? [] : undefined;
    const sessions = this.#byKey.get(key) ?? [];
    return sessions
      .filter(({ trusted, untilMs }) => {
        const leftMs = trusted!.untilMs - wallMs;
        // A clock that was set back must not trust for longer.
        return wallMs < untilMs && leftMs > 0 && leftMs <= trustMs;
      })
      .map(({ userId }) => userId);
  }
}

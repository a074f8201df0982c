// DNS-01 between two rooms: certs asks for a TXT record to be shown, dns (or whoever else can write to the zone) shows it.
// roles/ introduces them.

/** Shows TXT records in zones that it can write to. */
export interface ChallengePresenter {
  /** Whether it can write below this hostname (`*.` in front does not matter); decided without asking anybody. */
  covers(hostname: string): boolean;
  /**
   * Adds a TXT record beside any others of that name (two orders may be under way for one name), and resolves when every
   * authoritative server of the zone answers with it, so that a validator that asks now finds it.
   * `name` is whole, without a final dot: `_acme-challenge.blog.example.com`.
   */
  presentTxt(name: string, value: string, signal: AbortSignal): Promise<void>;
  /** Removes exactly that record; a record that is not there is no error. */
  removeTxt(name: string, value: string, signal: AbortSignal): Promise<void>;
  /** What people call it, for reasons and logs: `rfc2136 ns1.example.com`. */
  readonly label: string;
}

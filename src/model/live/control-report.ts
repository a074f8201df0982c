// What the control plane tells the edge's main thread of itself every few seconds: for the edge's health and its metrics.
import type { AccessKeyTrouble } from '../access/access-key-trouble.ts';

export interface ControlReport {
  /** Why the store cannot be used, '' while it can. */
  readonly storeTrouble: string;
  /** It cannot even be read, as it can while its disk is full. */
  readonly isStoreAway: boolean;
  readonly accessKeyTroubles: readonly AccessKeyTrouble[];
  /** What became of messages of all channels, since the process began. */
  readonly messages: Readonly<Record<'sent' | 'failed' | 'given-up' | 'dropped' | 'tested', number>>;
  /** News that wait for their time. */
  readonly waitingNews: number;
  /** Channels that do not get through. */
  readonly failingChannels: number;
}

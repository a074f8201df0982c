// Where everything about certificates survives a restart, in words of the domain. Several edges may share one vault: what
// one keeps the others find, and a lease sees to it that only one of them orders at a time. Every implementation passes
// testkit/certificate-vault-suite.ts.
import type { AccountRecord, CertificateRecord, OrderRecord, PendingOrder } from './certificate-record.ts';

/**
 * Keys in it are secret: readable by the edge only, never logged. Every `keep` is whole or not at all, and durable once
 * it resolves. All reject with SallyportError: 'file-unwritable' when there is no room, 'file-unreadable' and
 * 'credentials-invalid' for what was kept and cannot be read.
 */
export interface CertificateVault {
  /** Whether several edges answer for the same hostnames, so that a validator may come to another one than orders. */
  readonly isShared: boolean;

  /** The account at an authority, by its directory URL. */
  account(authority: string): Promise<AccountRecord | undefined>;
  keepAccount(account: AccountRecord): Promise<void>;

  /** Every certificate that can be read; what cannot is reported and left out. */
  certificates(): Promise<CertificateRecord[]>;
  /** Keeps a certificate in place of the one with its id. */
  keepCertificate(certificate: CertificateRecord): Promise<void>;
  forgetCertificate(id: string): Promise<void>;
  /** Another text whenever certificates were kept or forgotten, by whichever edge; cheap to ask. */
  revision(): Promise<string>;

  /** Orders that ended at `sinceMs` or later, oldest first. */
  orders(sinceMs: number): Promise<OrderRecord[]>;
  noteOrder(order: OrderRecord): Promise<void>;
  /** Forgets orders that ended before. */
  forgetOrders(beforeMs: number): Promise<void>;
  /** Forgets what was noted of one order when it ended; to be called by the holder of the lease for orders. */
  forgetOrder(order: Pick<OrderRecord, 'id' | 'endedAtMs'>): Promise<void>;

  pendingOrders(): Promise<PendingOrder[]>;
  keepPendingOrder(order: PendingOrder): Promise<void>;
  forgetPendingOrder(id: string): Promise<void>;

  /** What HTTP-01 serves for a token, until it is forgotten or its time is over. */
  answer(token: string): Promise<string | undefined>;
  /** Everything that `answer` would tell, by token. */
  answers(): Promise<ReadonlyMap<string, string>>;
  keepAnswer(token: string, text: string, untilMs: number): Promise<void>;
  forgetAnswer(token: string): Promise<void>;

  /**
   * The session ticket key of a period: `drawn` for whoever asks first, the same for everybody after. Keys of periods
   * before the last are forgotten. Undefined while another edge is putting its own in place.
   */
  ticketKey(period: number, drawn: Buffer): Promise<Buffer | undefined>;

  /**
   * Takes a lease by name for `forMs`, unless another holder has it. A holder that takes its own lease again gets a new
   * one. Nobody has it twice, even when two ask at once.
   */
  lease(name: string, holder: string, forMs: number): Promise<VaultLease | undefined>;
}

/** A lease in hand. */
export interface VaultLease {
  /** Starts its time over; false when it was lost to another holder. */
  renew(): Promise<boolean>;
  /** Lets others have it at once. */
  release(): Promise<void>;
}

// The certificate vault of an edge with a store: the store's vault counts, and a folder beside it holds the last good copy
// of all that it needs to go on serving. When the store is away certificates are read from the copy, and what was issued
// meanwhile is kept there until the store is back. An edge that has its store to itself goes on ordering by the copy; one
// of several does not, because nobody could tell it that another is ordering the same.
import { errorText, isSallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type {
  AccountRecord,
  CertificateRecord,
  OrderRecord,
  PendingOrder,
} from '#model/certificates/certificate-record.ts';
import type { CertificateVault, VaultLease } from '#model/certificates/certificate-vault.ts';

export interface MirroredVaultOptions {
  /** Over the store. */
  readonly store: CertificateVault;
  /** In a folder of this edge. */
  readonly copy: CertificateVault;
  readonly log: Log;
  /** Ids of the certificates that the store is known to have had, kept beside the copy. */
  readonly known: { read(): ReadonlySet<string>; write(ids: ReadonlySet<string>): void };
}

/** Opens the vault. */
export function openMirroredVault(options: MirroredVaultOptions): CertificateVault {
  return new MirroredVault(options);
}

class MirroredVault implements CertificateVault {
  readonly isShared: boolean;
  readonly #options: MirroredVaultOptions;
  #isAway = false;
  /** Whether something may be in the copy only: at the start, and after the store was away. */
  #mustSync = true;

  constructor(options: MirroredVaultOptions) {
    this.#options = options;
    this.isShared = options.store.isShared;
  }

  async account(authority: string): Promise<AccountRecord | undefined> {
    const { store, copy } = this.#options;
    const account = await this.#use((vault) => vault.account(authority));
    if (account) return account;
    // One from before there was a store, or from while it was away.
    const kept = await copy.account(authority);
    if (kept && !this.#isAway) await store.keepAccount(kept);
    return kept;
  }

  async keepAccount(account: AccountRecord): Promise<void> {
    await this.#use((vault) => vault.keepAccount(account));
    await this.#mirror(this.#options.copy.keepAccount(account));
  }

  async certificates(): Promise<CertificateRecord[]> {
    const done = await this.#reach((store) => store.certificates());
    if (!('value' in done)) return await this.#options.copy.certificates();
    await this.#mirror(this.#copyAll(done.value));
    return done.value;
  }

  async keepCertificate(certificate: CertificateRecord): Promise<void> {
    const { copy } = this.#options;
    const done = await this.#reach((store) => store.keepCertificate(certificate));
    // What was issued is kept at least here, and handed over later.
    if (!('value' in done)) return await copy.keepCertificate(certificate);
    this.#note(certificate.id);
    await this.#mirror(copy.keepCertificate(certificate));
  }

  /** By the hand of somebody, or because nobody needs it: that can wait until the store is there. */
  async forgetCertificate(id: string): Promise<void> {
    const { store, copy } = this.#options;
    await store.forgetCertificate(id);
    await this.#mirror(copy.forgetCertificate(id));
  }

  async revision(): Promise<string> {
    const done = await this.#reach((store) => store.revision());
    return 'value' in done ? `store ${done.value}` : `copy ${await this.#options.copy.revision()}`;
  }

  async orders(sinceMs: number): Promise<OrderRecord[]> {
    const done = await this.#reach((store) => store.orders(sinceMs));
    return 'value' in done ? done.value : await this.#options.copy.orders(sinceMs);
  }

  noteOrder(order: OrderRecord): Promise<void> {
    return this.#use((vault) => vault.noteOrder(order));
  }

  /** That can wait. */
  async forgetOrders(beforeMs: number): Promise<void> {
    await this.#reach((store) => store.forgetOrders(beforeMs));
  }

  /** That can wait too; what was noted while the store was away stands in the copy. */
  async forgetOrder(order: Pick<OrderRecord, 'id' | 'endedAtMs'>): Promise<void> {
    const done = await this.#reach((store) => store.forgetOrder(order));
    if ('value' in done) await this.#mirror(this.#options.copy.forgetOrder(order));
  }

  pendingOrders(): Promise<PendingOrder[]> {
    return this.#use((vault) => vault.pendingOrders());
  }

  keepPendingOrder(order: PendingOrder): Promise<void> {
    return this.#use((vault) => vault.keepPendingOrder(order));
  }

  forgetPendingOrder(id: string): Promise<void> {
    return this.#use((vault) => vault.forgetPendingOrder(id));
  }

  async answer(token: string): Promise<string | undefined> {
    const done = await this.#reach((store) => store.answer(token));
    return 'value' in done ? done.value : await this.#options.copy.answer(token);
  }

  answers(): Promise<ReadonlyMap<string, string>> {
    return this.#use((vault) => vault.answers());
  }

  keepAnswer(token: string, text: string, untilMs: number): Promise<void> {
    return this.#use((vault) => vault.keepAnswer(token, text, untilMs));
  }

  forgetAnswer(token: string): Promise<void> {
    return this.#use((vault) => vault.forgetAnswer(token));
  }

  async ticketKey(period: number, drawn: Buffer): Promise<Buffer | undefined> {
    const { copy } = this.#options;
    const done = await this.#reach((store) => store.ticketKey(period, drawn));
    if (!('value' in done)) return await copy.ticketKey(period, drawn);
    if (done.value) await this.#mirror(copy.ticketKey(period, done.value));
    return done.value;
  }

  lease(name: string, holder: string, forMs: number): Promise<VaultLease | undefined> {
    return this.#use((vault) => vault.lease(name, holder, forMs));
  }

  /** By the store; by the copy while it is away, where no other edge could be in the way. */
  async #use<T>(work: (vault: CertificateVault) => Promise<T>): Promise<T> {
    const done = await this.#reach(work);
    if ('value' in done) return done.value;
    if (this.isShared) throw done.error;
    return await work(this.#options.copy);
  }

  /** What the store answers, or why it is away. */
  async #reach<T>(
    work: (vault: CertificateVault) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly error: unknown }> {
    const { store, log } = this.#options;
    try {
      if (this.#mustSync) await this.#sync();
      const value = await work(store);
      if (this.#isAway) log.info('The store is back; certificates are kept there again');
      this.#isAway = false;
      return { value };
    } catch (error) {
      if (!isAwayError(error)) throw error;
      this.#mustSync = true;
      if (!this.#isAway) log.warn(`The store is away (${errorText(error)}); ${this.#meanwhile}.`);
      this.#isAway = true;
      return { error };
    }
  }

  get #meanwhile(): string {
    return this.isShared
      ? 'certificates are shown from the copy on disk, and none is ordered, until it is back'
      : 'certificates are shown, ordered and kept on disk until it is back';
  }

  /** Hands over what only the copy has; what the store has had, and has no more, was removed there. */
  async #sync(): Promise<void> {
    const { store, copy, known } = this.#options;
    const had = known.read();
    const kept = new Map((await store.certificates()).map((one) => [one.id, one]));
    for (const certificate of await copy.certificates()) {
      const other = kept.get(certificate.id);
      const isNew = other ? other.obtainedAtMs < certificate.obtainedAtMs : !had.has(certificate.id);
      if (isNew) await store.keepCertificate(certificate);
    }
    for (const order of await copy.pendingOrders()) {
      await store.keepPendingOrder(order);
      await copy.forgetPendingOrder(order.id);
    }
    this.#mustSync = false;
  }

  /** Makes the copy what the store has. */
  async #copyAll(certificates: readonly CertificateRecord[]): Promise<void> {
    const { copy } = this.#options;
    const copied = new Map((await copy.certificates()).map((one) => [one.id, JSON.stringify(one)]));
    const ids = new Set(certificates.map(({ id }) => id));
    for (const certificate of certificates) {
      if (copied.get(certificate.id) !== JSON.stringify(certificate)) await copy.keepCertificate(certificate);
    }
    for (const id of copied.keys()) if (!ids.has(id)) await copy.forgetCertificate(id);
    this.#options.known.write(ids);
  }

  #note(id: string): void {
    const { known } = this.#options;
    const ids = known.read();
    if (!ids.has(id)) known.write(new Set([...ids, id]));
  }

  /** The copy is a help in need: without it things go on. */
  async #mirror(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.log.warn(
        `The copy of the certificates beside the store is not complete (${errorText(error)}).`,
      );
    }
  }
}

/** Errors of the store itself, or of the way to it. */
function isAwayError(error: unknown): boolean {
  const codes = ['store-unavailable', 'store-corrupt', 'aborted', 'too-many-requests'] as const;
  return codes.some((code) => isSallyportError(error, code));
}

// What the manager knows and what the vault keeps, held together: certificates as they are shown, the orders of the last
// days, and what could not be written yet. A disk that is full costs nothing that was issued: it is shown from memory and
// saved when there is room.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { CertificateRecord, OrderRecord } from '#model/certificate-record.ts';
import type { CertificateVault } from '#model/certificate-vault.ts';
import { CertificateIndex } from './certificate-index.ts';
import { ShownCertificates } from './shown-certificates.ts';

export interface CertificateKeeperOptions {
  readonly vault: CertificateVault;
  readonly clock: Clock;
  readonly log: Log;
}

interface Unsaved {
  readonly certificate: CertificateRecord;
  /** The order under way that is on record until the certificate is. */
  readonly orderId: string;
}

/**
 * A certificate that nobody needs is forgotten after three days: a connector that is away over a weekend finds it again,
 * and one that comes and goes does not meet the limit on duplicates (Let's Encrypt's is five in a week).
 */
const unwantedMs = 3 * 86_400_000;
/** Orders that could not be written to the vault and are remembered here only. */
const maxUnsavedOrders = 500;

export class CertificateKeeper {
  readonly shown: ShownCertificates;
  readonly #options: CertificateKeeperOptions;
  readonly #unsaved = new Map<string, Unsaved>();
  readonly #unwantedSince = new Map<string, number>();
  #kept: CertificateRecord[] = [];
  #orders: OrderRecord[] = [];
  #unsavedOrders: OrderRecord[] = [];
  #revision = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.shown = new ShownCertificates(options.clock, options.log);
  }

  /** Orders of the last days, oldest first. */
  get orders(): readonly OrderRecord[] {
    return this.#orders;
  }

  /** Reads everything anew. */
  async load(nowMs: number, historyMs: number): Promise<void> {
    const { vault } = this.#options;
    await this.refresh(nowMs);
    this.#orders = [...(await vault.orders(nowMs - historyMs)), ...this.#unsavedOrders];
    await vault.forgetOrders(nowMs - historyMs);
  }

  /** Reads the certificates anew if any edge has changed them. */
  async refresh(nowMs: number): Promise<void> {
    const { vault } = this.#options;
    const revision = await vault.revision();
    if (revision === this.#revision) return;
    this.#kept = await vault.certificates();
    this.#revision = revision;
    this.#show(nowMs);
  }

  /** Shows a new certificate at once, and keeps it as soon as that is possible. */
  async keep(certificate: CertificateRecord, orderId: string, nowMs: number): Promise<void> {
    this.#unsaved.set(certificate.id, { certificate, orderId });
    this.#show(nowMs);
    await this.saveUnsaved();
  }

  /** Tries again to write what could not be written. One after the other: orders end at the same time. */
  saveUnsaved(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      await this.#saveCertificates();
      await this.#saveOrders();
    });
    return this.#saving;
  }

  /** Remembers how an order went; when that cannot be written, in memory for now. */
  async noteOrder(order: OrderRecord): Promise<void> {
    this.#orders.push(order);
    this.#unsavedOrders.push(order);
    if (this.#unsavedOrders.length > maxUnsavedOrders) this.#unsavedOrders.shift();
    await this.saveUnsaved();
  }

  /** Removes certificates that have had no use for a while: other ones are shown for their names, or nobody wants them. */
  async forgetUnwanted(isCovering: (names: readonly string[]) => boolean, nowMs: number): Promise<void> {
    const records = this.shown.records;
    const index = new CertificateIndex(records);
    for (const record of records) {
      const isShown = record.names.some((name) => index.best(name, nowMs) === record);
      // What somebody brought is his to remove; once it has expired nobody can want it.
      const isKept = record.source === 'imported' && record.notAfterMs > nowMs;
      if (isKept || (isShown && isCovering(record.names))) {
        this.#unwantedSince.delete(record.id);
        continue;
      }
      const sinceMs = this.#unwantedSince.get(record.id) ?? nowMs;
      this.#unwantedSince.set(record.id, sinceMs);
      if (nowMs - sinceMs < unwantedMs || this.#unsaved.has(record.id)) continue;
      await this.#options.vault.forgetCertificate(record.id);
      this.#unwantedSince.delete(record.id);
      this.#kept = this.#kept.filter(({ id }) => id !== record.id);
      this.#show(nowMs);
      this.#options.log.info('A certificate that nobody needs any more was removed', {
        names: record.names.join(' '),
      });
    }
  }

  async #saveCertificates(): Promise<void> {
    const { vault, log } = this.#options;
    for (const [id, unsaved] of this.#unsaved) {
      const { certificate, orderId } = unsaved;
      try {
        await vault.keepCertificate(certificate);
        this.#kept = [...this.#kept.filter((kept) => kept.id !== id), certificate];
        // Unless another has come for the same names meanwhile.
        if (this.#unsaved.get(id) === unsaved) this.#unsaved.delete(id);
        if (orderId !== '') await vault.forgetPendingOrder(orderId);
      } catch (error) {
        log.error(
          `The certificate for ${certificate.names.join(', ')} is in use but could not be saved: ${errorText(error)} It is tried again until it is saved; its order can be fetched again after a restart.`,
        );
      }
    }
  }

  async #saveOrders(): Promise<void> {
    const { vault } = this.#options;
    while (this.#unsavedOrders.length > 0) {
      try {
        await vault.noteOrder(this.#unsavedOrders[0]!);
        this.#unsavedOrders.shift();
      } catch {
        // The certificate's own error has said it, and the next round tries again.
        return;
      }
    }
  }

  #show(nowMs: number): void {
    const unsaved = [...this.#unsaved.values()].map(({ certificate }) => certificate);
    const kept = this.#kept.filter(({ id }) => !this.#unsaved.has(id));
    this.shown.replace([...kept, ...unsaved], nowMs);
  }
}

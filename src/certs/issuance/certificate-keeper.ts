// What the manager knows and what the vault keeps, held together: certificates as they are shown, the orders of the last
// days, and what could not be written yet. A disk that is full costs nothing that was issued: it is shown from memory and
// saved when there is room.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { CertificateRecord, OrderRecord, PendingOrder } from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { ShownCertificates } from './shown-certificates.ts';
import { type NameUse, otherwiseUnusedMs, UnusedCertificates } from './unused-certificates.ts';

export interface CertificateKeeperOptions {
  readonly vault: CertificateVault;
  readonly clock: Clock;
  readonly log: Log;
  readonly useOf: (names: readonly string[]) => NameUse;
  /** How long what belongs to withdrawn hostnames is kept. */
  readonly keepUnusedMs: () => number;
}

interface Unsaved {
  readonly certificate: CertificateRecord;
  /** The order under way that is on record until the certificate is. */
  readonly orderId: string;
}

/** Authorities give an order up after this long (Let's Encrypt's is the longest known). */
const orderLifeMs = 7 * 86_400_000;
/** Orders that could not be written to the vault and are remembered here only. */
const maxUnsavedOrders = 500;

export class CertificateKeeper {
  readonly shown: ShownCertificates;
  readonly #options: CertificateKeeperOptions;
  readonly #unsaved = new Map<string, Unsaved>();
  readonly #unused: UnusedCertificates;
  #held: ReadonlySet<string> = new Set();
  #kept: CertificateRecord[] = [];
  #orders: OrderRecord[] = [];
  #unsavedOrders: OrderRecord[] = [];
  #revision = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.shown = new ShownCertificates(options.clock, options.log);
    const { useOf, keepUnusedMs: keepMs, vault } = options;
    this.#unused = new UnusedCertificates({ useOf, keepMs, isShared: vault.isShared });
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

  /** Goes by what is wanted now: hides what nobody routes any more, shows again what came back. */
  look(nowMs: number): void {
    this.#show(nowMs);
  }

  /** Removes certificates that have had no use for their time; a vault that cannot do it now is asked again. */
  async forgetUnused(nowMs: number): Promise<void> {
    const { vault, log } = this.#options;
    const { over } = this.#unused.sort(this.#records(), nowMs);
    for (const record of over) {
      if (this.#unsaved.has(record.id)) continue;
      try {
        await vault.forgetCertificate(record.id);
      } catch (error) {
        // Nothing that is shown depends on it, and renewals must not wait for it.
        log.debug(`The certificate ${record.id} could not be removed yet: ${errorText(error)}`);
        return;
      }
      this.#kept = this.#kept.filter(({ id }) => id !== record.id);
      log.info('A certificate that nobody needs any more was removed, with its key', {
        names: record.names.join(' '),
      });
    }
    this.#show(nowMs);
  }

  /** Whether the hostnames of an order of that time, and their certificates, are gone. */
  isOver(names: readonly string[], endedAtMs: number, nowMs: number): boolean {
    const { useOf, keepUnusedMs, vault } = this.#options;
    // Of several edges, one that never had a hostname cannot tell a withdrawn one from another's.
    const keepMs = vault.isShared ? otherwiseUnusedMs : keepUnusedMs();
    if (nowMs - endedAtMs < keepMs || useOf(names) !== 'withdrawn') return false;
    return !this.#records().some((record) => record.names.some((name) => names.includes(name)));
  }

  /** Orders, as far as they are known here, of which nothing is left to say. */
  ordersOver(nowMs: number): OrderRecord[] {
    return this.#orders.filter(({ names, endedAtMs }) => this.isOver(names, endedAtMs, nowMs));
  }

  /** Orders that were begun, each with a key, which nobody will bring to their end. */
  pendingOver(pending: readonly PendingOrder[], nowMs: number): PendingOrder[] {
    return pending.filter(
      ({ names, startedAtMs }) => nowMs - startedAtMs > orderLifeMs || this.isOver(names, startedAtMs, nowMs),
    );
  }

  /** Forgets orders of which nothing is left to say. @throws SallyportError of the vault */
  async forgetOrdersOver(nowMs: number): Promise<void> {
    const over = new Set(this.ordersOver(nowMs));
    for (const order of over) await this.#options.vault.forgetOrder(order);
    this.#orders = this.#orders.filter((order) => !over.has(order));
    this.#unsavedOrders = this.#unsavedOrders.filter((order) => !over.has(order));
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

  #records(): CertificateRecord[] {
    const unsaved = [...this.#unsaved.values()].map(({ certificate }) => certificate);
    const kept = this.#kept.filter(({ id }) => !this.#unsaved.has(id));
    return [...kept, ...unsaved];
  }

  #show(nowMs: number): void {
    const records = this.#records();
    const { held } = this.#unused.sort(records, nowMs);
    for (const { id, names } of records) {
      if (!held.has(id) || this.#held.has(id)) continue;
      this.#options.log.info('A certificate is shown no longer, since nobody routes its hostnames', {
        names: names.join(' '),
      });
    }
    this.#held = held;
    this.shown.replace(
      records.filter(({ id }) => !held.has(id)),
      nowMs,
    );
  }
}

// The certificate vault over documents and leases of a store that several edges share (#store/store.ts has both). What is
// handed over is sealed, since the store keeps bytes as they are.
import type { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import {
  type AccountRecord,
  accountRecordSchema,
  type CertificateRecord,
  certificateRecordSchema,
  type OrderRecord,
  orderRecordSchema,
  type PendingOrder,
  pendingOrderSchema,
} from '#model/certificates/certificate-record.ts';
import type { CertificateVault, VaultLease } from '#model/certificates/certificate-vault.ts';
import type { Sealer } from './sealer.ts';
import { type AnswerShelf, VaultAnswers } from './vault-answers.ts';
import { hashedName, ticketSchema } from './vault-forms.ts';

/** The part of a store that the vault needs. */
export interface DocumentStore {
  getDocument(collection: string, key: string): Promise<Uint8Array | undefined>;
  putDocument(collection: string, key: string, bytes: Uint8Array): Promise<void>;
  deleteDocument(collection: string, key: string): Promise<void>;
  listDocuments(collection: string): Promise<readonly { readonly key: string; readonly bytes: Uint8Array }[]>;
  takeLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean>;
  releaseLease(name: string, holder: string): Promise<void>;
}

export interface DocumentVaultOptions {
  readonly store: DocumentStore;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** See CertificateVault. */
  readonly isShared: boolean;
}

const collections = {
  accounts: 'acme-accounts',
  certificates: 'certificates',
  pending: 'acme-pending-orders',
  orders: 'acme-orders',
  answers: 'acme-answers',
  revision: 'certificates-revision',
  tickets: 'session-ticket-keys',
} as const;
/** Drawing a key takes no longer. */
const ticketLeaseMs = 10_000;
type Collection = keyof typeof collections;

/** Opens the vault; the store stays its owner's. */
export function openDocumentVault(options: DocumentVaultOptions): CertificateVault {
  return new DocumentVault(options);
}

class DocumentVault implements CertificateVault {
  readonly isShared: boolean;
  readonly #options: DocumentVaultOptions;
  readonly #answers: VaultAnswers;

  constructor(options: DocumentVaultOptions) {
    const { store, clock, isShared } = options;
    this.#options = options;
    this.isShared = isShared;
    const shelf: AnswerShelf = {
      read: async (token) => {
        const bytes = await store.getDocument(collections.answers, token);
        return bytes && this.#answerIn(token, bytes);
      },
      all: async () => {
        const documents = await store.listDocuments(collections.answers);
        return documents.map(({ key, bytes }) => [key, this.#answerIn(key, bytes)] as const);
      },
      keep: (token, value) => this.#keep('answers', token, value),
      forget: (token) => this.#forget('answers', token),
    };
    this.#answers = new VaultAnswers(shelf, clock);
  }

  async account(authority: string): Promise<AccountRecord | undefined> {
    const bytes = await this.#options.store.getDocument(collections.accounts, hashedName(authority));
    try {
      return bytes && accountRecordSchema.parse(this.#read('accounts', hashedName(authority), bytes));
    } catch (error) {
      if (!this.isShared) {
        this.#options.log.warn(
          `The account for ${authority} in the store cannot be read (${errorText(error).split('\n')[0]}); another one is made.`,
        );
        return undefined;
      }
      throw new SallyportError(
        'credentials-invalid',
        `The account for ${authority} in the store cannot be read (${errorText(error).split('\n')[0]}); is the key file the one that it was sealed with?`,
        { cause: error },
      );
    }
  }

  keepAccount(account: AccountRecord): Promise<void> {
    return this.#keep('accounts', hashedName(account.authority), accountRecordSchema.parse(account));
  }

  certificates(): Promise<CertificateRecord[]> {
    return this.#all('certificates', certificateRecordSchema);
  }

  async keepCertificate(certificate: CertificateRecord): Promise<void> {
    await this.#keep('certificates', certificate.id, certificateRecordSchema.parse(certificate));
    await this.#revise();
  }

  async forgetCertificate(id: string): Promise<void> {
    await this.#forget('certificates', id);
    await this.#revise();
  }

  async revision(): Promise<string> {
    const bytes = await this.#options.store.getDocument(collections.revision, 'certificates');
    return Buffer.from(bytes ?? []).toString('hex');
  }

  async orders(sinceMs: number): Promise<OrderRecord[]> {
    const orders = await this.#all('orders', orderRecordSchema);
    return orders
      .filter(({ endedAtMs }) => endedAtMs >= sinceMs)
      .toSorted((a, b) => a.endedAtMs - b.endedAtMs);
  }

  noteOrder(order: OrderRecord): Promise<void> {
    return this.#keep('orders', orderKey(order.endedAtMs, order.id), orderRecordSchema.parse(order));
  }

  async forgetOrders(beforeMs: number): Promise<void> {
    for (const { key } of await this.#options.store.listDocuments(collections.orders)) {
      if (key < orderKey(beforeMs, '')) await this.#forget('orders', key);
    }
  }

  forgetOrder({ id, endedAtMs }: Pick<OrderRecord, 'id' | 'endedAtMs'>): Promise<void> {
    return this.#forget('orders', orderKey(endedAtMs, id));
  }

  pendingOrders(): Promise<PendingOrder[]> {
    return this.#all('pending', pendingOrderSchema);
  }

  keepPendingOrder(order: PendingOrder): Promise<void> {
    return this.#keep('pending', order.id, pendingOrderSchema.parse(order));
  }

  forgetPendingOrder(id: string): Promise<void> {
    return this.#forget('pending', id);
  }

  answer(token: string): Promise<string | undefined> {
    return this.#answers.one(token);
  }

  answers(): Promise<ReadonlyMap<string, string>> {
    return this.#answers.all();
  }

  keepAnswer(token: string, text: string, untilMs: number): Promise<void> {
    return this.#answers.keep(token, text, untilMs);
  }

  forgetAnswer(token: string): Promise<void> {
    return this.#answers.forget(token);
  }

  /** The store has no way to write only where nothing is: whoever draws has the lease for it. */
  async ticketKey(period: number, drawn: Buffer): Promise<Buffer | undefined> {
    const known = await this.#ticketKey(period);
    if (known) return known;
    const lease = await this.lease(
      'ticket-keys',
      this.#options.random.bytes(8).toString('hex'),
      ticketLeaseMs,
    );
    if (!lease) return undefined;
    try {
      const meanwhile = await this.#ticketKey(period);
      if (meanwhile) return meanwhile;
      for (const { key } of await this.#options.store.listDocuments(collections.tickets)) {
        if (Number(key) < period - 1) await this.#forget('tickets', key);
      }
      await this.#keep('tickets', String(period), { key: drawn.toString('base64') });
      return drawn;
    } finally {
      await lease.release();
    }
  }

  async #ticketKey(period: number): Promise<Buffer | undefined> {
    const bytes = await this.#options.store.getDocument(collections.tickets, String(period));
    return (
      bytes && Buffer.from(ticketSchema.parse(this.#read('tickets', String(period), bytes)).key, 'base64')
    );
  }

  async lease(name: string, holder: string, forMs: number): Promise<VaultLease | undefined> {
    const { store, clock } = this.#options;
    const take = (): Promise<boolean> =>
      store.takeLease(name, holder, clock.wallMs(), clock.wallMs() + forMs);
    if (!(await take())) return undefined;
    return { renew: take, release: () => store.releaseLease(name, holder) };
  }

  async #all<T extends z.ZodType>(collection: Collection, schema: T): Promise<z.output<T>[]> {
    const found: z.output<T>[] = [];
    for (const { key, bytes } of await this.#options.store.listDocuments(collections[collection])) {
      try {
        found.push(schema.parse(this.#read(collection, key, bytes)));
      } catch (error) {
        if (this.isShared && collection === 'certificates') throw foreignKey(error);
        this.#options.log.warn(
          `${collections[collection]}/${key} in the store cannot be read and is left out (${errorText(error).split('\n')[0]}); is the key file the one that it was sealed with?`,
        );
      }
    }
    return found;
  }

  #answerIn(token: string, bytes: Uint8Array): unknown {
    try {
      return this.#read('answers', token, bytes);
    } catch {
      return undefined;
    }
  }

  #read(collection: Collection, key: string, bytes: Uint8Array): unknown {
    const plain = this.#options.sealer.open(bytes, `${collections[collection]}/${key}`);
    return JSON.parse(Buffer.from(plain).toString('utf8'));
  }

  #keep(collection: Collection, key: string, value: object): Promise<void> {
    const purpose = `${collections[collection]}/${key}`;
    const sealed = this.#options.sealer.seal(Buffer.from(JSON.stringify(value)), purpose);
    return this.#options.store.putDocument(collections[collection], key, sealed);
  }

  #forget(collection: Collection, key: string): Promise<void> {
    return this.#options.store.deleteDocument(collections[collection], key);
  }

  /** After the change, so that whoever sees the new revision finds it. */
  #revise(): Promise<void> {
    const { store, random } = this.#options;
    return store.putDocument(collections.revision, 'certificates', random.bytes(12));
  }
}

function orderKey(endedAtMs: number, id: string): string {
  return `${String(Math.max(0, endedAtMs)).padStart(15, '0')}-${id}`;
}

/** Going on would order anew what another edge has got already. */
function foreignKey(cause: unknown): SallyportError {
  return new SallyportError(
    'store-corrupt',
    'The certificates in the store are sealed with another key than this edge has; copy seal.key from the data directory of the edge that got them.',
    { cause },
  );
}

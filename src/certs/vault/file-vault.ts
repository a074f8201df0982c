// The certificate vault in a folder of the data directory: a file per thing, readable by its owner only, replaced whole.
//
//   accounts/HASH.json   certificates/ID.json   pending/ID.json   answers/TOKEN.json
//   orders/2026-11-27.ndjson (one line per order, appended)      leases/NAME.7.json      tickets/PERIOD.json
//
// Two processes may share it (an edge that is being replaced by the next): nothing is kept in memory.
import { appendFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { createOnce, makeFolder, replaceFileDurably, unwritable } from '#base/secrets/private-file.ts';
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
import { takeFileLease } from './file-lease.ts';
import type { Sealer } from './sealer.ts';
import { type AnswerShelf, VaultAnswers } from './vault-answers.ts';
import { hashedName, ticketSchema } from './vault-forms.ts';

export interface FileVaultOptions {
  /** Made when it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Seals accounts, certificates and orders under way; without one they stand in their files as they are. */
  readonly sealer?: Sealer;
  /** Keeps this process' temporary files apart from others'. */
  readonly unique: string;
  /** See CertificateVault. */
  readonly isShared: boolean;
}

/** A log line longer than this is cut, so that an append stays one write. */
const maxOrderBytes = 65_536;
const rooms = ['accounts', 'certificates', 'pending', 'answers', 'orders', 'leases', 'tickets'] as const;
type Room = (typeof rooms)[number];

/** Opens the vault in a folder. @throws SallyportError 'file-unwritable' */
export function openFileVault(options: FileVaultOptions): CertificateVault {
  for (const room of rooms) makeFolder(join(options.folder, room));
  return new FileVault(options);
}

class FileVault implements CertificateVault {
  readonly isShared: boolean;
  readonly #options: FileVaultOptions;
  readonly #answers: VaultAnswers;

  constructor(options: FileVaultOptions) {
    this.#options = options;
    this.isShared = options.isShared;
    const shelf: AnswerShelf = {
      read: async (token) => parsed((await this.#text(this.#file('answers', token))) ?? ''),
      all: () => this.#allAnswers(),
      keep: (token, value) => this.#keep('answers', token, value),
      // Also what a write that was cut short by a crash has left beside an answer's own file.
      forget: (name) =>
        name.endsWith('.new')
          ? rm(this.#path('answers', name), { force: true })
          : this.#forget('answers', name),
    };
    this.#answers = new VaultAnswers(shelf, options.clock);
  }

  async account(authority: string): Promise<AccountRecord | undefined> {
    const file = this.#file('accounts', hashedName(authority));
    const text = await this.#text(file);
    if (text === undefined) return undefined;
    try {
      return accountRecordSchema.parse(this.#opened(text, 'accounts', hashedName(authority)));
    } catch (error) {
      throw new SallyportError(
        'credentials-invalid',
        `The account for ${authority} in ${file} cannot be read; restore it from a backup, or delete it to have a new one made.`,
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

  keepCertificate(certificate: CertificateRecord): Promise<void> {
    return this.#keep('certificates', certificate.id, certificateRecordSchema.parse(certificate));
  }

  forgetCertificate(id: string): Promise<void> {
    return this.#forget('certificates', id);
  }

  /** Files come and go by rename, which the folder's own times show. */
  async revision(): Promise<string> {
    const { mtimeNs, ctimeNs } = await stat(join(this.#options.folder, 'certificates'), { bigint: true });
    return `${mtimeNs}.${ctimeNs}`;
  }

  async orders(sinceMs: number): Promise<OrderRecord[]> {
    const found: OrderRecord[] = [];
    for (const file of await this.#days()) {
      if (file < dayFile(sinceMs)) continue;
      for (const line of ((await this.#text(this.#path('orders', file))) ?? '').split('\n')) {
        // A line that was cut short by a crash or a full disk is lost; the next begins on a line of its own.
        const order = line === '' ? undefined : orderRecordSchema.safeParse(parsed(line)).data;
        if (order && order.endedAtMs >= sinceMs) found.push(order);
      }
    }
    return found.toSorted((a, b) => a.endedAtMs - b.endedAtMs);
  }

  async noteOrder(order: OrderRecord): Promise<void> {
    const file = this.#path('orders', dayFile(order.endedAtMs));
    let line = JSON.stringify(orderRecordSchema.parse(order));
    if (line.length > maxOrderBytes) line = JSON.stringify({ ...order, lines: order.lines.slice(-20) });
    try {
      await appendFile(file, `\n${line}\n`, { mode: 0o600 });
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  async forgetOrders(beforeMs: number): Promise<void> {
    for (const file of await this.#days()) {
      if (file < dayFile(beforeMs)) await rm(this.#path('orders', file), { force: true });
    }
  }

  async forgetOrder({ id, endedAtMs }: Pick<OrderRecord, 'id' | 'endedAtMs'>): Promise<void> {
    const file = this.#path('orders', dayFile(endedAtMs));
    const lines = ((await this.#text(file)) ?? '').split('\n').filter((line) => line !== '');
    const kept = lines.filter((line) => {
      const order = orderRecordSchema.safeParse(parsed(line)).data;
      return order?.id !== id || order.endedAtMs !== endedAtMs;
    });
    if (kept.length === lines.length) return;
    if (kept.length === 0) return rm(file, { force: true });
    await replaceFileDurably(file, `${kept.join('\n')}\n`, { mode: 0o600, unique: this.#options.unique });
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

  async ticketKey(period: number, drawn: Buffer): Promise<Buffer | undefined> {
    const file = this.#file('tickets', String(period));
    const value = JSON.stringify({ key: drawn.toString('base64') });
    await createOnce(file, value, { mode: 0o600, unique: this.#options.unique });
    for (const name of await readdir(join(this.#options.folder, 'tickets'))) {
      if (Number.parseInt(name, 10) < period - 1) await rm(this.#path('tickets', name), { force: true });
    }
    const kept = ticketSchema.safeParse(parsed((await this.#text(file)) ?? '')).data;
    return kept && Buffer.from(kept.key, 'base64');
  }

  lease(name: string, holder: string, forMs: number): Promise<VaultLease | undefined> {
    const folder = join(this.#options.folder, 'leases');
    return takeFileLease({ folder, name, holder, forMs, clock: this.#options.clock });
  }

  async #allAnswers(): Promise<[string, unknown][]> {
    const found: [string, unknown][] = [];
    for (const name of await readdir(join(this.#options.folder, 'answers'))) {
      found.push([
        name.replace(/\.json$/, ''),
        parsed((await this.#text(this.#path('answers', name))) ?? ''),
      ]);
    }
    return found;
  }

  /** Every record of a room; what cannot be read is reported and left where it is. */
  async #all<T extends z.ZodType>(room: Room, schema: T): Promise<z.output<T>[]> {
    const found: z.output<T>[] = [];
    for (const name of (await readdir(join(this.#options.folder, room))).toSorted()) {
      if (!name.endsWith('.json')) continue;
      const file = this.#path(room, name);
      try {
        const text = await this.#text(file);
        const value =
          text === undefined ? undefined : this.#opened(text, room, name.slice(0, -'.json'.length));
        if (value !== undefined) found.push(schema.parse(value));
      } catch (error) {
        this.#options.log.warn(
          `${file} cannot be read and is left out; restore it from a backup or delete it (${errorText(error).split('\n')[0]}).`,
        );
      }
    }
    return found;
  }

  #keep(room: Room, name: string, value: object): Promise<void> {
    const { unique, sealer } = this.#options;
    const plain = JSON.stringify(value);
    const isSecret = room === 'accounts' || room === 'certificates' || room === 'pending';
    const text =
      sealer && isSecret
        ? Buffer.from(sealer.seal(Buffer.from(plain), `${room}/${name}`)).toString('latin1')
        : plain;
    return replaceFileDurably(this.#file(room, name), `${text}\n`, { mode: 0o600, unique });
  }

  /** What stands in a file, sealed or (as before there was a sealer) plain. */
  #opened(text: string, room: Room, name: string): unknown {
    const { sealer } = this.#options;
    if (!sealer || text.startsWith('{')) return JSON.parse(text);
    const sealed = Buffer.from(text.trimEnd(), 'latin1');
    return JSON.parse(Buffer.from(sealer.open(sealed, `${room}/${name}`)).toString('utf8'));
  }

  async #forget(room: Room, name: string): Promise<void> {
    await rm(this.#file(room, name), { force: true });
  }

  #file(room: Room, name: string): string {
    return this.#path(room, `${name}.json`);
  }

  #path(room: Room, name: string): string {
    return join(this.#options.folder, room, name);
  }

  /** Names of the files of orders, oldest first. */
  async #days(): Promise<string[]> {
    const files = await readdir(join(this.#options.folder, 'orders'));
    return files.filter((file) => /^\d{4}-\d\d-\d\d\.ndjson$/.test(file)).toSorted();
  }

  /** A file's text; undefined when there is none. */
  async #text(file: string): Promise<string | undefined> {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new SallyportError(
        'file-unreadable',
        `${file} could not be read (${errorText(error)}); check its permissions.`,
        {
          cause: error,
        },
      );
    }
  }
}

function dayFile(wallMs: number): string {
  return `${new Date(Math.max(0, wallMs)).toISOString().slice(0, 10)}.ndjson`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

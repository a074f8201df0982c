// Documents and leases in memory: the part of a store that other rooms use, for tests that need no database.
import type { DocumentStore } from '#certs/vault/document-vault.ts';

/** Every copy of it sees the same documents. */
export class MemoryDocuments implements DocumentStore {
  readonly #documents = new Map<string, Map<string, Uint8Array>>();
  readonly #leases = new Map<string, { holder: string; untilMs: number }>();
  /** Set to have every write fail, as on a full disk. */
  fault: Error | undefined;

  async getDocument(collection: string, key: string): Promise<Uint8Array | undefined> {
    return this.#documents.get(collection)?.get(key);
  }

  async putDocument(collection: string, key: string, bytes: Uint8Array): Promise<void> {
    if (this.fault) throw this.fault;
    const documents = this.#documents.get(collection) ?? new Map<string, Uint8Array>();
    this.#documents.set(collection, documents.set(key, Uint8Array.from(bytes)));
  }

  async deleteDocument(collection: string, key: string): Promise<void> {
    this.#documents.get(collection)?.delete(key);
  }

  async listDocuments(collection: string): Promise<{ key: string; bytes: Uint8Array }[]> {
    const documents = [...(this.#documents.get(collection) ?? [])];
    return documents.map(([key, bytes]) => ({ key, bytes })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async takeLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean> {
    const present = this.#leases.get(name);
    if (present && present.holder !== holder && present.untilMs > nowMs) return false;
    this.#leases.set(name, { holder, untilMs });
    return true;
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name);
  }
}

// What was purged, and when: by host, path prefix, tag, or everything. A purge costs one record, however much it covers;
// an entry is checked against the records made since its request was sent, when it is next looked at. So nothing that
// was asked for before a purge, or is still on its way, comes back after it.
import { isUnder } from '../routes/router.ts';

/** What a purge covers. */
export type PurgeScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'host'; readonly host: string }
  /** A path and everything below it, by whole segments. */
  | { readonly kind: 'prefix'; readonly host: string; readonly path: string }
  | { readonly kind: 'tag'; readonly tag: string };

/** What purges look at. */
export interface Purgeable {
  readonly host: string;
  readonly path: string;
  readonly tags: readonly string[];
  /** `Purges.count` when its request was sent. */
  readonly purgeCount: number;
}

/** More records than this become one that covers everything. */
const maxRecords = 10_000;

export class Purges {
  #count = 0;
  #all = 0;
  #size = 0;
  readonly #hosts = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  readonly #prefixes = new Map<string, Map<string, number>>();

  /** Grows with every purge. */
  get count(): number {
    return this.#count;
  }

  /** Records that are kept. */
  get size(): number {
    return this.#size;
  }

  add(scope: PurgeScope): void {
    const count = ++this.#count;
    if (scope.kind === 'all' || this.#size >= maxRecords) {
      this.#clear();
      this.#all = count;
      return;
    }
    if (scope.kind === 'host') this.#set(this.#hosts, scope.host, count);
    else if (scope.kind === 'tag') this.#set(this.#tags, scope.tag, count);
    else {
      let paths = this.#prefixes.get(scope.host);
      if (!paths) this.#prefixes.set(scope.host, (paths = new Map()));
      this.#set(paths, scope.path, count);
    }
  }

  #set(map: Map<string, number>, key: string, count: number): void {
    if (!map.has(key)) this.#size += 1;
    map.set(key, count);
  }

  #clear(): void {
    this.#hosts.clear();
    this.#tags.clear();
    this.#prefixes.clear();
    this.#size = 0;
  }

  /** Whether a purge since its request covers it. */
  covers({ host, path, tags, purgeCount }: Purgeable): boolean {
    if (this.#count === purgeCount) return false;
    if (this.#all > purgeCount || (this.#hosts.get(host) ?? 0) > purgeCount) return true;
    for (const tag of tags) if ((this.#tags.get(tag) ?? 0) > purgeCount) return true;
    const paths = this.#prefixes.get(host);
    if (paths)
      for (const [prefix, count] of paths) if (count > purgeCount && isUnder(path, prefix)) return true;
    return false;
  }

  /** Forgets records up to `count`: everything older has been looked through. */
  forget(count: number): void {
    if (this.#all <= count) this.#all = 0;
    const drop = (map: Map<string, number>): void => {
      for (const [key, at] of map) {
        if (at > count) continue;
        map.delete(key);
        this.#size -= 1;
      }
    };
    drop(this.#hosts);
    drop(this.#tags);
    for (const [host, paths] of this.#prefixes) {
      drop(paths);
      if (paths.size === 0) this.#prefixes.delete(host);
    }
  }
}

// From a key to what is stored under it, the newest first, and from an address to all keys that begin with it. Memory and
// disk each have one.
import type { Variant } from './variants.ts';

/** Something stored under a key; hangs in a chain with the others of the same key. */
export interface Keyed extends Variant {
  readonly key: string;
  /** Undefined for a whole response, else where the part begins. */
  readonly part: { readonly first: number } | undefined;
  nextVariant: Keyed | undefined;
  /** It can be found. */
  isListed: boolean;
}

export class KeyIndex<Item extends Keyed> {
  readonly #first = new Map<string, Item>();
  /** Keys that add something to their address, by address. */
  readonly #derived = new Map<string, Set<string>>();

  /** The newest item under a key. HOT. */
  first(key: string): Item | undefined {
    return this.#first.get(key);
  }

  /** All items, in a copy that stays as it is when items come and go. */
  all(): Item[] {
    const items: Item[] = [];
    for (const first of this.#first.values())
      for (let item: Item | undefined = first; item; item = nextOf(item)) items.push(item);
    return items;
  }

  /** The item that answers exactly the requests that `like` answers. */
  same(like: Variant & Pick<Keyed, 'key' | 'part'>): Item | undefined {
    for (let item = this.#first.get(like.key); item; item = nextOf(item)) {
      const isSameKind = (item.part === undefined) === (like.part === undefined);
      // What varies by other fields than it used to answers the same requests as before.
      if (isSameKind && item.variant === like.variant) return item;
    }
    return undefined;
  }

  add(item: Item): void {
    item.nextVariant = this.#first.get(item.key);
    this.#first.set(item.key, item);
    item.isListed = true;
    const address = addressOfDerived(item.key);
    if (address === undefined) return;
    const keys = this.#derived.get(address);
    if (keys) keys.add(item.key);
    else this.#derived.set(address, new Set([item.key]));
  }

  remove(item: Item): void {
    if (!item.isListed) return;
    item.isListed = false;
    const first = this.#first.get(item.key)!;
    if (first !== item) {
      let before = first;
      while (before.nextVariant !== item) before = nextOf(before)!;
      before.nextVariant = item.nextVariant;
    } else if (item.nextVariant) {
      this.#first.set(item.key, nextOf(item)!);
    } else {
      this.#first.delete(item.key);
      this.#forgetDerived(item.key);
    }
    item.nextVariant = undefined;
  }

  /** The oldest item under a key, when there are more than `most`. */
  excess(key: string, most: number): Item | undefined {
    let count = 0;
    let last: Item | undefined;
    for (let item = this.#first.get(key); item; item = nextOf(item)) {
      count += 1;
      last = item;
    }
    return count > most ? last : undefined;
  }

  /** Items under an address, whatever their keys add to it. */
  underAddress(address: string): Item[] {
    const items: Item[] = [];
    for (const key of [address, ...(this.#derived.get(address) ?? [])])
      for (let item = this.#first.get(key); item; item = nextOf(item)) items.push(item);
    return items;
  }

  #forgetDerived(key: string): void {
    const address = addressOfDerived(key);
    if (address === undefined) return;
    const keys = this.#derived.get(address);
    keys?.delete(key);
    if (keys?.size === 0) this.#derived.delete(address);
  }
}

function nextOf<Item extends Keyed>(item: Item): Item | undefined {
  return item.nextVariant as Item | undefined;
}

function addressOfDerived(key: string): string | undefined {
  const end = key.indexOf('\n');
  return end < 0 ? undefined : key.slice(0, end);
}

// Which entry a TLS server name belongs to: the exact name first, then the longest suffix, as routes are found.

interface Named {
  readonly entry: { readonly hostname: string };
}

/** An immutable table. */
export class ServerNames<T extends Named> {
  readonly #exact = new Map<string, T>();
  readonly #suffix = new Map<string, T>();

  constructor(entries: readonly T[]) {
    for (const each of entries) {
      const { hostname } = each.entry;
      if (hostname.startsWith('*.')) this.#suffix.set(hostname.slice(2), each);
      else this.#exact.set(hostname, each);
    }
  }

  get size(): number {
    return this.#exact.size + this.#suffix.size;
  }

  /** `name` is canonical; '' finds nothing. */
  find(name: string): T | undefined {
    const exact = this.#exact.get(name);
    if (exact || this.#suffix.size === 0) return exact;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const found = this.#suffix.get(name.slice(dot + 1));
      if (found) return found;
    }
    return undefined;
  }
}

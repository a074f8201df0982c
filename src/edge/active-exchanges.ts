// All exchanges under way. HOT: each stands in a list and knows its place there; a Set's table would grow and shrink with every
// burst of requests, which costs more than all else that is done here.

/** What a member keeps of the list. */
export interface Listed {
  /** Its place; -1 while it is in no list. */
  activeIndex: number;
}

export class ActiveExchanges<T extends Listed> {
  readonly #list: T[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(member: T): void {
    member.activeIndex = this.#list.length;
    this.#list.push(member);
  }

  /** Does nothing for one that is not in the list. */
  delete(member: T): void {
    const index = member.activeIndex;
    if (index < 0) return;
    member.activeIndex = -1;
    const last = this.#list.pop()!;
    if (last === member) return;
    this.#list[index] = last;
    last.activeIndex = index;
  }

  /** Those of this moment; whoever goes over them may end some. */
  present(): readonly T[] {
    return [...this.#list];
  }
}

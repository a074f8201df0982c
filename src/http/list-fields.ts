// Header fields of answers that the edge makes itself, as a flat list of names and values. What comes from clients and
// origins has classes of its own, which hold back what a stranger may not say; here nothing is held back.
import type { Fields } from './exchange.ts';

/** Fields over `[name, value, name, value, ...]`; the array is not copied. */
export class ListFields implements Fields {
  readonly #list: readonly string[];

  constructor(list: readonly string[]) {
    this.#list = list;
  }

  get(lowerName: string): string | undefined {
    for (let i = 0; i < this.#list.length; i += 2) {
      if (this.#list[i]!.toLowerCase() === lowerName) return this.#list[i + 1];
    }
    return undefined;
  }

  forEach(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.#list.length; i += 2) visit(this.#list[i]!, this.#list[i + 1]!);
  }

  writeEndToEnd(out: Buffer, offset: number): number {
    let text = '';
    this.forEach((name, value) => (text += `${name}: ${value}\r\n`));
    return offset + out.latin1Write(text, offset);
  }
}

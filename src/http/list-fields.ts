// Header fields as a flat list of names and values: for answers the edge makes itself and for HTTP/2, where no
// HTTP/1.1 lines exist to copy.
import { FieldAction, fieldActionOf } from '#wire/http1-fields.ts';
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
    this.forEach((name, value) => {
      if (fieldActionOf(name) === FieldAction.forward) text += `${name}: ${value}\r\n`;
    });
    return offset + out.latin1Write(text, offset);
  }
}

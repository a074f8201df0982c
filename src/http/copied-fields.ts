// Fields that outlive the call in which their head came. A head that is passed on stands in memory that the next read
// writes over; whoever speaks later (a compressor on another thread, a question asked after its client has left) keeps
// a copy first.
import { endToEndList, fieldLines } from './cache/stored-fields.ts';
import type { Fields } from './exchange.ts';
import { ListFields } from './list-fields.ts';

/** The end-to-end fields of a head, by value; unlike ListFields these are nothing of the edge's own. */
export class CopiedFields implements Fields {
  readonly #list: ListFields;
  readonly #text: string;

  constructor(fields: Fields) {
    const list = endToEndList(fields);
    this.#list = new ListFields(list);
    this.#text = fieldLines(list);
  }

  get(lowerName: string): string | undefined {
    return this.#list.get(lowerName);
  }

  forEach(visit: (name: string, value: string) => void): void {
    this.#list.forEach(visit);
  }

  writeEndToEnd(out: Buffer, offset: number): number {
    return offset + out.latin1Write(this.#text, offset);
  }
}

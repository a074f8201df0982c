// When a session's frames leave: not at the end of the turn of the event loop in which the first was appended, but once a
// turn has added none, or after a few. Answers of many origins come within microseconds of each other, in turns of their
// own; as one write they cost one TLS record, one system call and one reading at the other end. When nothing else
// comes this takes one turn more, which waits for nobody.
//
// HOT: bench/bench.ts shows it.

/** Turns that may add to a write; each takes as long as what it handles. */
const mostTurns = 3;

/** More than this leaves at the end of its turn: two full TLS records. */
const enoughBytes = 32_768;

/** Whose frames are gathered. */
export interface Gathered {
  /** Appended and not yet sent. */
  readonly waitingBytes: number;
  flush(): void;
}

export class Gathering {
  readonly #defer: (run: () => void) => void;
  readonly #gathered: Gathered;
  #turns = 0;
  #bytesBefore = 0;

  /** `defer` runs what it is given at the end of the turn. */
  constructor(defer: (run: () => void) => void, gathered: Gathered) {
    this.#defer = defer;
    this.#gathered = gathered;
  }

  /** Something is to be sent; not again before `flush`. */
  begin(): void {
    this.#turns = 0;
    this.#bytesBefore = -1;
    this.#defer(this.#look);
  }

  readonly #look = (): void => {
    const { waitingBytes } = this.#gathered;
    if (waitingBytes === this.#bytesBefore || waitingBytes > enoughBytes || ++this.#turns === mostTurns) {
      this.#gathered.flush();
      return;
    }
    this.#bytesBefore = waitingBytes;
    this.#defer(this.#look);
  };
}

// Which entry leaves when room is needed: S3-FIFO (Yang and others, SOSP 2023). New entries go into a small queue; only
// those that are asked for again while there get into the main one, so a crawler that reads everything once pushes
// nothing out. A ghost list remembers what left the small queue lately and lets it straight into the main one.
//
// A hit costs one increment; nothing is moved until room is needed. Entries are linked, so one can leave from anywhere.

/** An entry's place in the queues; kept on the entry itself. */
export interface FifoNode {
  /** Bytes it is charged with. Changed by `resize` only, while it is queued. */
  chargedBytes: number;
  queue: 'none' | 'small' | 'main';
  /** Hits since it was last looked at, at most 3. */
  frequency: number;
  newer: FifoNode | undefined;
  older: FifoNode | undefined;
  /** Any number that is the same for the same content, and seldom for others. */
  readonly ghostHash: number;
}

/** What part of the room new entries share (the paper's 10 %). */
const smallPart = 0.1;
const mostFrequency = 3;
/** Ghosts remembered: as many as there are entries, within these bounds. */
const ghostBounds = { least: 1_000, most: 100_000 } as const;

class Queue<Node extends FifoNode> {
  newest: Node | undefined;
  oldest: Node | undefined;
  bytes = 0;
  count = 0;

  push(node: Node): void {
    node.older = this.newest;
    node.newer = undefined;
    if (this.newest) this.newest.newer = node;
    else this.oldest = node;
    this.newest = node;
    this.bytes += node.chargedBytes;
    this.count += 1;
  }

  remove(node: Node): void {
    if (node.newer) node.newer.older = node.older;
    else this.newest = node.older as Node | undefined;
    if (node.older) node.older.newer = node.newer;
    else this.oldest = node.newer as Node | undefined;
    node.newer = undefined;
    node.older = undefined;
    this.bytes -= node.chargedBytes;
    this.count -= 1;
  }
}

export class S3Fifo<Node extends FifoNode> {
  readonly #small = new Queue<Node>();
  readonly #main = new Queue<Node>();
  readonly #ghosts = new Set<number>();
  readonly #limitBytes: number;
  readonly #evicted: (node: Node) => void;

  /** `evicted` is told of each entry that left for want of room. */
  constructor(limitBytes: number, evicted: (node: Node) => void) {
    this.#limitBytes = limitBytes;
    this.#evicted = evicted;
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  get count(): number {
    return this.#small.count + this.#main.count;
  }

  /** Takes an entry in and lets others go until all fit. An entry larger than the whole room is evicted at once. */
  insert(node: Node): void {
    node.frequency = 0;
    if (this.#ghosts.delete(node.ghostHash)) this.#enter(node, 'main');
    else this.#enter(node, 'small');
    this.#makeRoom();
  }

  /** Notes a hit. HOT. */
  touch(node: FifoNode): void {
    if (node.frequency < mostFrequency) node.frequency += 1;
  }

  /** Takes an entry out; it is not told to `evicted`. */
  remove(node: Node): void {
    if (node.queue === 'none') return;
    (node.queue === 'small' ? this.#small : this.#main).remove(node);
    node.queue = 'none';
  }

  /** Charges an entry with another number of bytes. */
  resize(node: Node, chargedBytes: number): void {
    if (node.queue !== 'none') {
      (node.queue === 'small' ? this.#small : this.#main).bytes += chargedBytes - node.chargedBytes;
    }
    node.chargedBytes = chargedBytes;
    this.#makeRoom();
  }

  /** Entries, newest first, those of the main queue before the small one's. */
  *[Symbol.iterator](): Generator<Node> {
    for (const queue of [this.#main, this.#small]) {
      for (let node = queue.newest; node;) {
        // What is removed while it is visited has lost its neighbours.
        const older = node.older as Node | undefined;
        yield node;
        node = older;
      }
    }
  }

  #enter(node: Node, queue: 'small' | 'main'): void {
    node.queue = queue;
    (queue === 'small' ? this.#small : this.#main).push(node);
  }

  #makeRoom(): void {
    while (this.bytes > this.#limitBytes) {
      const isSmallFull = this.#small.bytes > this.#limitBytes * smallPart || this.#main.count === 0;
      if (isSmallFull) this.#passSmall();
      else this.#passMain();
    }
  }

  /** The oldest of the small queue moves on or leaves. */
  #passSmall(): void {
    const node = this.#small.oldest!;
    this.#small.remove(node);
    if (node.frequency > 0) {
      node.frequency = 0;
      this.#enter(node, 'main');
      return;
    }
    this.#remember(node.ghostHash);
    node.queue = 'none';
    this.#evicted(node);
  }

  /** The oldest of the main queue gets another turn for each hit it had, or leaves. */
  #passMain(): void {
    const node = this.#main.oldest!;
    this.#main.remove(node);
    if (node.frequency > 0) {
      node.frequency -= 1;
      this.#main.push(node);
      return;
    }
    node.queue = 'none';
    this.#evicted(node);
  }

  #remember(hash: number): void {
    this.#ghosts.add(hash);
    const most = Math.min(ghostBounds.most, Math.max(ghostBounds.least, this.count));
    for (const oldest of this.#ghosts) {
      if (this.#ghosts.size <= most) return;
      this.#ghosts.delete(oldest);
    }
  }
}

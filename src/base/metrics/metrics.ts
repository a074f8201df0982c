// Counters, gauges and histograms in Prometheus text format 0.0.4. Children are bound to their labels once
// and kept, so the hot path only adds to a number; text is made at scrape time.

export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(amount?: number): void;
  readonly value: number;
}

/** A number that goes both ways. */
export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
  readonly value: number;
}

/** Counts observations into buckets. */
export interface Histogram {
  observe(value: number): void;
}

/** A metric with labels; `with` returns the same child for the same label values. */
export interface Family<Child> {
  with(labels: Labels): Child;
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface Entry {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly lines: () => Iterable<string>;
}

/** More label combinations than this in one family are counted together under `other`. */
const maxChildrenPerFamily = 2000;

/** All metrics of one process (one registry per role). */
export class MetricsRegistry {
  readonly #entries = new Map<string, Entry>();

  counter(name: string, help: string): Family<Counter> {
    return this.#family(name, help, 'counter', () => new Cell());
  }

  gauge(name: string, help: string): Family<Gauge> {
    return this.#family(name, help, 'gauge', () => new Cell());
  }

  histogram(name: string, help: string, buckets: readonly number[]): Family<Histogram> {
    return this.#family(name, help, 'histogram', () => new Buckets(buckets));
  }

  /** A gauge that is asked for its values only when scraped. */
  collect(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    read: () => Iterable<[Labels, number]>,
  ): void {
    this.#add({
      name,
      help,
      kind,
      *lines() {
        for (const [labels, value] of read()) yield `${name}${labelText(labels)} ${value}`;
      },
    });
  }

  /** The whole exposition, `text/plain; version=0.0.4`. */
  text(): string {
    let out = '';
    for (const entry of this.#entries.values()) {
      out += `# HELP ${entry.name} ${entry.help}\n# TYPE ${entry.name} ${entry.kind}\n`;
      for (const line of entry.lines()) out += `${line}\n`;
    }
    return out;
  }

  #family<Child extends Printable>(name: string, help: string, kind: Kind, make: () => Child): Family<Child> {
    const children = new Map<string, Child>();
    this.#add({
      name,
      help,
      kind,
      *lines() {
        for (const [labels, child] of children) yield* child.print(name, labels);
      },
    });
    return {
      with(labels) {
        let key = labelText(labels);
        if (!children.has(key) && children.size >= maxChildrenPerFamily) {
          key = labelText(Object.fromEntries(Object.keys(labels).map((label) => [label, 'other'])));
        }
        let child = children.get(key);
        if (!child) {
          child = make();
          children.set(key, child);
        }
        return child;
      },
    };
  }

  #add(entry: Entry): void {
    if (this.#entries.has(entry.name)) throw new Error(`metric ${entry.name} is defined twice`);
    this.#entries.set(entry.name, entry);
  }
}

interface Printable {
  print(name: string, labels: string): Iterable<string>;
}

class Cell implements Counter, Gauge, Printable {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }

  *print(name: string, labels: string): Iterable<string> {
    yield `${name}${labels} ${this.value}`;
  }
}

class Buckets implements Histogram, Printable {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    for (let i = 0; i < this.#bounds.length; i++) {
      if (value <= this.#bounds[i]!) {
        this.#counts[i]! += 1;
        return;
      }
    }
  }

  *print(name: string, labels: string): Iterable<string> {
    let cumulative = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      cumulative += this.#counts[i]!;
      yield `${name}_bucket${withLabel(labels, 'le', String(bound))} ${cumulative}`;
    }
    yield `${name}_bucket${withLabel(labels, 'le', '+Inf')} ${this.#count}`;
    yield `${name}_sum${labels} ${this.#sum}`;
    yield `${name}_count${labels} ${this.#count}`;
  }
}

function withLabel(labels: string, name: string, value: string): string {
  const own = `${name}="${value}"`;
  return labels === '' ? `{${own}}` : `${labels.slice(0, -1)},${own}}`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

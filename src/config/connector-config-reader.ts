// Typed reading of cloudflared's config.yml (or its JSON form) out of a YAML document, with the line of everything
// that is wrong. Nothing throws: every problem is collected, so the operator sees all of them at once.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { parseDuration } from '#base/text/duration.ts';

/** One thing that is wrong ('error') or suspicious ('warning'), or a key nobody reads ('unused-key'). */
export interface ConfigProblem {
  readonly kind: 'error' | 'warning' | 'unused-key';
  readonly message: string;
  /** 1-based; undefined when it concerns the file as a whole. */
  readonly line: number | undefined;
}

/** YAML has Go durations ("30s"); JSON, the form of remote configuration, has whole seconds and loose key case. */
export type ConfigFormat = 'yaml' | 'json';

/** A key of a mapping with its value. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: Node | undefined;
  readonly line: number | undefined;
}

/** Deeper or more aliased documents are an attack on the reader's memory. */
const maxAliases = 100;

/** Reads one document and collects what is wrong with it. */
export class ConfigReader {
  readonly problems: ConfigProblem[] = [];
  readonly root: Node | undefined;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #format: ConfigFormat;

  constructor(text: string, format: ConfigFormat) {
    this.#format = format;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const error of this.#document.errors) {
      this.problems.push({
        kind: 'error',
        message: error.message,
        line: this.#lines.linePos(error.pos[0]).line,
      });
    }
    this.root = this.#document.contents ?? undefined;
  }

  error(message: string, line: number | undefined): void {
    this.problems.push({ kind: 'error', message, line });
  }

  warn(message: string, line: number | undefined): void {
    this.problems.push({ kind: 'warning', message, line });
  }

  unusedKey(name: string, line: number | undefined): void {
    this.problems.push({ kind: 'unused-key', message: `key "${name}" is not known and has no effect`, line });
  }

  lineOf(node: Node | undefined): number | undefined {
    return node?.range ? this.#lines.linePos(node.range[0]).line : undefined;
  }

  /** The entries of a mapping with merge keys (`<<`) resolved; undefined, with an error, when the node is something else. */
  entries(node: Node | undefined, name: string): ConfigEntry[] | undefined {
    const map = this.#resolve(node);
    if (map === undefined || isNull(map)) return [];
    if (!isMap(map)) {
      this.error(`${name} must be a mapping of keys to values`, this.lineOf(node));
      return undefined;
    }
    return [...this.#entriesOf(map, 0).values()];
  }

  /** The items of a list; undefined, with an error, when the node is something else. */
  items(node: Node | undefined, name: string): Node[] | undefined {
    const list = this.#resolve(node);
    if (list === undefined || isNull(list)) return [];
    if (isSeq(list)) return list.items.map((item) => this.#resolve(item as Node) ?? (item as Node));
    this.error(`${name} must be a list`, this.lineOf(node));
    return undefined;
  }

  /** A string; numbers and booleans written without quotes are taken as they stand, as Go's YAML does. */
  string(node: Node | undefined, name: string): string | undefined {
    const scalar = this.#resolve(node);
    if (scalar === undefined || isNull(scalar)) return undefined;
    if (isScalar(scalar)) {
      if (typeof scalar.value === 'string') return scalar.value;
      if (this.#format === 'yaml' && scalar.source !== undefined) return scalar.source;
    }
    this.error(`${name} must be a string`, this.lineOf(node));
    return undefined;
  }

  boolean(node: Node | undefined, name: string): boolean | undefined {
    const scalar = this.#resolve(node);
    if (scalar === undefined || isNull(scalar)) return undefined;
    if (isScalar(scalar)) {
      if (typeof scalar.value === 'boolean') return scalar.value;
      const word =
        this.#format === 'yaml' && scalar.type === 'PLAIN'
          ? yaml11Booleans.get(String(scalar.value))
          : undefined;
      if (word !== undefined) return word;
    }
    this.error(`${name} must be true or false`, this.lineOf(node));
    return undefined;
  }

  integer(node: Node | undefined, name: string): number | undefined {
    const scalar = this.#resolve(node);
    if (scalar === undefined || isNull(scalar)) return undefined;
    if (
      isScalar(scalar) &&
      typeof scalar.value === 'number' &&
      Number.isSafeInteger(scalar.value) &&
      scalar.value >= 0
    ) {
      return scalar.value;
    }
    this.error(`${name} must be a whole number`, this.lineOf(node));
    return undefined;
  }

  /** Milliseconds. */
  duration(node: Node | undefined, name: string): number | undefined {
    if (this.#format === 'json') {
      const seconds = this.integer(node, `${name} (seconds)`);
      return seconds === undefined ? undefined : seconds * 1000;
    }
    const scalar = this.#resolve(node);
    if (scalar === undefined || isNull(scalar)) return undefined;
    const durationMs = isScalar(scalar) ? parseDuration(scalar.source ?? String(scalar.value)) : undefined;
    if (durationMs !== undefined && durationMs >= 0) return durationMs;
    this.error(`${name} must be a duration with its unit, such as 30s or 1m30s`, this.lineOf(node));
    return undefined;
  }

  /** A list of strings; a single one stands for a list of one. */
  strings(node: Node | undefined, name: string): string[] | undefined {
    const value = this.#resolve(node);
    if (isScalar(value)) {
      const single = this.string(node, name);
      return single === undefined ? undefined : [single];
    }
    return this.items(node, name)?.flatMap((item, i) => this.string(item, `${name}[${i}]`) ?? []);
  }

  /** Whether a key of the file is the wanted one: exact in YAML, without regard to case in JSON, as Go decodes them. */
  isKey(key: string, wanted: string): boolean {
    return key === wanted || (this.#format === 'json' && key.toLowerCase() === wanted.toLowerCase());
  }

  #resolve(node: Node | undefined): Node | undefined {
    return isAlias(node) ? (node.resolve(this.#document) as Node | undefined) : node;
  }

  #entriesOf(map: YAMLMap, depth: number): Map<string, ConfigEntry> {
    const own = new Map<string, ConfigEntry>();
    const merged = new Map<string, ConfigEntry>();
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const name = isScalar(key) ? String(key.value) : '';
      if (name === '<<' && depth < maxAliases) {
        for (const [inner, entry] of this.#merged(value ?? undefined, depth)) merged.set(inner, entry);
      } else {
        own.set(name, { key: name, value: value ?? undefined, line: this.lineOf(key) });
      }
    }
    return new Map([...merged, ...own]);
  }

  #merged(node: Node | undefined, depth: number): Map<string, ConfigEntry> {
    const value = this.#resolve(node);
    if (isMap(value)) return this.#entriesOf(value, depth + 1);
    const all = new Map<string, ConfigEntry>();
    if (!isSeq(value)) return all;
    // Earlier maps of the list win over later ones.
    for (const item of value.items.toReversed()) {
      for (const [key, entry] of this.#merged(item as Node, depth + 1)) all.set(key, entry);
    }
    return all;
  }
}

const yaml11Booleans: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'Yes', 'YES', 'on', 'On', 'ON', 'y', 'Y'].map((word): [string, boolean] => [word, true]),
  ...['no', 'No', 'NO', 'off', 'Off', 'OFF', 'n', 'N'].map((word): [string, boolean] => [word, false]),
]);

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

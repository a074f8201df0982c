// The country database of an edge, from the file that edge.yml names. It is loaded again when the file changes. One that is
// missing or broken is no reason to stop, and none to go on with the one before: nothing is known then, so that rules by
// country open nothing, and the log says what to do.
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import type { Log } from '#base/log.ts';
import { CountryDatabase, type CountrySource, noCountries } from '#edge/access/addresses/country-database.ts';

export interface CountryFileOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Databases are exchanged once a week; a look costs nothing. */
const lookEveryMs = 10_000;
/** The largest that are sold have some 200 MB with cities and all; it is held in memory. */
const maxBytes = 512 * 1_048_576;

export class CountryFile implements CountrySource {
  fault = noCountries.fault;
  readonly #options: CountryFileOptions;
  #path = '';
  #database: CountryDatabase | undefined;
  #watch: FileWatch | undefined;

  constructor(options: CountryFileOptions) {
    this.#options = options;
  }

  countryOf(address: string): string | undefined {
    return this.#database?.countryOf(address);
  }

  /** Reads this file from now on; '' is none. */
  async follow(path: string): Promise<void> {
    if (path === this.#path) return;
    this.close();
    this.#path = path;
    if (path === '') {
      this.fault = noCountries.fault;
      return;
    }
    const { clock } = this.#options;
    this.#watch = watchFiles({
      files: () => [path],
      clock,
      everyMs: lookEveryMs,
      onChange: () => this.#load(path),
    });
    await this.#load(path);
  }

  /** Looks at the file now. */
  async look(): Promise<void> {
    await this.#watch?.look();
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
    this.#database = undefined;
    this.#path = '';
  }

  async #load(path: string): Promise<void> {
    const { log } = this.#options;
    const loaded = await read(path);
    // edge.yml may name another file by now.
    if (path !== this.#path) return;
    if (typeof loaded === 'string') {
      this.#database = undefined;
      this.fault = `The country database ${path} cannot be used (${loaded}); put a good one there (.mmdb), and it is loaded at once.`;
      log.error(`${this.fault} Until then rules by country let nobody through.`);
      return;
    }
    this.#database = loaded;
    this.fault = '';
    log.info('Country database loaded', { file: path, made: new Date(loaded.madeAtMs).toISOString() });
  }
}

/** The database, or why there is none. */
async function read(path: string): Promise<CountryDatabase | string> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) return `it has ${size} bytes, more than ${maxBytes}`;
    return new CountryDatabase(await readFile(path));
  } catch (error) {
    return errorText(error);
  }
}

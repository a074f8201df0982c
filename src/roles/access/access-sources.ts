// What an edge's access decisions draw on beside the directory: files that edge.yml names. It follows them and edge.yml, and
// says which rules of which routes ask for what is not there.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { AccessConfig } from '#config/access-schema.ts';
import type { AccessDesk } from '#edge/access/visitors/access-desk.ts';
import { compilePolicy, isPublic } from '#http/access/compiled-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { routeName } from '#model/routes/route.ts';
import { AuthorityFiles } from './authority-files.ts';
import { CountryFile } from './country-file.ts';

export interface AccessSourcesOptions {
  readonly access: AccessConfig;
  readonly clock: Clock;
  readonly log: Log;
}

export class AccessSources {
  readonly countries: CountryFile;
  readonly files: AuthorityFiles;
  readonly #log: Log;
  /** Said already, so that a change elsewhere does not say it again. */
  #said: ReadonlySet<string> = new Set();

  private constructor({ clock, log }: AccessSourcesOptions) {
    this.#log = log;
    this.countries = new CountryFile({ clock, log });
    this.files = new AuthorityFiles({ clock, log });
  }

  /** Reads what there is; what cannot be read is said in the log, and opens nothing. */
  static async open(options: AccessSourcesOptions): Promise<AccessSources> {
    const sources = new AccessSources(options);
    await sources.apply(options.access);
    return sources;
  }

  async apply({ countries = '', authorities }: AccessConfig): Promise<void> {
    await this.countries.follow(countries);
    await this.files.follow(authorities);
  }

  /** Warns of rules that can let nobody through, once each. */
  check(routes: readonly RouteEntry[], desk: AccessDesk): void {
    const lacks = routes.flatMap((route) =>
      isPublic(route.access)
        ? []
        : desk.lacks(compilePolicy(route.access!)).map((lack) => `${routeName(route)}: ${lack}`),
    );
    for (const lack of lacks) {
      if (!this.#said.has(lack)) this.#log.warn(`Rules of ${lack}`);
    }
    this.#said = new Set(lacks);
  }

  close(): void {
    this.countries.close();
    this.files.close();
  }
}

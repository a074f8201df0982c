// The authorities of clients' certificates, from the files that edge.yml names; loaded again when one changes. A file that is
// missing or broken takes its authority away, loudly: its clients are turned away until it is mended.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import type { Log } from '#base/log.ts';
import type { AccessConfig } from '#config/access-schema.ts';
import { type ClientAuthority, ClientAuthorities } from '#edge/access/certificates/client-authorities.ts';
import { readRevocationList } from '#edge/access/certificates/revocation-list.ts';

type Settings = AccessConfig['authorities'];

const lookEveryMs = 10_000;

export class AuthorityFiles {
  /** Those of the files as they are now. */
  authorities = new ClientAuthorities([]);
  /** Why an authority is not there, by its name, each with its cure. */
  readonly faults = new Map<string, string>();
  /** Called after each change, so that what is under way is judged anew. */
  onChange: () => void = () => undefined;
  readonly #log: Log;
  readonly #watch: FileWatch;
  #settings: Settings = [];

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#log = log;
    this.#watch = watchFiles({
      files: () => this.#settings.flatMap(({ file, crl }) => [file, ...(crl === undefined ? [] : [crl])]),
      clock,
      everyMs: lookEveryMs,
      onChange: () => this.#load(),
    });
  }

  async follow(settings: Settings): Promise<void> {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    await this.#load();
  }

  /** Looks at the files now. */
  look(): Promise<void> {
    return this.#watch.look();
  }

  close(): void {
    this.#watch.close();
  }

  async #load(): Promise<void> {
    const loaded: ClientAuthority[] = [];
    this.faults.clear();
    for (const setting of this.#settings) {
      try {
        loaded.push(await read(setting));
      } catch (error) {
        const fault = `The authority "${setting.name}" of edge.yml cannot be used (${errorText(error)}); put good files there, and they are loaded at once.`;
        this.faults.set(setting.name, fault);
        this.#log.error(`${fault} Until then its clients are turned away.`);
      }
    }
    this.authorities = new ClientAuthorities(loaded);
    this.onChange();
  }
}

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

async function read({ name, file, crl }: Settings[number]): Promise<ClientAuthority> {
  const blocks = (await readFile(file, 'utf8')).match(pemBlock) ?? [];
  const certificates = blocks.map((block) => new X509Certificate(block));
  if (certificates.length === 0) throw new Error(`${file} has no certificate in PEM`);
  const leaf = certificates.find(({ ca }) => !ca);
  if (leaf)
    throw new Error(`${file} has a certificate of no authority: ${leaf.subject.replaceAll('\n', ', ')}`);
  const lists = crl === undefined ? [] : [readRevocationList(await readFile(crl))];
  if (lists.some((list) => !certificates.some((certificate) => list.isOf(certificate))))
    throw new Error(`${crl} is signed by no certificate of ${file}`);
  return { name, certificates, lists };
}

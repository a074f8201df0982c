// Where a connector's credentials come from: fixed (a token on the command line or in the environment), or a file that is
// watched, so that a renewed secret heals a revoked connector without a restart.
import { readFileSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import type { Log } from '#base/log.ts';
import { parseCredentialsFile, parseToken, type TunnelCredentials } from '#tunnel/credentials.ts';

export interface CredentialsSource {
  current(): TunnelCredentials;
  /** Calls `listener` after a change; the returned function ends that. */
  subscribe(listener: () => void): () => void;
  close(): void;
}

/** Credentials that cannot change while the process lives. */
export function fixedCredentials(credentials: TunnelCredentials): CredentialsSource {
  return { current: () => credentials, subscribe: () => () => {}, close() {} };
}

export interface FileCredentialsOptions {
  readonly file: string;
  /** What the file holds: a token, or cloudflared's JSON. */
  readonly form: 'token' | 'json';
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of the file system make it quicker. */
const lookEveryMs = 2_000;

/**
 * Credentials from a file.
 * @throws SallyportError when the file cannot be read or used now; later faults are logged and the last good kept
 */
export function fileCredentials(options: FileCredentialsOptions): CredentialsSource {
  return new WatchedCredentials(options);
}

class WatchedCredentials implements CredentialsSource {
  readonly #file: string;
  readonly #form: 'token' | 'json';
  readonly #log: Log;
  readonly #watch: FileWatch;
  readonly #listeners = new Set<() => void>();
  #text: string;
  #current: TunnelCredentials;

  constructor({ file, form, clock, log }: FileCredentialsOptions) {
    this.#file = file;
    this.#form = form;
    this.#log = log;
    this.#text = readSecret(file);
    this.#current = this.#parse(this.#text);
    this.#watch = watchFiles({
      files: () => [file],
      clock,
      everyMs: lookEveryMs,
      waitsForMissing: true,
      onChange: () => this.#read(),
    });
  }

  current(): TunnelCredentials {
    return this.#current;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#watch.close();
  }

  #read(): void {
    try {
      const text = readSecret(this.#file);
      if (text === this.#text) return;
      this.#current = this.#parse(text);
      this.#text = text;
    } catch (error) {
      this.#log.error('The renewed tunnel credentials cannot be used; the earlier ones stay in force', {
        error: errorText(error),
      });
      return;
    }
    for (const listener of this.#listeners) listener();
  }

  #parse(text: string): TunnelCredentials {
    return this.#form === 'token' ? parseToken(text, this.#file) : parseCredentialsFile(text, this.#file);
  }
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'credentials-invalid',
      `The tunnel credentials ${file} could not be read (${errorText(error)}); check the path and its permissions.`,
      { cause: error },
    );
  }
}

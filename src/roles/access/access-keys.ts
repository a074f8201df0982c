// The keys of access at this edge: what signs cookies and hand-overs, and what assertions to origins are signed with. Edges of
// one store share them (access-key-keeper.ts); the file in the data folder is what an edge starts from while the store
// is away, and all that one without a store has. Without keys everybody signs in again.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { createFileOnce, replaceFile } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import type { TextSigner } from '#base/secrets/signed-text.ts';
import { AssertionSigner } from '#edge/access/visitors/assertion.ts';
import { createRingSigner } from '#model/access/access-key-signer.ts';
import { type AccessKeyRing, accessKeyRingSchema } from '#model/access/access-keys.ts';
import { assertionKey, firstRing, passageKey } from './access-key-drawing.ts';

const fileName = 'access.key';

/** What the file was before keys could be exchanged: one of each kind. */
const firstFormSchema = z
  .strictObject({ passageKey: z.string().length(44), assertionKey: z.string() })
  .transform(({ passageKey: key, assertionKey: pem }): AccessKeyRing => {
    const times = { madeAtMs: 0, signsFromMs: 0 };
    return {
      passage: [passageKey(Buffer.from(key, 'base64'), times)],
      assertion: [assertionKey('ES256', pem, times)],
    };
  });

const fileSchema = z.union([accessKeyRingSchema, firstFormSchema]);

export class AccessKeys {
  readonly #file: string;
  #ring: AccessKeyRing;
  /** The file has them, too. */
  #isKept = true;
  /** Signs and opens what browsers bring back, with the keys of the moment. */
  readonly signer: TextSigner;
  readonly assertions: AssertionSigner;
  /** Called after each change. */
  onChange: () => void = () => undefined;

  constructor(file: string, ring: AccessKeyRing, clock: Pick<Clock, 'wallMs'>) {
    this.#file = file;
    this.#ring = ring;
    this.signer = createRingSigner(
      () => this.#ring,
      () => clock.wallMs(),
    );
    this.assertions = new AssertionSigner(() => this.#ring);
  }

  get ring(): AccessKeyRing {
    return this.#ring;
  }

  /** From now on these, which another process of this edge keeps. */
  follow(ring: AccessKeyRing): void {
    if (isSame(ring, this.#ring)) return;
    this.#ring = ring;
    this.onChange();
  }

  /**
   * From now on these, which are those of a store: whatever becomes of the file, keys that were taken back are worth nothing.
   * The same ring again tries anew what could not be kept. @throws SallyportError 'file-unwritable'
   */
  apply(ring: AccessKeyRing): void {
    if (!isSame(ring, this.#ring)) this.#isKept = false;
    this.follow(ring);
    if (!this.#isKept) this.#write(ring);
  }

  /** Keeps them where nobody else does, and only then goes by them. @throws SallyportError 'file-unwritable': nothing has changed */
  keep(ring: AccessKeyRing): void {
    if (!isSame(ring, this.#ring)) this.#write(ring);
    this.follow(ring);
  }

  #write(ring: AccessKeyRing): void {
    replaceFile(this.#file, `${JSON.stringify(ring)}\n`, 0o600);
    this.#isKept = true;
  }
}

function isSame(one: AccessKeyRing, other: AccessKeyRing): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Reads or makes them. @throws SallyportError 'credentials-invalid' or of the file */
export function openAccessKeys(
  dataDir: string,
  { random, clock }: { readonly random: Random; readonly clock: Pick<Clock, 'wallMs'> },
): AccessKeys {
  const file = join(dataDir, fileName);
  // Another edge of this folder may be at its first start, too.
  if (!existsSync(file))
    createFileOnce(file, `${JSON.stringify(firstRing(random, clock.wallMs()))}\n`, 0o600);
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new Error(`it can be read by others; run "chmod 600 ${file}"`);
    return new AccessKeys(file, fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), clock);
  } catch (error) {
    throw new SallyportError(
      'credentials-invalid',
      `${file} is no usable key file (${errorText(error).split('\n')[0]}); put back the copy of your backup, or remove it and everybody signs in again.`,
      { cause: error },
    );
  }
}

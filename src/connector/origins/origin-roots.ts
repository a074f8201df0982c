// What TLS origins are verified with: the roots of Node and of the machine, where people install their own CA, and those of
// a rule's caPool. To parse some hundreds of certificates takes 25 ms and 4 MB, so rules that trust the same share one
// context, from one reload of the rules to the next; a rule that verifies nothing has no roots at all.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { errorText, SallyportError } from '#base/errors.ts';

/** More different pools than this are parsed again at a reload. */
const maxKept = 32;

export class OriginRoots {
  /** By the text of the pool, '' for none. */
  readonly #kept = new Map<string, SecureContext>();
  #none: SecureContext | undefined;

  /** For origins that are not verified. */
  get none(): SecureContext {
    return (this.#none ??= createSecureContext({ ca: [] }));
  }

  /**
   * The context of a rule with this caPool, '' for none. The file is read at each call.
   * @throws SallyportError 'file-unreadable' or 'certificate-invalid'
   */
  contextWith(caPool: string): SecureContext {
    const text = caPool === '' ? '' : readPool(caPool);
    let context = this.#kept.get(text);
    if (context === undefined) {
      context = parse(text);
      if (this.#kept.size >= maxKept) this.#kept.clear();
      this.#kept.set(text, context);
    }
    return context;
  }
}

function parse(text: string): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  if (text !== '') roots.add(text);
  return createSecureContext({ ca: [...roots] });
}

const certificatePattern = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Each certificate is looked at, for OpenSSL passes over those it cannot read. */
function readPool(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The caPool ${file} could not be read: ${errorText(error)}.`,
      { cause: error },
    );
  }
  const certificates = text.match(certificatePattern) ?? [];
  if (certificates.length === 0) {
    throw new SallyportError(
      'certificate-invalid',
      `The caPool ${file} does not hold PEM certificates; name a file that does.`,
    );
  }
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (error) {
    throw new SallyportError(
      'certificate-invalid',
      `The caPool ${file} holds a certificate that cannot be read (${errorText(error)}); mend the file or name another.`,
      { cause: error },
    );
  }
  return text;
}

// What people may ask of an edge's certificates: to see them, to have one renewed, to bring one, to take it away again. The
// control plane asks on their behalf.
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { SallyportError } from '#base/errors.ts';
import type { CertificateViews } from '#certs/certificate-views.ts';
import { importedRecord } from '#certs/import-certificate.ts';
import type { CertificateManager } from '#certs/issuance/certificate-manager.ts';
import type { CertificateDetail, CertificatePem } from '#model/certificates/certificate-view.ts';

export interface CertificateDeskOptions {
  readonly views: CertificateViews;
  readonly manager: CertificateManager;
  /** Hostnames that are served, in order of importance. */
  readonly hostnames: () => readonly string[];
  readonly random: Random;
  readonly log: Log;
}

/** See the head of the file. */
export class CertificateDesk {
  readonly #options: CertificateDeskOptions;

  constructor(options: CertificateDeskOptions) {
    this.#options = options;
  }

  list(): Promise<CertificateDetail[]> {
    const { views, hostnames } = this.#options;
    return views.list(hostnames());
  }

  /** Has an order made now. @throws SallyportError 'not-found', or 'invalid' for one that nobody can order */
  async renew(id: string): Promise<CertificateDetail> {
    const { manager } = this.#options;
    const found = await this.#find(id);
    const { source, hostnames, names } = found;
    if (source === 'imported' || source === 'file') {
      throw new SallyportError(
        'invalid',
        `${names[0]} has a certificate ${source === 'file' ? 'from a file' : 'that was imported'}; it is renewed by whoever made it: ${source === 'file' ? 'put the new one into the file' : 'import the new one'}.`,
      );
    }
    if (hostnames.length === 0) {
      throw new SallyportError(
        'invalid',
        `No hostname is served with ${id}; there is nothing to renew it for.`,
      );
    }
    const why = manager.wanted.whyNone(hostnames[0]!);
    if (why !== '') throw new SallyportError('invalid', why);
    const wanted = hostnames.flatMap((hostname) => manager.wanted.nameFor(hostname) ?? []);
    manager.renewNow(source === 'acme' ? [id] : wanted);
    return { ...found, isOrdering: true };
  }

  /** Keeps a certificate that somebody brings. @throws SallyportError 'certificate-invalid', or of the vault */
  async import(pem: CertificatePem): Promise<CertificateDetail> {
    const { manager, random, log } = this.#options;
    const record = importedRecord(pem, { nowMs: manager.wallMs(), jitter: random.fraction() });
    await manager.importCertificate(record);
    log.info('A certificate was imported', { names: record.names.join(' ') });
    return await this.#find(record.id);
  }

  /** Takes an imported certificate away. @throws SallyportError 'not-found' or 'invalid' */
  async forget(id: string): Promise<CertificateDetail> {
    const found = await this.#find(id);
    if (found.source !== 'imported') {
      throw new SallyportError(
        'invalid',
        `${found.names[0]} was not imported; only imported certificates are removed by hand.`,
      );
    }
    await this.#options.manager.forgetCertificate(id);
    this.#options.log.info('An imported certificate was removed', { names: found.names.join(' ') });
    return found;
  }

  async #find(id: string): Promise<CertificateDetail> {
    const found = (await this.list()).find((one) => one.id === id);
    if (found) return found;
    throw new SallyportError('not-found', `There is no certificate ${id}; "sallyport cert list" shows them.`);
  }
}

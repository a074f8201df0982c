// The vault's certificates as the listeners show them: TLS contexts by name, replaced as a whole whenever something has
// changed; and handshakes that wait a moment for a certificate that is just being got.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';
import { type Certificate, createCertificate } from '../certificate.ts';
import { CertificateIndex } from './certificate-index.ts';

/** A record that is ready to be shown. */
export interface ShownCertificate extends Certificate {
  readonly record: CertificateRecord;
  readonly obtainedAtMs: number;
}

/** Handshakes that may wait at once; the rest are answered with what there is. */
const maxWaiting = 1_000;

export class ShownCertificates {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<string, Set<(isThere: boolean) => void>>();
  #waitingCount = 0;
  #shown: readonly ShownCertificate[] = [];
  #index = new CertificateIndex<ShownCertificate>([]);

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Shows these from now on; contexts of records that stay are kept. Wakes handshakes whose name is there now. */
  replace(records: readonly CertificateRecord[], nowMs: number): void {
    const known = new Map(this.#shown.map((shown) => [shown.record.certPem, shown]));
    this.#shown = records.flatMap((record) => {
      const same = known.get(record.certPem);
      return same ? { ...same, record } : this.#make(record);
    });
    this.#index = new CertificateIndex(this.#shown);
    for (const name of this.#waiting.keys()) if (this.isGood(name, nowMs)) this.release(name, true);
  }

  get all(): readonly ShownCertificate[] {
    return this.#shown;
  }

  get records(): CertificateRecord[] {
    return this.#shown.map(({ record }) => record);
  }

  /** What there is for a lower-case name; an expired one where there is no other. */
  best(name: string, nowMs: number): ShownCertificate | undefined {
    return this.#index.best(name, nowMs);
  }

  /** Whether a certificate for the name is valid. */
  isGood(name: string, nowMs: number): boolean {
    const found = this.best(name, nowMs);
    return found !== undefined && found.notAfterMs > nowMs;
  }

  /** Resolves true when a certificate for the name has come, false when its order failed or `withinMs` have passed. */
  wait(name: string, withinMs: number): Promise<boolean> {
    if (this.#waitingCount >= maxWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiters);
      const done = (isThere: boolean): void => {
        if (!waiters.delete(done)) return;
        this.#waitingCount -= 1;
        if (waiters.size === 0) this.#waiting.delete(name);
        timer.cancel();
        resolve(isThere);
      };
      const timer = this.#clock.after(withinMs, () => done(false));
      this.#waitingCount += 1;
      waiters.add(done);
    });
  }

  /** Lets the handshakes for a name go on. */
  release(name: string, isThere: boolean): void {
    for (const done of this.#waiting.get(name) ?? []) done(isThere);
  }

  #make(record: CertificateRecord): ShownCertificate | [] {
    const { certPem: cert, keyPem: key, names, notAfterMs, obtainedAtMs } = record;
    try {
      return { ...createCertificate({ cert, key, names, notAfterMs }), record, obtainedAtMs };
    } catch (error) {
      this.#log.warn(`The certificate ${record.id} in the vault cannot be used (${errorText(error)}).`);
      return [];
    }
  }
}

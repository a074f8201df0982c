// A certificate manager, authorities and a vault in memory, and time that a test lets pass.
import type { TestContext } from 'node:test';
import type { Log } from '#base/log.ts';
import {
  type AcmeSettings,
  type AuthoritySettings,
  defaultKeepUnusedMs,
} from '#certs/issuance/acme-settings.ts';
import { CertificateManager, type CertificateManagerOptions } from '#certs/issuance/certificate-manager.ts';
import { openDocumentVault } from '#certs/vault/document-vault.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { FakeAuthority, type SeenChallenge } from './fake-authority.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryDocuments } from './memory-documents.ts';
import { seededRandom } from './seeded-random.ts';

export interface CertificateWorldOptions {
  readonly settings?: Partial<AcmeSettings>;
  /** Hosts of the authorities, in order of preference. */
  readonly authorities?: readonly string[];
  readonly presenters?: readonly ChallengePresenter[];
  readonly isShared?: boolean;
  readonly hasOther?: (hostname: string) => boolean;
}

export interface LogEntry {
  readonly level: string;
  readonly message: string;
}

/** Turns of the event loop that let everything under way that needs no time come to rest. */
const turnsToRest = 6;

export class CertificateWorld {
  readonly clock = new FakeClock();
  readonly documents = new MemoryDocuments();
  readonly logged: LogEntry[] = [];
  readonly authorities: readonly FakeAuthority[];
  readonly vault: CertificateVault;
  readonly managers: CertificateManager[] = [];
  readonly #options: CertificateWorldOptions;
  readonly #random = seededRandom(11);

  /** One that ends with a test. */
  static for(context: TestContext, options: CertificateWorldOptions = {}): CertificateWorld {
    const world = new CertificateWorld(options);
    context.after(() => world.close());
    return world;
  }

  constructor(options: CertificateWorldOptions = {}) {
    this.#options = options;
    const { clock } = this;
    this.authorities = (options.authorities ?? ['ca.example']).map(
      (host) => new FakeAuthority({ clock, host, look: (challenge) => this.#look(challenge) }),
    );
    this.vault = this.openVault();
  }

  get authority(): FakeAuthority {
    return this.authorities[0]!;
  }

  openVault(): CertificateVault {
    return openDocumentVault({
      store: this.documents,
      sealer: { seal: (plain) => plain, open: (sealed) => sealed },
      ...{ clock: this.clock, random: this.#random, log: this.log },
      isShared: this.#options.isShared ?? false,
    });
  }

  readonly log: Log = {
    debug: (message) => void this.logged.push({ level: 'debug', message }),
    info: (message) => void this.logged.push({ level: 'info', message }),
    warn: (message) => void this.logged.push({ level: 'warn', message }),
    error: (message) => void this.logged.push({ level: 'error', message }),
    child: () => this.log,
  };

  /** Starts a manager that wants hostnames: an edge of its own, on the same vault. */
  async start(
    hostnames: readonly string[],
    change: Partial<CertificateManagerOptions> = {},
  ): Promise<CertificateManager> {
    const manager = new CertificateManager({
      settings: this.settings(),
      vault: this.openVault(),
      presenters: this.#options.presenters ?? [],
      listeners: { hasTls: true, hasPlain: true },
      handshakeWaitMs: 8_000,
      hasOther: this.#options.hasOther ?? (() => false),
      webFor: () => Object.assign(this.#web.bind(this), { close() {} }),
      ...{ clock: this.clock, random: this.#random, log: this.log },
      ...change,
    });
    this.managers.push(manager);
    await manager.start();
    manager.want(hostnames);
    return manager;
  }

  settings(): AcmeSettings {
    return {
      email: '',
      authorities: this.authorities.map(({ directoryUrl }): AuthoritySettings => ({
        ...{ directoryUrl, label: new URL(directoryUrl).host, isPublic: true },
        ...{ ca: undefined, externalAccount: undefined, profile: undefined },
      })),
      methods: ['dns-01', 'tls-alpn-01', 'http-01'],
      ...{ wildcards: false, namesPerCertificate: 25, onDemand: true },
      keepUnusedMs: defaultKeepUnusedMs,
      ...this.#options.settings,
    };
  }

  /** Lets time pass in steps until something is so. @throws when it is not within `limitMs` */
  async until(what: string, isSo: () => boolean, { limitMs = 600_000, stepMs = 250 } = {}): Promise<void> {
    const endMs = this.clock.nowMs() + limitMs;
    for (;;) {
      await this.rest();
      if (isSo()) return;
      if (this.clock.nowMs() >= endMs) {
        const last = this.logged.slice(-10).map(({ message }) => message);
        throw new Error(`not within ${limitMs} ms: ${what}; logged last: ${last.join(' | ')}`);
      }
      this.clock.advance(Math.min(stepMs, endMs - this.clock.nowMs()));
    }
  }

  /** Lets time pass, in steps after each of which everything comes to rest. */
  async pass(durationMs: number, stepMs = 60_000, afterEach: () => void = () => {}): Promise<void> {
    const endMs = this.clock.nowMs() + durationMs;
    while (this.clock.nowMs() < endMs) {
      this.clock.advance(Math.min(stepMs, endMs - this.clock.nowMs()));
      await this.rest();
      afterEach();
    }
  }

  async rest(): Promise<void> {
    for (let i = 0; i < turnsToRest; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Whether the manager would show a valid certificate for every hostname. */
  hasAll(manager: CertificateManager, hostnames: readonly string[]): boolean {
    return hostnames.every((hostname) => manager.keeper.shown.isGood(hostname, this.clock.wallMs()));
  }

  said(pattern: RegExp): LogEntry | undefined {
    return this.logged.find(({ message }) => pattern.test(message));
  }

  async close(): Promise<void> {
    const closing = this.managers.map((manager) => manager.close());
    await this.rest();
    this.clock.advance(20_000);
    await Promise.all(closing);
  }

  #web(...[request, signal]: Parameters<FakeAuthority['web']>): ReturnType<FakeAuthority['web']> {
    const { host } = new URL(request.url);
    const authority = this.authorities.find(({ directoryUrl }) => new URL(directoryUrl).host === host)!;
    return authority.web(request, signal);
  }

  /** A validator asks any of the edges by HTTP-01, and takes the other methods for granted. */
  async #look({ type, token }: SeenChallenge): Promise<string | undefined> {
    if (type !== 'http-01') return undefined;
    for (const manager of this.managers) {
      const answer = await manager.board.tokenAnswer(token);
      if (answer !== undefined) return answer;
    }
    return 'nothing';
  }
}

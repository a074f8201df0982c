// An edge's certificates put together: files, the vault with what ACME has brought, the internal CA, the store that the
// listeners ask, and what the plain listeners answer for all of them.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { version } from '#base/version.ts';
import { createWebClient } from '#base/net/web-client.ts';
import { httpChallengePath } from '#certs/acme/challenge.ts';
import { CertificateFiles } from '#certs/certificate-files.ts';
import { CertificateStore } from '#certs/certificate-store.ts';
import { CertificateViews } from '#certs/certificate-views.ts';
import { type InternalCa, openInternalCa } from '#certs/internal-ca.ts';
import { type AcmeSettings, noAcme } from '#certs/issuance/acme-settings.ts';
import { CertificateManager } from '#certs/issuance/certificate-manager.ts';
import { OcspStaples } from '#certs/ocsp/ocsp-staples.ts';
import { TicketKeys } from '#certs/ticket-keys.ts';
import { readRoots } from '#certs/trust/root-certificates.ts';
import { rootAnswer, rootPagePath } from '#certs/trust/root-page.ts';
import type { DocumentStore } from '#certs/vault/document-vault.ts';
import { hostnamesOf } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { WellKnownAnswer, WellKnownSource } from '#edge/front-door/well-known.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { acmeSettingsOf } from './acme-settings.ts';
import { CertificateDesk } from './certificate-desk.ts';
import { openCertificateVault } from './certificate-vault.ts';

export interface EdgeCertificatesOptions {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The store's documents and leases; undefined for an edge without a store. */
  readonly documents?: DocumentStore | undefined;
  /** Who can write TXT records for DNS-01. */
  readonly presenters?: readonly ChallengePresenter[];
  /** Whether a hostname's DNS records are being made. */
  readonly isComing?: (hostname: string) => boolean;
  /** Awaited whenever what validators are shown is another: further processes of the edge are told. */
  readonly announce?: () => Promise<void>;
}

const lookAtFilesEveryMs = 2_000;
/** Responders answer from a cache; one that takes longer is out of order. */
const ocspTimeoutMs = 10_000;
/** Of a handshake's time, what it may wait for its certificate; the rest is for the round trips. */
const partToWait = 0.8;
const userAgent = `sallyport/${version}`;
/** Names under which every edge may be reached on its own machine. */
const localNames = ['localhost', '127.0.0.1', '::1'];

/** See the head of the file. */
export class EdgeCertificates {
  readonly store: CertificateStore;
  readonly internalCa: InternalCa | undefined;
  readonly manager: CertificateManager;
  /** What people ask of them. */
  readonly desk: CertificateDesk;
  readonly #files: CertificateFiles;
  readonly #opened: readonly (() => unknown)[];
  readonly #log: Log;
  #config: EdgeConfig;
  #settings: AcmeSettings;
  /** Undefined until the listeners are there to answer validators. */
  #routes: readonly RouteEntry[] | undefined;
  #awaited: readonly string[] = [];

  private constructor(
    opened: readonly (() => unknown)[],
    parts: Pick<EdgeCertificates, 'store' | 'internalCa' | 'manager'> & {
      readonly files: CertificateFiles;
      readonly settings: AcmeSettings;
    },
    options: EdgeCertificatesOptions,
  ) {
    this.#opened = opened;
    this.#files = parts.files;
    this.store = parts.store;
    this.internalCa = parts.internalCa;
    this.manager = parts.manager;
    this.#log = options.log;
    this.#config = options.config;
    this.#settings = parts.settings;
    const { log, random } = options;
    this.desk = new CertificateDesk({
      views: new CertificateViews(parts),
      manager: parts.manager,
      hostnames: () => this.#hostnames(),
      ...{ log, random },
    });
  }

  /** Opens everything; what cannot be opened is an error, and then nothing is left open. */
  static async open(options: EdgeCertificatesOptions): Promise<EdgeCertificates> {
    const { config, clock, log, random } = options;
    const opened: (() => unknown)[] = [];
    try {
      const files = await CertificateFiles.open({
        pairs: config.certificates,
        clock,
        log,
        lookEveryMs: lookAtFilesEveryMs,
      });
      opened.push(() => files.close());
      const ownNames = [...new Set([config.hostname ?? 'localhost', ...localNames])];
      const internalCa = config.internalCa ? openCa(options, ownNames) : undefined;
      const vault = openCertificateVault({ documents: undefined, ...options });
      const settings = settingsOf(config);
      // A new certificate's answer is fetched before the next visitor asks for it.
      const onOrder = (): void => void staples.look();
      const manager = openManager(options, { files, vault, settings, onOrder });
      opened.push(() => manager.close());
      const staples: OcspStaples = openStaples(options, files, manager);
      opened.push(() => staples.close());
      const tickets = new TicketKeys({ vault, clock, random, log });
      opened.push(() => tickets.close());
      const store = new CertificateStore({
        ...{ files, internalCa, manager, staples, tickets, ownNames, random },
      });
      const parts = { files, settings, store, internalCa, manager };
      const certificates = new EdgeCertificates(opened, parts, options);
      await Promise.all([manager.start(), tickets.start()]);
      staples.start();
      certificates.#serve();
      return certificates;
    } catch (error) {
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  /** Follows a changed configuration; throws, with nothing changed, if a file it names cannot be used. */
  async apply(config: EdgeConfig): Promise<void> {
    // What may fail comes first.
    const settings = settingsOf(config);
    await this.#files.replace(config.certificates);
    if (!isDeepStrictEqual(settings, this.#settings)) this.manager.reconfigure(settings);
    this.#settings = settings;
    this.#config = config;
    this.#serve();
  }

  /**
   * Follows the routes in force, claims and all; to be called when the listeners are open. `awaited` are patterns that
   * tunnels may claim which have not published since the start.
   */
  follow(routes: readonly RouteEntry[], awaited: readonly string[]): void {
    this.#routes = routes;
    this.#awaited = awaited;
    this.#want();
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((close) => close()));
  }

  /** What the plain listeners answer. */
  get wellKnown(): WellKnownSource {
    return { find: (path) => this.#find(path) };
  }

  #find(path: string): Promise<WellKnownAnswer | undefined> | undefined {
    if (path.startsWith(httpChallengePath)) return challengeAnswer(this.manager, path);
    if (!this.internalCa || !path.startsWith(rootPagePath)) return undefined;
    const answer = rootAnswer(path, readRoots(this.internalCa.pem, this.internalCa.caFile));
    return answer && Promise.resolve(answer);
  }

  /** Tells the store which hostnames are served, and has the internal CA permitted to sign for those that only it can. */
  #serve(): void {
    const hostnames = hostnamesOf(this.#config);
    this.store.serve(hostnames);
    this.#want();
    const uncovered = hostnames.filter((hostname) => !this.store.hasFileFor(hostname));
    const added = this.internalCa?.extend(uncovered) ?? [];
    if (added.length === 0) return;
    this.#log.warn(
      'The internal CA has a further root; clients that trust ca.pem need it again for these names',
      {
        names: added.join(' '),
        caFile: this.internalCa!.caFile,
      },
    );
  }

  /** The edge's own name first: connectors dial it. */
  #want(): void {
    if (this.#routes) this.manager.want(this.#hostnames(), this.#awaited);
  }

  #hostnames(): string[] {
    const { hostname } = this.#config;
    const routes = this.#routes ?? [];
    return [
      ...new Set([...(hostname === undefined ? [] : [hostname]), ...routes.map((route) => route.hostname)]),
    ];
  }
}

async function challengeAnswer(
  manager: CertificateManager,
  path: string,
): Promise<WellKnownAnswer | undefined> {
  const text = await manager.board.tokenAnswer(path.slice(httpChallengePath.length));
  return text === undefined
    ? undefined
    : { contentType: 'application/octet-stream', body: Buffer.from(text) };
}

function settingsOf({ acme }: EdgeConfig): AcmeSettings {
  return acme ? acmeSettingsOf(acme) : noAcme;
}

interface ManagerParts {
  readonly files: CertificateFiles;
  readonly vault: CertificateVault;
  readonly settings: AcmeSettings;
  readonly onOrder: () => void;
}

function openManager(
  options: EdgeCertificatesOptions,
  { files, vault, settings, onOrder }: ManagerParts,
): CertificateManager {
  const { config, clock, random, log, presenters = [] } = options;
  return new CertificateManager({
    // A balancer that ends TLS leaves plain listeners only; one that does not passes acme-tls/1 on.
    listeners: {
      hasTls: config.listen.https.length > 0 && !config.listen.serveHttp,
      hasPlain: config.listen.http.length > 0,
    },
    handshakeWaitMs: config.timeouts.handshake * partToWait,
    hasOther: (hostname) => files.lookup(hostname) !== undefined,
    webFor: (ca) => createWebClient({ userAgent, ...(ca === undefined ? {} : { ca }) }),
    ...(options.isComing && { isComing: options.isComing }),
    announce: options.announce,
    ...{ vault, settings, presenters, clock, random, log, onOrder },
  });
}

/** A responder that calls a certificate revoked is believed at once: another one is got. */
function openStaples(
  { clock, log }: EdgeCertificatesOptions,
  files: CertificateFiles,
  manager: CertificateManager,
): OcspStaples {
  const issued = (): CertificateRecord[] => manager.keeper.shown.records;
  return new OcspStaples({
    chains: () => [
      ...files.all.map(({ options }) => String(options.cert)),
      ...issued().map(({ certPem }) => certPem),
    ],
    web: createWebClient({ userAgent, timeoutMs: ocspTimeoutMs }),
    onRevoked: (chainPem) =>
      manager.renewNow(issued().flatMap(({ id, certPem }) => (certPem === chainPem ? [id] : []))),
    ...{ clock, log },
  });
}

function openCa(options: EdgeCertificatesOptions, ownNames: readonly string[]): InternalCa {
  const { config, clock, random, log } = options;
  const internalCa = openInternalCa({
    folder: config.dataDir,
    ownNames,
    hostnames: hostnamesOf(config),
    clock,
    random,
  });
  log.info('The internal CA is ready', { caFile: internalCa.caFile, caPin: internalCa.pin });
  return internalCa;
}

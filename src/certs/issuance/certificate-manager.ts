// Keeps certificates for every hostname that the edge serves: asks the plan what is due, carries it out while holding the
// vault's lease, shows what has come. One loop, woken by whatever changes; every decision is order-plan.ts's.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { TaskGroup } from '#base/tasks.ts';
import type { WebClient } from '#base/net/web-client.ts';
import type { CertificateRecord, OrderRecord, PendingOrder } from '#model/certificates/certificate-record.ts';
import type { CertificateVault, VaultLease } from '#model/certificates/certificate-vault.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { ChallengeBoard } from '../acme/challenge-board.ts';
import type { AcmeSettings } from './acme-settings.ts';
import { Authorities } from './authorities.ts';
import { learnTime } from './authority-time.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import type { MethodFacts } from './method-choice.ts';
import { historyMs, pastTries } from './order-history.ts';
import { type DueOrder, type OrderPlan, planOrders } from './order-plan.ts';
import { carryOut, type OrderResult } from './order-task.ts';
import { FailureReports } from './order-report.ts';
import { renewalTime } from './renewal-time.ts';
import { PublishedFirst } from './published-first.ts';
import { RenewalWindows } from './renewal-windows.ts';
import { WantedHostnames } from './wanted-hostnames.ts';

export interface CertificateManagerOptions {
  readonly settings: AcmeSettings;
  readonly vault: CertificateVault;
  readonly presenters: readonly ChallengePresenter[];
  /** What listeners there are, for the choice of method. */
  readonly listeners: { readonly hasTls: boolean; readonly hasPlain: boolean };
  /** Whether another certificate is good for a hostname, so that none is to be got. */
  readonly hasOther: (hostname: string) => boolean;
  /** How long a handshake waits for its certificate: less than listeners give a handshake. */
  readonly handshakeWaitMs: number;
  /** Whether a hostname's DNS records are being made; absent: somebody else sees to them. */
  readonly isComing?: (hostname: string) => boolean;
  readonly webFor: (ca: string | undefined) => WebClient & { close(): void };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** See ChallengeBoardOptions. */
  readonly announce?: (() => Promise<void>) | undefined;
  /** Told of every order that has ended. */
  readonly onOrder?: (order: OrderRecord) => void;
}

/** Orders at once: enough to hide an authority's latency, few enough to be no burst. */
const maxAtOnce = 3;
/** A holder that is gone is followed after this long; edges' clocks may differ by less. */
const leaseMs = 30_000;
const leaseName = 'certificate-orders';
/** How often the vault is looked at for what other edges have kept. */
const lookEveryMs = 15_000;
/** The same while another edge orders what is missing here. */
const lookWhileElsewhereMs = 1_000;
/** After work there may be more at once; a breath keeps a fault from turning into a spin. */
const betweenRoundsMs = 100;
/** See the head of the file. */
export class CertificateManager {
  readonly board: ChallengeBoard;
  readonly keeper: CertificateKeeper;
  readonly wanted: WantedHostnames;
  readonly #options: CertificateManagerOptions;
  #authorities: Authorities;
  #settings: AcmeSettings;
  readonly #windows: RenewalWindows;
  readonly #reports: FailureReports;
  readonly #published: PublishedFirst;
  readonly #tasks = new TaskGroup();
  readonly #holder: string;
  readonly #running = new Map<DueOrder, Promise<void>>();
  readonly #forced = new Set<string>();
  #wake: () => void = () => {};
  #isWoken = false;
  #fault = '';

  constructor(options: CertificateManagerOptions) {
    this.#options = options;
    const { vault, presenters, clock, random, log, hasOther } = options;
    this.#settings = options.settings;
    this.#reports = new FailureReports(log);
    this.#holder = random.bytes(8).toString('hex');
    this.board = new ChallengeBoard({ vault, presenters, clock, random, log, announce: options.announce });
    this.#authorities = this.#openAuthorities();
    this.wanted = new WantedHostnames({
      settings: () => this.#settings,
      factsOf: (name) => this.#factsOf(name),
      ...{ hasOther, log },
    });
    this.keeper = new CertificateKeeper({
      useOf: (names) => this.wanted.useOf(names),
      keepUnusedMs: () => this.#settings.keepUnusedMs,
      ...{ vault, clock, log },
    });
    this.#published = new PublishedFirst({
      isComing: options.isComing ?? (() => false),
      methodOf: (name) => this.wanted.methodsOf(name)[0]?.method,
      log,
    });
    this.#windows = new RenewalWindows({
      settings: () => this.#settings,
      authorities: () => this.#authorities,
      ...{ log, keeper: this.keeper },
      wallMs: () => this.wallMs(),
    });
  }

  /** Reads what the vault has, so that it is shown from the first handshake on, and starts to work. */
  async start(): Promise<void> {
    await this.keeper.load(this.wallMs(), historyMs);
    this.#tasks.start('certificates', (signal) => this.#loop(signal));
    const { vault, listeners } = this.#options;
    if (vault.isShared && listeners.hasTls)
      this.#tasks.start('challenge answers', (signal) => this.board.follow(signal));
  }

  async close(): Promise<void> {
    await this.#tasks.close();
    await Promise.allSettled(this.#running.values());
    this.#authorities.close();
  }

  /**
   * The hostnames and `*.` patterns that are served from now on, in order of importance, and the patterns that connectors
   * may yet claim, of which nothing has been heard since the start.
   */
  want(hostnames: readonly string[], awaited: readonly string[] = []): void {
    this.wanted.serve(hostnames, awaited);
    this.keeper.look(this.wallMs());
    this.wake();
  }

  /** Goes by other settings from now on; orders under way are brought to their end. */
  reconfigure(settings: AcmeSettings): void {
    const old = this.#authorities;
    void Promise.allSettled(this.#running.values()).then(() => old.close());
    this.#settings = settings;
    this.#authorities = this.#openAuthorities();
    this.wanted.rethink();
    this.wake();
  }

  #openAuthorities(): Authorities {
    const { vault, clock, webFor } = this.#options;
    return new Authorities({ settings: this.#settings, vault, clock, webFor });
  }

  /** Wall time, put right by an authority's where this machine's clock is wrong. */
  wallMs(): number {
    return this.#options.clock.wallMs() + this.#authorities.clockErrorMs;
  }

  /** Renews certificates (by id), or tries names that have none, now: whatever the time and whatever failed before. */
  renewNow(idsOrNames: Iterable<string>): void {
    for (const one of idsOrNames) this.#forced.add(one);
    this.wake();
  }

  /** Keeps a certificate that its owner has brought, and shows it. @throws SallyportError of the vault */
  async importCertificate(record: CertificateRecord): Promise<void> {
    await this.#options.vault.keepCertificate(record);
    await this.keeper.refresh(this.wallMs());
    this.wanted.rethink();
    this.wake();
  }

  /** Forgets a certificate; where its hostnames are still served, others are ordered. @throws SallyportError of the vault */
  async forgetCertificate(id: string): Promise<void> {
    await this.#options.vault.forgetCertificate(id);
    await this.keeper.refresh(this.wallMs());
    this.wake();
  }

  /** Whether an order of any of the names is under way at this edge. */
  isOrdering(names: readonly string[]): boolean {
    return [...this.#running.keys()].some((due) => due.names.some((name) => names.includes(name)));
  }

  /** Orders of the last days, oldest first; those of other edges too. */
  async recentOrders(): Promise<readonly OrderRecord[]> {
    const { vault } = this.#options;
    if (!vault.isShared) return this.keeper.orders;
    return await vault.orders(this.wallMs() - historyMs).catch(() => this.keeper.orders);
  }

  /** What people call an authority. */
  labelOf(directoryUrl: string): string {
    const known = this.#settings.authorities.find((authority) => authority.directoryUrl === directoryUrl);
    return known?.label ?? (URL.canParse(directoryUrl) ? new URL(directoryUrl).host : directoryUrl);
  }

  /** Looks at everything again soon. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  /**
   * For a handshake that names `serverName`: undefined when what is there is all there will be; else resolves when the
   * certificate has come, or will not for now.
   */
  expect(serverName: string): Promise<boolean> | undefined {
    const nowMs = this.wallMs();
    if (this.keeper.shown.isGood(serverName, nowMs)) {
      this.#noteVisit(serverName, nowMs);
      return undefined;
    }
    if (serverName === '' || !this.#isExpected(serverName, nowMs)) return undefined;
    return this.keeper.shown.wait(serverName, this.#options.handshakeWaitMs);
  }

  /** Whether a name is, or on this very demand becomes, one that a certificate is being got for. */
  #isExpected(serverName: string, nowMs: number): boolean {
    if (this.wanted.demand(serverName, nowMs)) this.wake();
    const name = this.wanted.nameFor(serverName);
    return name !== undefined && pastTries(name, this.keeper.orders).notBeforeMs <= nowMs;
  }

  /** Certificates that were got on demand are renewed when somebody still asks for them near their end. */
  #noteVisit(serverName: string, nowMs: number): void {
    const { record } = this.keeper.shown.best(serverName, nowMs)!;
    if (renewalTime(record).atMs > nowMs || record.source === 'imported') return;
    if (this.wanted.demand(serverName, nowMs)) this.wake();
  }

  #factsOf(name: string): MethodFacts {
    const { listeners, vault } = this.#options;
    return {
      presenter: this.board.presenterFor(name)?.label,
      allowed: this.#settings.methods,
      hasTlsListener: listeners.hasTls,
      hasPlainListener: listeners.hasPlain,
      isShared: vault.isShared,
    };
  }

  /** What is due, by all that is known here. */
  plan(pending: readonly PendingOrder[]): OrderPlan {
    return planOrders({
      ...{ settings: this.#settings, pending, wanted: this.wanted.names, forced: this.#forced },
      nowMs: this.wallMs(),
      certificates: this.keeper.shown.records,
      held: this.#published.held(this.wanted.names, this.wallMs()),
      orders: this.keeper.orders,
      methodsOf: (name) => this.wanted.methodsOf(name),
      busy: new Set([...this.#running.keys()].flatMap(({ names }) => names)),
    });
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = lookEveryMs;
      try {
        waitMs = await this.#round(signal);
        this.#fault = '';
      } catch (error) {
        if (signal.aborted) return;
        this.#sayFault(errorText(error));
      }
      await this.#rest(waitMs, signal);
    }
  }

  /** The same fault again and again is said once. */
  #sayFault(text: string): void {
    const level = text === this.#fault ? 'debug' : 'error';
    this.#fault = text;
    this.#options.log[level](`Certificates could not be looked after (${text}); tried again soon.`);
  }

  /** Does what is due; returns how long to rest after. */
  async #round(signal: AbortSignal): Promise<number> {
    const { vault } = this.#options;
    await this.keeper.refresh(this.wallMs());
    await this.keeper.saveUnsaved();
    this.wanted.forgetDemands(this.wallMs());
    // A certificate from a file may have run out.
    this.wanted.rethink();
    await this.keeper.forgetUnused(this.wallMs());
    const pending = await vault.pendingOrders();
    const plan = this.plan(pending);
    const isAnyOver =
      this.keeper.ordersOver(this.wallMs()).length > 0 || this.#pendingOver(pending).length > 0;
    const isAnyDue = plan.due.length > 0 || this.#windows.isAnyDue() || isAnyOver;
    if (!isAnyDue && !this.#authorities.hasJumped) {
      return Math.min(lookEveryMs, Math.max(0, plan.nextMs - this.wallMs()));
    }
    const lease = await vault.lease(leaseName, this.#holder, leaseMs);
    if (!lease) return lookWhileElsewhereMs;
    try {
      await this.#work(lease, signal);
    } finally {
      await lease.release();
    }
    return betweenRoundsMs;
  }

  /** With the lease in hand: what others have done meanwhile counts, then everything that is due is carried out. */
  async #work(lease: VaultLease, signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    let renewMs = this.#options.clock.nowMs() + leaseMs / 3;
    await this.keeper.load(this.wallMs(), historyMs);
    await this.#forgetOver();
    try {
      do {
        await learnTime(this.#authorities, this.#settings.authorities[0], this.#options.log, both);
        await this.#windows.askDue(both);
        await this.#startDue(both);
        if (this.#running.size === 0) return;
        await Promise.race([...this.#running.values(), this.#rest(leaseMs / 3, both)]);
        if (this.#options.clock.nowMs() < renewMs) continue;
        renewMs = this.#options.clock.nowMs() + leaseMs / 3;
        if (!(await lease.renew())) throw new Error('another edge has taken over the orders');
      } while (!both.aborted);
    } finally {
      own.abort(new Error('the lease is given up'));
      await Promise.allSettled(this.#running.values());
    }
  }

  /** Under the lease, so that no other edge is writing to the log. */
  async #forgetOver(): Promise<void> {
    const { vault } = this.#options;
    for (const { id } of this.#pendingOver(await vault.pendingOrders())) await vault.forgetPendingOrder(id);
    await this.keeper.forgetOrdersOver(this.wallMs());
  }

  #pendingOver(pending: readonly PendingOrder[]): PendingOrder[] {
    const idle = pending.filter(({ names }) => !this.isOrdering(names));
    return this.keeper.pendingOver(idle, this.wallMs());
  }

  async #startDue(signal: AbortSignal): Promise<void> {
    const { due } = this.plan(await this.#options.vault.pendingOrders());
    for (const order of due.slice(0, maxAtOnce - this.#running.size)) {
      const work = this.#carryOut(order, signal).finally(() => this.#running.delete(order));
      this.#running.set(order, work);
    }
  }

  async #carryOut(due: DueOrder, signal: AbortSignal): Promise<void> {
    const { vault, clock, random, log } = this.#options;
    for (const one of [due.renews?.id ?? '', ...due.names]) this.#forced.delete(one);
    const parts = { authorities: this.#authorities, board: this.board, vault, clock, random };
    let result: OrderResult;
    try {
      const onNote = (line: string): void => log.debug(`Order for ${due.names[0]}: ${line}`);
      result = await carryOut(due, { ...parts, onNote, wallMs: () => this.wallMs() }, signal);
    } catch (error) {
      if (!signal.aborted)
        log.error(`A fault while ${due.names.join(', ')} were ordered`, { error: errorText(error) });
      return;
    }
    await this.keeper.noteOrder(result.order);
    this.#options.onOrder?.(result.order);
    if (result.certificate) {
      this.#reports.clear(due.names);
      await this.keeper.keep(result.certificate, result.order.id, this.wallMs());
      log.info('A certificate was issued', {
        names: due.names.join(' '),
        authority: due.authority.label,
        method: due.method,
        until: new Date(result.certificate.notAfterMs).toISOString(),
      });
      return;
    }
    for (const name of due.names) this.keeper.shown.release(name, false);
    this.#reports.report(result.order, this.keeper, this.wallMs());
  }

  /** Waits, unless somebody wakes it. */
  #rest(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        this.#isWoken = false;
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
      if (this.#isWoken || signal.aborted) done();
    });
  }
}

// Keeps the records of hostnames as they shall be: takes what is wanted, waits a moment for more, surveys, plans, applies,
// looks again, and tells for each hostname how far it is and since when. Looks by itself now and then, for drift. What
// fails is tried again with growing pauses; what a provider says it did and did not is not tried for ever.
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { TaskGroup } from '#base/tasks.ts';
import type { DesiredName, EdgeTarget } from '#model/dns/desired-name.ts';
import type { ChangeOutcome } from '../provider/dns-provider.ts';
import { afterApply, againCure, contentOf, logOutcome, maxVainApplications } from './after-apply.ts';
import { applySteps } from './apply-plan.ts';
import type { NameView } from '#model/dns/dns-view.ts';
import { NameStates, type StatedName } from './name-states.ts';
import { type Plan, plan, type PlanStep } from './plan.ts';
import { Publications } from './publications.ts';
import { type ManagedProvider, Surveyor } from './survey.ts';
import type { RecordTtls } from './wanted-sets.ts';
import { ZoneMemory } from './zone-memory.ts';

/** What shall be there. */
export interface DesiredNames {
  readonly names: readonly DesiredName[];
  /** See PlanInput. */
  readonly isHeld: (hostname: string, routeId: string) => boolean;
}

/** A plan that was carried out: its steps with what became of them, and what the hostnames are like after it. */
export interface AppliedPlan extends Plan {
  readonly outcomes: ReadonlyMap<string, ChangeOutcome>;
}

export interface DnsReconcilerOptions {
  readonly providers: readonly ManagedProvider[];
  readonly owner: string;
  readonly target: EdgeTarget;
  readonly ttls: RecordTtls;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told whenever a name's state has changed. */
  readonly changed?: () => void;
  /** How long to wait for more changes. */
  readonly debounceMs?: number;
  /** How often to look when nothing changes. */
  readonly resyncMs?: number;
}

/** Routes come in bursts: a connector's rules, a pull from git. */
const defaultDebounceMs = 300;
/** Drift is rare, and listings count against providers' limits. */
const defaultResyncMs = 600_000;
const retry = { baseMs: 5_000, capMs: 300_000 };
/** Callers that wait for the next run to end. */
const maxWaiting = 100;

const nothing: DesiredNames = { names: [], isHeld: () => true };

/** One per edge. */
export class DnsReconciler {
  readonly #options: DnsReconcilerOptions;
  readonly #tasks = new TaskGroup();
  readonly #surveyor = new Surveyor();
  readonly #states: NameStates;
  readonly #publications: Publications;
  readonly #backoff: Backoff;
  /** How often a step was applied in vain, by id and content. */
  readonly #vain = new Map<string, number>();
  readonly #zones: ZoneMemory;
  #waiting: PromiseWithResolvers<AppliedPlan>[] = [];
  #desired: DesiredNames | undefined;
  #wake: (() => void) | undefined;
  #isDue = false;

  constructor(options: DnsReconcilerOptions) {
    this.#options = options;
    const { clock, random, log, changed = () => {} } = options;
    this.#backoff = new Backoff({ ...retry, random });
    this.#states = new NameStates({ clock, log, changed });
    this.#publications = new Publications({ clock, states: this.#states });
    this.#zones = new ZoneMemory({ owner: options.owner, wallMs: () => clock.wallMs() });
    this.#tasks.start('dns reconciler', (signal) => this.#loop(signal));
    this.#tasks.start('dns publications', (signal) => this.#publications.run(signal));
  }

  /** Takes what shall be there from now on. */
  want(desired: DesiredNames): void {
    this.#desired = desired;
    this.#states.keepOnly(desired.names.map(({ hostname }) => hostname));
    this.lookNow();
  }

  /** Looks without waiting for the next regular time. */
  lookNow(): void {
    this.#isDue = true;
    this.#wake?.();
  }

  /** How far each wanted hostname is. */
  states(): readonly StatedName[] {
    return this.#states.all();
  }

  /** How far one is; undefined when it is not wanted, or not looked at yet. */
  stateOf(hostname: string): StatedName | undefined {
    return this.#states.get(hostname);
  }

  /** Whether a hostname's records are being made, or nobody has looked yet whether they must be. */
  isComing(hostname: string): boolean {
    const state = this.stateOf(hostname)?.state;
    if (state !== undefined) return state === 'pending';
    return this.#desired?.names.some((name) => name.hostname === hostname) ?? false;
  }

  /** What the last look found, zone by zone. */
  get zones(): Pick<ZoneMemory, 'views' | 'recordsOf' | 'serversOf'> {
    return this.#zones;
  }

  /** The wanted hostnames with what stands under them. */
  views(): NameView[] {
    const routeOf = new Map(this.#desired?.names.map(({ hostname, routeId }) => [hostname, routeId]));
    return this.#states.all().map(({ lastError = null, lastDrift = null, ...state }) => ({
      ...state,
      tunnelId: routeOf.get(state.hostname) ?? '',
      records: this.#zones.leading(state.zone, state.hostname),
      ...{ lastError, lastDrift },
    }));
  }

  /** What would be done now; changes nothing. @throws what the providers throw */
  async planNow(signal: AbortSignal): Promise<Plan> {
    return this.#plan(this.#desired ?? nothing, signal);
  }

  /** Looks at once, does what is to be done, and resolves with that. @throws what the providers throw */
  applyNow(): Promise<AppliedPlan> {
    if (this.#waiting.length >= maxWaiting)
      throw new SallyportError('too-many-requests', 'Too many wait for the DNS records already; try later.');
    const waiting = Promise.withResolvers<AppliedPlan>();
    this.#waiting.push(waiting);
    this.#vain.clear();
    this.lookNow();
    return waiting.promise;
  }

  async close(): Promise<void> {
    await this.#tasks.close();
    for (const { reject } of this.#waiting.splice(0))
      reject(
        new SallyportError('aborted', 'The DNS section was changed or the edge is stopping; try again.'),
      );
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { resyncMs = defaultResyncMs, debounceMs = defaultDebounceMs } = this.#options;
    let waitMs = resyncMs;
    while (!signal.aborted) {
      await this.#waitFor(waitMs, signal);
      // Whoever woke us may have more to say.
      if (this.#isDue) await sleep(this.#options.clock, debounceMs, signal);
      this.#isDue = false;
      const desired = this.#desired ?? (this.#waiting.length > 0 ? nothing : undefined);
      if (!desired) continue;
      const isSettled = await this.#reconcile(desired, signal);
      if (isSettled) this.#backoff.reset();
      waitMs = isSettled ? resyncMs : Math.max(retry.baseMs / 2, this.#backoff.nextMs());
    }
  }

  /** Until `waitMs` have passed or somebody wants a look. */
  async #waitFor(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isDue) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      await sleep(this.#options.clock, waitMs, AbortSignal.any([signal, woken.signal]));
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#wake = undefined;
    }
  }

  /** Returns whether all is done that can be done now. */
  async #reconcile(desired: DesiredNames, signal: AbortSignal): Promise<boolean> {
    const { log } = this.#options;
    // Those who come later wait for the run after this one.
    const waiting = this.#waiting.splice(0);
    try {
      const first = await this.#plan(desired, signal);
      const outcomes = first.steps.length === 0 ? new Map() : await this.#apply(first, signal);
      // What was written is looked at once more: a provider may say one thing and do another.
      const second = first.steps.length === 0 ? first : await this.#plan(desired, signal);
      this.#countVain(second, outcomes);
      const isSettled = this.#publish(second, outcomes);
      for (const { resolve } of waiting)
        resolve({ ...second, names: this.#states.all(), steps: first.steps, outcomes });
      return isSettled;
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      if (signal.aborted) throw error;
      log.warn('DNS records could not be looked after; they are tried again', { error: errorText(error) });
      const unknown = {
        state: 'failed' as const,
        detail: errorText(error),
        cure: againCure,
        zone: '',
        provider: '',
      };
      for (const { hostname } of desired.names) {
        const before = this.#states.get(hostname);
        // A name that was good stays so while its provider is away: its record stands.
        if (before?.state !== 'good') this.#states.set({ ...unknown, hostname });
      }
      return false;
    }
  }

  async #plan(desired: DesiredNames, signal: AbortSignal): Promise<Plan> {
    const { providers, owner, target, ttls } = this.#options;
    const survey = await this.#surveyor.survey(providers, signal);
    this.#zones.note(survey);
    return plan({ ...survey, ...desired, owner, target, ttls });
  }

  async #apply(made: Plan, signal: AbortSignal): Promise<Map<string, ChangeOutcome>> {
    const { providers, log } = this.#options;
    const outcomes = new Map<string, ChangeOutcome>();
    for (const state of made.names) if (state.state === 'pending') this.#states.set(state);
    for (const { hostname, isDrift, detail } of made.steps)
      if (isDrift) this.#states.noteDrift(hostname, detail);
    const byName = new Map(providers.map(({ provider }) => [provider.name, provider]));
    const steps = made.steps.filter((step) => (this.#vain.get(contentOf(step)) ?? 0) < maxVainApplications);
    await applySteps(
      steps,
      {
        providers: byName,
        report: (step, outcome) => {
          outcomes.set(step.id, outcome);
          logOutcome(log, step, outcome);
          if (outcome.state === 'applied' && step.action !== 'delete')
            this.#publications.expect(step, byName.get(step.provider)!);
        },
      },
      signal,
    );
    return outcomes;
  }

  #countVain({ steps }: Plan, outcomes: ReadonlyMap<string, ChangeOutcome>): void {
    const open = new Set(steps.map(contentOf));
    for (const step of steps) {
      if (outcomes.get(step.id)?.state !== 'applied') continue;
      this.#vain.set(contentOf(step), (this.#vain.get(contentOf(step)) ?? 0) + 1);
    }
    for (const content of this.#vain.keys()) if (!open.has(content)) this.#vain.delete(content);
  }

  /** Tells the states; returns whether nothing is left that another try may mend. */
  #publish(made: Plan, outcomes: ReadonlyMap<string, ChangeOutcome>): boolean {
    const stepOf = new Map(made.steps.map((step) => [step.hostname, step]));
    for (const state of made.names) {
      // A name that was good stays so while its provider is away: its record stands.
      if (made.unread.has(state.hostname) && this.#states.get(state.hostname)?.state === 'good') continue;
      const step = state.state === 'pending' ? stepOf.get(state.hostname) : undefined;
      if (state.state !== 'good') this.#publications.forget(state.hostname);
      if (step)
        this.#states.set(
          afterApply(state, step, outcomes.get(step.id), this.#vain.get(contentOf(step)) ?? 0),
        );
      else if (state.state !== 'good' || !this.#publications.isWaitingFor(state.hostname))
        this.#states.set(state);
    }
    const isHopeful = (step: PlanStep): boolean => {
      const outcome = outcomes.get(step.id);
      if ((this.#vain.get(contentOf(step)) ?? 0) >= maxVainApplications) return false;
      return outcome?.state !== 'failed' || outcome.isTransient;
    };
    if (made.steps.some(isHopeful)) return false;
    this.#vain.clear();
    return made.names.every(({ state }) => state !== 'failed');
  }
}

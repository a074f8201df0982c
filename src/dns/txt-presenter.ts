// DNS-01: shows TXT records in whichever managed zone covers a name, and resolves when the zone's own servers answer with
// them. Values of one name are kept beside each other: a name and its wildcard are validated at the same place.
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { lowerName, parseName } from '#wire/dns-name.ts';
import { quoteText } from '#wire/dns-record-text.ts';
import type { ManagedProvider } from './plan/survey.ts';
import { longestZone } from './plan/zone-match.ts';
import type { ChangeOutcome, DnsProvider, ProviderZone } from './provider/dns-provider.ts';

export interface TxtPresenterOptions {
  readonly providers: readonly ManagedProvider[];
  readonly clock: Clock;
  readonly random: Random;
  /** How long zone servers may take to answer with a new record. */
  readonly publishMs?: number;
}

/** Challenges are for one moment. */
const ttlSeconds = 60;
/** Several orders may write to one name at once; each try sees what the others wrote. */
const writeTries = 8;
const writeBackoff = { baseMs: 250, capMs: 5_000 };
/** Most providers need seconds, some minutes. */
const defaultPublishMs = 180_000;
const askFirstMs = 250;
const askAtMostEveryMs = 5_000;
/** After so many checks in vain the whole set is looked at again. */
const lookAgainEvery = 3;

/** A place to write to. */
interface Place {
  readonly name: string;
  readonly provider: DnsProvider;
  readonly zone: ProviderZone;
}

/** Presenter over all providers of edge.yml, the built-in server among them. */
export class TxtPresenter implements ChallengePresenter {
  readonly label: string;
  readonly #options: TxtPresenterOptions;
  /** Names of zones as far as they are known: those of edge.yml, and those that providers listed. */
  readonly #known = new Map<string, readonly string[]>();

  constructor(options: TxtPresenterOptions) {
    this.#options = options;
    this.label = options.providers.map(({ provider }) => provider.name).join(', ');
    for (const { provider, zones } of options.providers) this.#known.set(provider.name, zones);
  }

  /** Asks providers without named zones what they hold, so that `covers` knows; a provider that fails is asked again later. */
  async learn(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#options.providers.map((managed) => this.#placesOf(managed, signal)));
    signal.throwIfAborted();
  }

  covers(hostname: string): boolean {
    const zones = [...this.#known.values()].flat().map((name) => ({ name }));
    return longestZone(zones, hostname.replace(/^\*\./, '')) !== undefined;
  }

  async presentTxt(name: string, value: string, signal: AbortSignal): Promise<void> {
    const place = await this.#placeOf(name, signal);
    const text = quoteText(value);
    const write = (): Promise<RecordSet | undefined> =>
      this.#write(place, name, (values) => [...values, text], signal);
    let after = await write();
    const { clock, publishMs = defaultPublishMs } = this.#options;
    const deadline = clock.nowMs() + publishMs;
    for (let check = 1, waitMs = askFirstMs; ; check++, waitMs = Math.min(2 * waitMs, askAtMostEveryMs)) {
      const change = { name: nameOf(name), type: 'TXT', after };
      if (await place.provider.isPublished(place.zone, change, signal)) return;
      if (clock.nowMs() + waitMs > deadline) throw notPublished(place, name, publishMs);
      await sleep(clock, waitMs, signal);
      if (check % lookAgainEvery !== 0) continue;
      // Another order may have added a value of its own, or taken ours away with its own.
      const stands = await this.#standing(place, nameOf(name), signal);
      after = stands?.values.includes(text) ? stands : await write();
    }
  }

  async removeTxt(name: string, value: string, signal: AbortSignal): Promise<void> {
    const place = await this.#placeOf(name, signal);
    const text = quoteText(value);
    await this.#write(place, name, (values) => values.filter((one) => one !== text), signal);
  }

  /** Changes the values of a name's TXT set, again if somebody else does at the same time. Returns the set as written. */
  async #write(
    place: Place,
    rawName: string,
    edit: (values: readonly string[]) => readonly string[],
    signal: AbortSignal,
  ): Promise<RecordSet | undefined> {
    const { clock, random } = this.#options;
    const name = nameOf(rawName);
    const { provider, zone } = place;
    const backoff = new Backoff({ ...writeBackoff, random });
    // Nothing there is the common case, and spares a listing when it is so.
    let before: RecordSet | undefined;
    let outcome: ChangeOutcome | undefined;
    for (let attempt = 1; attempt <= writeTries; attempt++) {
      if (attempt > 1) before = await this.#standing(place, name, signal);
      const values = edit(before?.values ?? []);
      const after =
        values.length > 0
          ? recordSet(name, 'TXT', Math.max(ttlSeconds, zone.minTtlSeconds), values)
          : undefined;
      // To remove from nothing would pass for done without a look at what is there.
      if (attempt === 1 && !after) continue;
      await provider.apply(
        zone,
        [{ id: name, changes: [{ name, type: 'TXT', before, after }] }],
        (_id, result) => void (outcome = result),
        signal,
      );
      if (outcome?.state === 'applied') return after;
      if (outcome?.state === 'failed' && !outcome.isTransient) break;
      if (attempt > 1) await sleep(clock, backoff.nextMs(), signal);
    }
    const why = outcome && outcome.state !== 'applied' ? outcome.detail : 'it said nothing';
    throw new SallyportError(
      'dns-unreachable',
      `The TXT record ${name} could not be written at ${provider.name} (${why}).`,
    );
  }

  async #standing(
    { provider, zone }: Place,
    name: string,
    signal: AbortSignal,
  ): Promise<RecordSet | undefined> {
    const sets = await provider.listRecords(zone, signal);
    return sets.find((set) => set.name === name && set.type === 'TXT');
  }

  async #placeOf(name: string, signal: AbortSignal): Promise<Place> {
    const lists = await Promise.allSettled(
      this.#options.providers.map((managed) => this.#placesOf(managed, signal)),
    );
    signal.throwIfAborted();
    const places = lists.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const place = longestZone(places, nameOf(name));
    const known = longestZone(
      [...this.#known.values()].flat().map((zone) => ({ name: zone })),
      nameOf(name),
    );
    // A shorter zone of somebody else is no substitute while the right one cannot be asked.
    if (place && (!known || known.name.length <= place.name.length)) return place;
    const failed = lists.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    throw new SallyportError(
      'config-missing',
      `No zone that is managed here covers ${name}; add it under dns.providers.`,
    );
  }

  async #placesOf({ provider, zones: managed }: ManagedProvider, signal: AbortSignal): Promise<Place[]> {
    const listed = await provider.listZones(signal);
    const mine = listed.filter(({ name }) => managed.length === 0 || managed.includes(name));
    if (managed.length === 0)
      this.#known.set(
        provider.name,
        mine.map(({ name }) => name),
      );
    return mine.map((zone) => ({ name: zone.name, provider, zone }));
  }
}

function notPublished({ provider, zone }: Place, name: string, publishMs: number): SallyportError {
  const servers = zone.nameServers.join(', ') || 'none that is known';
  return new SallyportError(
    'dns-unreachable',
    `The TXT record ${name} was written at ${provider.name}, but not every server of ${zone.name} (${servers}) answers with it after ${publishMs / 1000} s; check that the zone is delegated to them.`,
  );
}

function nameOf(text: string): string {
  const name = parseName(text);
  if (name === undefined) throw new SallyportError('internal', `"${text}" is no name for a TXT record.`);
  return lowerName(name);
}

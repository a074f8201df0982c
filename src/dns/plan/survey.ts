// Reads what stands: every managed zone of every provider with its records. A provider that fails does not hide the
// others; its zones are named as unreadable, so that nothing is planned past them.
import { errorText, SallyportError } from '#base/errors.ts';
import { isWithin } from '#wire/dns-name.ts';
import type { DnsProvider, ProviderZone } from '../provider/dns-provider.ts';
import type { ActualZone, UnreadableZone } from './plan.ts';

/** A provider and the zones of it that are managed; none named: all that it holds. */
export interface ManagedProvider {
  readonly provider: DnsProvider;
  readonly zones: readonly string[];
}

export interface Survey {
  readonly zones: readonly ActualZone[];
  readonly unreadable: readonly UnreadableZone[];
}

/** Remembers which zones a provider held, for the times it cannot be asked. One per process. */
export class Surveyor {
  readonly #known = new Map<string, readonly string[]>();

  /**
   * Asks every provider.
   * @throws the signal's reason, or what the first provider threw whose zones have never been known
   */
  async survey(providers: readonly ManagedProvider[], signal: AbortSignal): Promise<Survey> {
    const parts = await Promise.all(providers.map((managed) => this.#surveyOne(managed, signal)));
    return {
      zones: parts.flatMap(({ zones }) => zones),
      unreadable: parts.flatMap(({ unreadable }) => unreadable),
    };
  }

  async #surveyOne({ provider, zones: managed }: ManagedProvider, signal: AbortSignal): Promise<Survey> {
    let listed: readonly ProviderZone[];
    try {
      listed = await provider.listZones(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const names = managed.length > 0 ? managed : this.#known.get(provider.name);
      if (!names) throw error;
      return { zones: [], unreadable: names.map((name) => away(provider, name, error)) };
    }
    this.#known.set(
      provider.name,
      listed.map(({ name }) => name),
    );
    const wanted = listed.filter(({ name }) => managed.length === 0 || managed.includes(name));
    const missing = managed.filter((name) => !listed.some((zone) => zone.name === name));
    const zones: ActualZone[] = [];
    const failed: UnreadableZone[] = missing.map((name) => missingFrom(provider, name));
    for (const zone of wanted) {
      try {
        const records = await provider.listRecords(zone, signal);
        zones.push({
          provider: provider.name,
          zone,
          records: records.filter(({ name }) => isWithin(name, zone.name)),
        });
      } catch (error) {
        if (signal.aborted) throw error;
        failed.push(away(provider, zone.name, error));
      }
    }
    return { zones, unreadable: failed };
  }
}

/** Throws when a survey is not whole: for commands, which show all or nothing. */
export function requireWhole({ unreadable: list }: Survey): void {
  if (list.length === 0) return;
  throw new SallyportError(
    'dns-unreachable',
    list.map(({ detail, cure, isMissing }) => (isMissing ? `${detail} ${cure}` : detail)).join(' '),
  );
}

function missingFrom({ name: provider }: DnsProvider, name: string): UnreadableZone {
  const detail = `The provider ${provider} has no zone ${name} that can be changed with its credentials.`;
  const cure =
    'It may have moved to another account, or the token may not cover it: give the credentials of the account that holds it now.';
  return { provider, name, detail, cure, isMissing: true };
}

function away({ name: provider }: DnsProvider, name: string, error: unknown): UnreadableZone {
  const cure = 'What stands there stays, and it is tried again by itself.';
  return { provider, name, detail: errorText(error), cure, isMissing: false };
}

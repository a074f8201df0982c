// One place of a site with several services behind it, as a balanced route: the first service by a rule for the hostname itself,
// each other by a rule for a name that only it has, which a member of the route names.
import type { BalanceSettings } from '#model/routes/balance-policy.ts';
import type { DraftRoute, LabDraft } from './lab-draft.ts';
import { patternBelow } from './lab-draft.ts';

export interface PlacedService {
  readonly tunnel: string;
  readonly service: string;
  readonly weight?: number;
  readonly isBackup?: boolean;
}

export interface ServicePlace {
  readonly hostname: string;
  readonly path: string;
  readonly services: readonly PlacedService[];
  readonly originRequest: Readonly<Record<string, unknown>> | undefined;
  /** How they are chosen and watched; members are made here. */
  readonly balance: Partial<Omit<BalanceSettings, 'members'>>;
}

/** Labels have at most 63 characters, and the number stands behind. */
const longestName = 50;

/** Adds the rules; the key `balance` of the route, where there is something to balance or to watch. */
export function placeServices(
  draft: LabDraft,
  { hostname, path, services, originRequest, balance }: ServicePlace,
): Pick<DraftRoute, 'balance'> {
  const name = hostname.replace(/^\*\./, 'any.').replaceAll('.', '-').slice(0, longestName);
  const members = services.map(({ tunnel, service, ...more }, i) => {
    const rule = i === 0 ? undefined : `${name}-${i + 1}.member`;
    draft.rule(tunnel, { hostname: rule ?? hostname, path: patternBelow(path), service, originRequest });
    return { tunnel, ...(rule === undefined ? {} : { rule }), ...more };
  });
  const isOne = members.length < 2;
  // How one of several is chosen says nothing where there is one.
  const { policy, sticky, ...watched } = balance;
  const chosen = { ...(policy ? { policy } : {}), ...(sticky === undefined ? {} : { sticky }) };
  const settings = isOne ? watched : { members, ...chosen, ...watched };
  // As written: a lab file is checked, and its defaults filled in, by whoever reads it.
  return Object.keys(settings).length === 0 ? {} : { balance: settings as BalanceSettings };
}

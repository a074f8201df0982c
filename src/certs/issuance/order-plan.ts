// Which orders are due: a pure function of what is wanted, what there is, what was tried before and the time. The manager
// runs what stands here and asks again when something has ended or `nextMs` has come.
//
// Names that are new are put together when there are many of them, in the order in which they came, so the first are
// served first. A name that failed before goes alone, so that it holds up no other. A renewal keeps its certificate's
// names, less those that nobody wants any more.
import type {
  CertificateRecord,
  ChallengeMethod,
  OrderRecord,
  PendingOrder,
} from '#model/certificates/certificate-record.ts';
import { isNamedIn } from '../certificate.ts';
import type { AcmeSettings, AuthoritySettings } from './acme-settings.ts';
import { choiceAfter, type MethodChoice } from './method-choice.ts';
import { CertificateIndex } from './certificate-index.ts';
import { authorityFreeAt, type PastTries, pastTries, wasRefusedBy } from './order-history.ts';
import { renewalTime } from './renewal-time.ts';
import { familyOf, isPublicName } from './wanted-names.ts';

/** An order that should be made now. */
export interface DueOrder {
  /** The certificate it renews; undefined for a first one. */
  readonly renews: CertificateRecord | undefined;
  /** The one renewed is still needed for a name that is left out. */
  readonly keepsOld: boolean;
  readonly names: readonly string[];
  readonly authority: AuthoritySettings;
  readonly method: ChallengeMethod;
  readonly methodReason: string;
  /** Why now, in words. */
  readonly cause: string;
  /** It was begun before, by a run of the edge that ended too early. */
  readonly resumes: PendingOrder | undefined;
}

export interface PlanInput {
  readonly nowMs: number;
  /** Names that certificates are to have (wanted-names.ts), first wanted first. */
  readonly wanted: readonly string[];
  readonly certificates: readonly CertificateRecord[];
  /** Recent orders, oldest first. */
  readonly orders: readonly OrderRecord[];
  /** Begun, and not known to have ended. */
  readonly pending: readonly PendingOrder[];
  readonly settings: AcmeSettings;
  /** Possible methods of a name, best first. */
  readonly methodsOf: (name: string) => readonly MethodChoice[];
  /** Names of orders under way. */
  readonly busy: ReadonlySet<string>;
  /** Names whose first order waits for something, with the time until which it does at the longest. */
  readonly held?: ReadonlyMap<string, number>;
  /** Ids of certificates, and names without one, for which somebody wants an order now, whatever the time. */
  readonly forced: ReadonlySet<string>;
}

export interface OrderPlan {
  readonly due: readonly DueOrder[];
  /** When the next becomes due; Infinity when none will. */
  readonly nextMs: number;
}

/** More new names than this at once are put together; up to here each has a certificate of its own. */
export const singlesAtOnce = 5;
/** With less than this part of its life left, a renewal goes before names that never had a certificate. */
const urgentPart = 1 / 6;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A revocation, and one more soon after, are followed at once; what comes then is a mistake of the authority's. */
const maxRenewalsADay = 3;

/** See the head of the file. */
export function planOrders(all: PlanInput): OrderPlan {
  // A clock that was ahead has left orders in the future, which say nothing about now.
  const orders = all.orders.filter(({ startedAtMs }) => startedAtMs <= all.nowMs + hourMs);
  const index = new CertificateIndex(all.certificates);
  const resumed = resumptions({ ...all, orders }, index);
  const resuming = resumed.flatMap(({ names }) => names);
  const input = { ...all, orders, busy: new Set([...all.busy, ...resuming]) };
  const draft = new Draft(input);
  const fresh: string[] = [];
  const renewals = new Map<CertificateRecord, string[]>();
  for (const name of input.wanted) {
    const present = index.best(name, input.nowMs);
    if (!present || present.notAfterMs <= input.nowMs || present.source === 'imported') {
      if (!present || isDue(present, input, draft)) fresh.push(name);
    } else renewals.set(present, [...(renewals.get(present) ?? []), name]);
  }
  const urgent: DueOrder[] = [];
  const calm: DueOrder[] = [];
  for (const [certificate, names] of renewals) {
    if (!isDue(certificate, input, draft)) continue;
    const order = draft.renewal(certificate, names);
    if (order) (isUrgent(certificate, input.nowMs) ? urgent : calm).push(order);
  }
  return { due: [...resumed, ...urgent, ...draft.firsts(fresh), ...calm], nextMs: draft.nextMs };
}

/** Orders that were begun and whose certificate is still needed, at authorities that may be asked now. */
function resumptions(input: PlanInput, index: CertificateIndex<CertificateRecord>): DueOrder[] {
  const { nowMs, wanted, orders, pending, settings, busy } = input;
  return pending.flatMap((order): DueOrder[] => {
    const authority = settings.authorities.find(({ directoryUrl }) => directoryUrl === order.authority);
    const isNeeded = order.names.some((name) => {
      const present = index.best(name, nowMs);
      const isAnswered = present !== undefined && present.obtainedAtMs >= order.startedAtMs;
      return !isAnswered && wanted.some((one) => isNamedIn([name], one));
    });
    const isBusy = order.names.some((name) => busy.has(name));
    if (!authority || !isNeeded || isBusy || order.orderUrl === '' || order.method === '') return [];
    if (authorityFreeAt(order.authority, order.names, orders) > nowMs) return [];
    const { names, method, methodReason, cause } = order;
    return [
      { names, authority, method, methodReason, cause, renews: undefined, keepsOld: false, resumes: order },
    ];
  });
}

function isDue(certificate: CertificateRecord, input: PlanInput, draft: Draft): boolean {
  if (input.forced.has(certificate.id)) return true;
  const atMs = Math.max(renewalTime(certificate).atMs, restUntil(certificate, input.orders));
  if (atMs <= input.nowMs) return true;
  draft.waitUntil(atMs);
  return false;
}

/** An authority that suggests early renewal of everything it issues is not followed for ever. */
function restUntil({ id }: CertificateRecord, orders: readonly OrderRecord[]): number {
  const issued = orders.filter(({ certificateId, failure }) => certificateId === id && !failure);
  return (issued.at(-maxRenewalsADay)?.endedAtMs ?? -dayMs) + dayMs;
}

function isUrgent({ notBeforeMs, notAfterMs }: CertificateRecord, nowMs: number): boolean {
  return notAfterMs - nowMs < (notAfterMs - notBeforeMs) * urgentPart;
}

interface Open {
  readonly names: string[];
  readonly room: number;
}

class Draft {
  readonly #input: PlanInput;
  readonly #byName = new Map<string, OrderRecord[]>();
  readonly #known = new Map<string, PastTries>();
  nextMs = Infinity;

  constructor(input: PlanInput) {
    this.#input = input;
    for (const order of input.orders) {
      for (const name of order.names) this.#byName.set(name, [...(this.#byName.get(name) ?? []), order]);
    }
  }

  #ordersOf(name: string): readonly OrderRecord[] {
    return this.#byName.get(name) ?? [];
  }

  #tries(name: string): PastTries {
    const known = this.#known.get(name) ?? pastTries(name, this.#ordersOf(name));
    this.#known.set(name, known);
    return known;
  }

  /** Something that is not due now will be. */
  waitUntil(atMs: number): void {
    this.nextMs = Math.min(this.nextMs, atMs);
  }

  renewal(certificate: CertificateRecord, wanted: readonly string[]): DueOrder | undefined {
    const { busy, forced } = this.#input;
    if (certificate.names.some((name) => busy.has(name))) return undefined;
    const isForced = forced.has(certificate.id);
    const cause = isForced ? 'renewal asked for by hand' : `renewal: ${renewalTime(certificate).reason}`;
    // What a wildcard certificate has is wanted under another name.
    const names = certificate.names.filter((name) => wanted.some((one) => isNamedIn([name], one)));
    const ready = names.filter((name) => isForced || this.#isReady(name));
    if (ready.length === 0) return undefined;
    // One that fails now must not keep the others from being renewed: it is left out and stays with the old certificate.
    const order = this.#order(ready, certificate, cause);
    return order && { ...order, keepsOld: ready.length < names.length };
  }

  firsts(names: readonly string[]): DueOrder[] {
    const ready = names.filter(
      (name) => !this.#input.busy.has(name) && !this.#isHeld(name) && this.#isReady(name),
    );
    return this.#groups(ready).flatMap((group) => this.#order(group, undefined, 'first certificate') ?? []);
  }

  #isHeld(name: string): boolean {
    const untilMs = this.#input.held?.get(name);
    if (untilMs === undefined || this.#input.forced.has(name)) return false;
    this.waitUntil(untilMs);
    return true;
  }

  #isReady(name: string): boolean {
    if (this.#input.methodsOf(name).length === 0) return false;
    const { notBeforeMs } = this.#tries(name);
    if (notBeforeMs <= this.#input.nowMs || this.#input.forced.has(name)) return true;
    this.waitUntil(notBeforeMs);
    return false;
  }

  /** Singles while they are few; else together by family and method, in the order of the first of each. */
  #groups(names: readonly string[]): (readonly string[])[] {
    const isMany = names.length > singlesAtOnce;
    const groups: Open[] = [];
    const open = new Map<string, Open>();
    for (const name of names) {
      const isAlone = !isMany || this.#tries(name).failures > 0;
      const key = `${familyOf(name)} ${this.#input.methodsOf(name)[0]!.method} ${isPublicName(name)}`;
      const group = isAlone ? undefined : open.get(key);
      if (group && group.names.length < group.room) {
        group.names.push(name);
        continue;
      }
      const fresh = { names: [name], room: isAlone ? 1 : this.#input.settings.namesPerCertificate };
      groups.push(fresh);
      if (!isAlone) open.set(key, fresh);
    }
    return groups.map((group) => group.names);
  }

  #order(
    names: readonly string[],
    renews: CertificateRecord | undefined,
    cause: string,
  ): DueOrder | undefined {
    const authority = this.#authorityFor(names);
    if (!authority) return undefined;
    const { methodsOf } = this.#input;
    const failed = Math.max(...names.map((name) => this.#tries(name).failedValidations));
    const shared = methodsOf(names[0]!).filter(({ method }) =>
      names.every((name) => methodsOf(name).some((choice) => choice.method === method)),
    );
    const choice = choiceAfter(shared, failed);
    if (!choice) return undefined;
    const { method, reason: methodReason } = choice;
    return { names, renews, keepsOld: false, authority, cause, method, methodReason, resumes: undefined };
  }

  /** The first authority that is free and has not refused a name; one that has comes last. */
  #authorityFor(names: readonly string[]): AuthoritySettings | undefined {
    const { settings, orders, nowMs } = this.#input;
    const able = settings.authorities.filter(({ isPublic }) => !isPublic || names.every(isPublicName));
    const refused = (authority: AuthoritySettings): number =>
      Number(names.some((name) => wasRefusedBy(authority.directoryUrl, name, this.#ordersOf(name))));
    const free: AuthoritySettings[] = [];
    for (const authority of able.toSorted((a, b) => refused(a) - refused(b))) {
      const atMs = authorityFreeAt(authority.directoryUrl, names, orders);
      if (atMs <= nowMs) free.push(authority);
      else this.waitUntil(atMs);
    }
    return free[0];
  }
}

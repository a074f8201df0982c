// What past orders say about the next: how often a name has failed in a row, when it may be tried again, and which
// authorities are to be left alone for now. Pure; the order log is the only memory, so a restart forgets nothing.
import { createHash } from 'node:crypto';
import type { OrderRecord } from '#model/certificates/certificate-record.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;

/**
 * Waits after the first, second, ... failure of a name in a row. Public authorities allow five failed validations of a
 * name in an hour (Let's Encrypt's documented limit); these make four, and leave one to a hand that repairs things.
 */
const nameWaitsMs = [1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * minuteMs);
/** Waits after an authority gave no proper answer; it is nobody's fault here, and asking costs it little. */
const authorityWaitsMs = [5, 15, 30, 60, 120, 300, 600, 900].map((seconds) => seconds * 1000);
/** Nothing was spent when the vault could not be written to: looking again soon costs nothing. */
const diskWaitMs = minuteMs;
/** After a limit without a time: most limits of public authorities fill up again over hours. */
const busyWaitMs = hourMs;
/** Different orders that met a limit this close together: the limit is the account's, not one name's. */
const busyTogetherMs = 10 * minuteMs;

/**
 * New orders that one account makes in `orderWindowMs`; Let's Encrypt allows 300 in three hours. Refilling evenly is the
 * authority's way; a window that is never overstepped is the stricter reading.
 */
export const ordersPerWindow = 250;
export const orderWindowMs = 3 * hourMs;

/** How far back the history has to reach: the longest wait, and the limits that count by the week. */
export const historyMs = 8 * 24 * hourMs;

/** What the planner knows of one name's (or one certificate's) past tries. */
export interface PastTries {
  /** Failures in a row, at whichever authority. */
  readonly failures: number;
  /** Those of them in which the hostname could not be validated. */
  readonly failedValidations: number;
  /** Not before this time. */
  readonly notBeforeMs: number;
  readonly last: OrderRecord | undefined;
}

/** The tries since a name's last success; failures that were not the name's own do not count. */
export function pastTries(name: string, orders: readonly OrderRecord[]): PastTries {
  let [failures, failedValidations, notBeforeMs] = [0, 0, 0];
  let last: OrderRecord | undefined;
  for (const order of orders) {
    if (!order.names.includes(name)) continue;
    last = order;
    if (!order.failure) {
      [failures, failedValidations, notBeforeMs] = [0, 0, 0];
    } else if (order.failure.code === 'file-unwritable') {
      notBeforeMs = order.endedAtMs + diskWaitMs;
    } else if (isOwnFailure(name, order)) {
      if (order.failure.code === 'validation-failed') failedValidations += 1;
      notBeforeMs = order.endedAtMs + waitAfter(nameWaitsMs, failures, order.id);
      failures += 1;
    }
  }
  return { failures, failedValidations, notBeforeMs, last };
}

/** When an authority may be asked for an order of these names: 0 for now. */
export function authorityFreeAt(
  authority: string,
  names: readonly string[],
  orders: readonly OrderRecord[],
): number {
  let [silences, freeAtMs] = [0, 0];
  let busy: OrderRecord | undefined;
  for (const order of orders) {
    if (order.authority !== authority) continue;
    const code = order.failure?.code;
    if (code === 'authority-unreachable') {
      freeAtMs = Math.max(
        order.endedAtMs + waitAfter(authorityWaitsMs, silences, order.id),
        order.failure?.retryAtMs ?? 0,
      );
      silences += 1;
      continue;
    }
    [silences, freeAtMs] = [0, code === 'authority-busy' ? freeAtMs : 0];
    if (code !== 'authority-busy') continue;
    const untilMs = order.failure?.retryAtMs ?? order.endedAtMs + busyWaitMs;
    const isAccounts =
      busy !== undefined && order.endedAtMs - busy.endedAtMs < busyTogetherMs && !isSame(busy, order);
    if (isAccounts || order.names.some((name) => names.includes(name)))
      freeAtMs = Math.max(freeAtMs, untilMs);
    busy = order;
  }
  return Math.max(freeAtMs, paceAt(authority, orders));
}

/** When the account may make a further order by our own pace. */
function paceAt(authority: string, orders: readonly OrderRecord[]): number {
  const made = orders.filter((order) => order.authority === authority);
  const first = made.at(-ordersPerWindow);
  return first ? first.startedAtMs + orderWindowMs : 0;
}

/** Whether an authority refused the name itself since its last success, so that another one is worth a try. */
export function wasRefusedBy(authority: string, name: string, orders: readonly OrderRecord[]): boolean {
  let isRefused = false;
  for (const order of orders) {
    if (!order.names.includes(name)) continue;
    if (!order.failure) isRefused = false;
    else if (
      order.authority === authority &&
      order.failure.code === 'authority-refused' &&
      isOwnFailure(name, order)
    )
      isRefused = true;
  }
  return isRefused;
}

/** A name is at fault when the authority says so, or says of none in particular that it is; silence and limits are nobody's. */
function isOwnFailure(name: string, { failure }: OrderRecord): boolean {
  if (!failure || failure.code === 'authority-unreachable' || failure.code === 'authority-busy') return false;
  if (failure.code === 'aborted') return false;
  return Object.keys(failure.failedNames).length === 0 || name in failure.failedNames;
}

function isSame(a: OrderRecord, b: OrderRecord): boolean {
  return a.names.join() === b.names.join();
}

/** The wait after `failures` earlier ones, shortened by up to a fifth: the same for the same order, so nothing is drawn. */
function waitAfter(waits: readonly number[], failures: number, orderId: string): number {
  const wait = waits[Math.min(failures, waits.length - 1)]!;
  const fraction = createHash('sha256').update(orderId).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(wait * (1 - fraction / 5));
}

// What people are told when an order fails: what broke, what goes on working and until which day, and when it is tried
// again.
import type { Log } from '#base/log.ts';
import type { CertificateRecord, OrderRecord } from '#model/certificates/certificate-record.ts';
import { pastTries } from './order-history.ts';

/** Where the report finds what it needs. */
export interface ReportSource {
  readonly orders: readonly OrderRecord[];
  readonly shown: { best(name: string, nowMs: number): { readonly record: CertificateRecord } | undefined };
}

const dayMs = 86_400_000;
/** With less than this left the line is an error, no warning. */
const alarmMs = 3 * dayMs;
/** So many failures in a row are each worth a line; then one in so long a time is. */
const saidAtOnce = 3;
const sayAgainMs = dayMs / 4;
/** Names that are remembered; the oldest is forgotten, and said once more at most. */
const maxSaid = 5_000;

/** Logs failed orders: the first ones of a name at once, and then a few times a day. */
export class FailureReports {
  readonly #log: Log;
  /** By name: how often it was said, and when last. */
  readonly #said = new Map<string, { readonly times: number; readonly atMs: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** After a success the next failure is news again. */
  clear(names: readonly string[]): void {
    for (const name of names) this.#said.delete(name);
  }

  report(order: OrderRecord, source: ReportSource, nowMs: number): void {
    const { message, code, failedNames } = order.failure!;
    const failed = Object.keys(failedNames);
    for (const name of failed.length > 0 ? failed : [order.names[0]!]) {
      const present = source.shown.best(name, nowMs)?.record;
      const sentence = `${message} ${outlook(present, nowMs)} ${nextTry(name, source.orders, nowMs)}`;
      const fields = { names: order.names.join(' '), code, method: order.method };
      const isAlarming = present !== undefined && present.notAfterMs - nowMs < alarmMs;
      if (!this.#isNews(name, nowMs)) this.#log.debug(sentence, fields);
      else if (isAlarming) this.#log.error(sentence, fields);
      else this.#log.warn(sentence, fields);
    }
  }

  #isNews(name: string, nowMs: number): boolean {
    const { times, atMs } = this.#said.get(name) ?? { times: 0, atMs: 0 };
    if (times >= saidAtOnce && Math.abs(nowMs - atMs) < sayAgainMs) return false;
    if (this.#said.size >= maxSaid) this.#said.delete(this.#said.keys().next().value!);
    this.#said.set(name, { times: times + 1, atMs: nowMs });
    return true;
  }
}

/** `The present certificate is good until 2027-01-14T..., in 20 days; that day app.example.com breaks.` */
export function outlook(present: CertificateRecord | undefined, nowMs: number): string {
  if (!present) return 'There is no certificate yet.';
  const leftMs = present.notAfterMs - nowMs;
  if (leftMs <= 0) return `The present certificate expired on ${new Date(present.notAfterMs).toISOString()}.`;
  const left =
    leftMs < dayMs ? `${Math.ceil(leftMs / 3_600_000)} hours` : `${Math.floor(leftMs / dayMs)} days`;
  return `The present certificate is good until ${new Date(present.notAfterMs).toISOString()}, for ${left} more; then visitors are turned away.`;
}

function nextTry(name: string, orders: readonly OrderRecord[], nowMs: number): string {
  const atMs = pastTries(name, orders).notBeforeMs;
  return atMs > nowMs ? `It is tried again at ${new Date(atMs).toISOString()}.` : 'It is tried again soon.';
}

// A zone as the built-in name server answers from it: immutable plain data, replaced as a whole. The serial grows with
// every change, so that secondaries notice.
import type { RecordSet } from './record-set.ts';

/** The start of a zone's authority (RFC 1035 section 3.3.13), without its serial. */
export interface ZoneAuthority {
  /** The server that changes are made at; also the first name server. */
  readonly primary: string;
  /** Mailbox of whoever is responsible, with a dot for the at sign: `hostmaster.example.com`. */
  readonly mailbox: string;
  /** How often secondaries ask, in seconds. */
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  /** Secondaries stop answering after so long without their primary. */
  readonly expireSeconds: number;
  /** How long "no such name" may be kept. */
  readonly negativeTtlSeconds: number;
}

export interface ZoneSnapshot {
  /** Lower case, no dot at the end. */
  readonly name: string;
  /** 32 bits, compared as RFC 1982 says. */
  readonly serial: number;
  readonly authority: ZoneAuthority;
  /** Everything but the SOA; the zone's own NS set is among it. */
  readonly records: readonly RecordSet[];
}

/**
 * Times that suit a zone that changes with its routes: secondaries hear of changes by NOTIFY, and ask in between in case
 * one was lost; a name that was missing may be there a minute later.
 */
export const defaultAuthorityTimes: Omit<ZoneAuthority, 'primary' | 'mailbox'> = {
  refreshSeconds: 600,
  retrySeconds: 120,
  expireSeconds: 1_209_600,
  negativeTtlSeconds: 60,
};

/** The serial after `last`: the time in seconds, or one more than the last where that is not ahead of it. */
export function nextSerial(last: number, wallMs: number): number {
  const now = Math.floor(wallMs / 1000) >>> 0;
  return isLaterSerial(now, last) ? now : (last + 1) >>> 0;
}

/** Whether serial `a` is after `b` (RFC 1982 section 3.2). */
export function isLaterSerial(a: number, b: number): boolean {
  return a !== b && (a - b) >>> 0 < 0x80000000;
}

// The ownership marker: a TXT record beside each hostname whose records are ours. docs/dns-ownership.md describes it for
// owners. Nothing is changed or removed without one that names this edge.
//
//   blog.example.com              A    203.0.113.7
//   _sallyport.blog.example.com   TXT  "heritage=sallyport,sallyport/edge=edge.example.com,sallyport/route=...,
//                                       sallyport/wrote=1f2e3d4c.99aa88bb"
//
// `wrote` lists checksums of values that this edge wrote: those of the last write and those that it replaced. A value
// under the hostname with another checksum was put there by hand, and its record set is somebody else's from then on.
import { createHash } from 'node:crypto';
import type { RecordSet } from '#model/dns/record-set.ts';
import { isWithin } from '#wire/dns-name.ts';
import { quoteText, unquoteText } from '#wire/dns-record-text.ts';

/** What a marker says. */
export interface OwnershipMarker {
  /** The edge's id: `dns.owner` in edge.yml. */
  readonly edge: string;
  readonly route: string;
  /** Checksums, see above. */
  readonly wrote: readonly string[];
}

/** Edge and route ids: as they stand in a marker without quoting, and short enough for one string of 255 bytes. */
export const markerIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

const prefix = '_sallyport.';
const wildcardPrefix = '_sallyport-wildcard.';
const heritage = 'heritage=sallyport';

/** The marker's name for a hostname or `*.suffix`. An asterisk inside a name is left out: some providers refuse it. */
export function markerName(hostname: string): string {
  return hostname.startsWith('*.') ? `${wildcardPrefix}${hostname.slice(2)}` : `${prefix}${hostname}`;
}

/** The hostname that a marker's name stands for; undefined when the name is no marker's. */
export function markedHostname(name: string): string | undefined {
  if (name.startsWith(wildcardPrefix)) return `*.${name.slice(wildcardPrefix.length)}`;
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** Whether a hostname could not be told from a marker of another. */
export function looksLikeMarker(hostname: string): boolean {
  return markedHostname(hostname) !== undefined;
}

/** A marker as a TXT record's text. */
export function formatMarker({ edge, route, wrote }: OwnershipMarker): string {
  const sums = [...new Set(wrote)].toSorted().join('.');
  return quoteText(`${heritage},sallyport/edge=${edge},sallyport/route=${route},sallyport/wrote=${sums}`);
}

/** Reads a TXT record's text; undefined when it is no marker. Parts that are not known are passed over. */
export function parseMarker(text: string): OwnershipMarker | undefined {
  const parts = valueOf(text).split(',');
  if (parts[0] !== heritage) return undefined;
  const labels = new Map(
    parts.slice(1).map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const edge = labels.get('sallyport/edge') ?? '';
  if (edge === '') return undefined;
  const wrote = (labels.get('sallyport/wrote') ?? '').split('.').filter((sum) => sum !== '');
  return { edge, route: labels.get('sallyport/route') ?? '', wrote };
}

/** The markers among the values of a TXT set. */
export function markersIn(set: RecordSet | undefined): OwnershipMarker[] {
  return (set?.values ?? []).flatMap((value) => parseMarker(value) ?? []);
}

/**
 * Checksums of a set's values, each with its type. They guard against mistakes, not against malice: whoever can edit the
 * zone owns it. Of values, as a provider without transactions may be cut off with half of a set written.
 */
export function checksums({ type, values }: Pick<RecordSet, 'type' | 'values'>): string[] {
  return values.map((value) => createHash('sha256').update(`${type} ${value}`).digest('hex').slice(0, 8));
}

/** Whether all values of a set are among those that were written. */
export function isWritten(set: RecordSet, wrote: ReadonlySet<string>): boolean {
  return checksums(set).every((sum) => wrote.has(sum));
}

/** Whether a marker of a hostname lies in a zone, as it must to be made there. */
export function markerFits(hostname: string, zone: string): boolean {
  return isWithin(markerName(hostname), zone);
}

function valueOf(text: string): string {
  try {
    return unquoteText(text);
  } catch {
    return '';
  }
}

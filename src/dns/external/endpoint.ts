// external-dns' words for records, and ours. Its JSON comes from Go: any field may be absent or null, targets have no dot at
// their end, texts may or may not be quoted, and a TTL of 0 is "none said".
import { z } from 'zod';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { lowerName, parseName } from '#wire/dns-name.ts';
import { normalRecordText, quoteText } from '#wire/dns-record-text.ts';

const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

/** One endpoint: a record set. */
export const endpointSchema = z.looseObject({
  dnsName: z.string().min(1),
  recordType: z.string().min(1),
  targets: list(z.string()),
  recordTTL: z.int().min(0).nullish(),
  setIdentifier: z.string().nullish(),
});

/** The body of POST /records. */
export const changesSchema = z.object({
  create: list(endpointSchema),
  updateOld: list(endpointSchema),
  updateNew: list(endpointSchema),
  delete: list(endpointSchema),
});

export type Endpoint = z.output<typeof endpointSchema>;
export type ExternalChanges = z.output<typeof changesSchema>;

/** Types that external-dns manages and that can be read both ways. */
export const externalTypes: readonly string[] = ['A', 'AAAA', 'CNAME', 'TXT', 'MX', 'NS', 'SRV'];
/** Where it does not say one. */
export const defaultTtlSeconds = 300;

/** Why an endpoint cannot be a record set, or the set. */
export function setOf(endpoint: Endpoint, minTtlSeconds: number): RecordSet | string {
  const { recordType: type, targets, recordTTL, setIdentifier } = endpoint;
  const name = parseName(endpoint.dnsName);
  if (name === undefined) return `"${endpoint.dnsName}" is no name`;
  if (!externalTypes.includes(type)) return `records of type ${type} are not taken`;
  if (setIdentifier) return 'weighted and located records are not taken';
  if (targets.length === 0) return 'it has no targets';
  try {
    const ttl = Math.max(recordTTL || defaultTtlSeconds, minTtlSeconds);
    return recordSet(
      lowerName(name),
      type,
      ttl,
      targets.map((target) => valueOf(type, target)),
    );
  } catch {
    return `"${targets.join(', ')}" are no ${type} records`;
  }
}

/** A set as an endpoint. */
export function endpointOf({ name, type, ttlSeconds, values }: RecordSet): object {
  return {
    dnsName: name,
    recordType: type,
    recordTTL: ttlSeconds,
    targets: values.map((value) => targetOf(type, value)),
  };
}

function valueOf(type: string, target: string): string {
  if (type === 'TXT') return normalRecordText(type, target.startsWith('"') ? target : quoteText(target));
  return normalRecordText(type, target);
}

function targetOf(type: string, value: string): string {
  return ['CNAME', 'MX', 'NS', 'SRV'].includes(type) ? value.replace(/\.$/, '') : value;
}

// DNS as an edge's owner sees it: zones with their records and whose they are, hostnames with how far they are, the plan
// between what is and what shall be. Made by the rooms dns and roles, shown by API, command line and dashboard.
import { z } from 'zod';
import { timeSchema } from '../names.ts';

/** How far a hostname's records are. */
export const nameStates = ['good', 'pending', 'conflict', 'failed', 'unmanaged'] as const;

/** A fault that was met, and when; it stays to be read after it has healed. */
const notedSchema = z.object({ detail: z.string(), atMs: timeSchema });

/** `edge`: written by this edge; `other-edge`: marked by another; `other`: by hand, or by another program. */
export const recordOwners = ['edge', 'other-edge', 'other'] as const;

export const recordViewSchema = z
  .object({
    name: z.string(),
    type: z.string(),
    ttlSeconds: z.int(),
    /** As in a master file. */
    values: z.array(z.string()),
    owner: z.enum(recordOwners),
    /** What a reader may want to know of it: another edge's name, what a marker is for. */
    note: z.string(),
  })
  .meta({ id: 'DnsRecord' });

export const zoneViewSchema = z
  .object({
    name: z.string(),
    /** As edge.yml calls it; `builtin`: the edge answers for the zone itself. */
    provider: z.string(),
    /** `away`: the provider could not be asked; `missing`: it has no such zone. */
    state: z.enum(['good', 'away', 'missing']),
    detail: z.string(),
    cure: z.string(),
    nameServers: z.array(z.string()),
    /** The smallest TTL that the provider takes. */
    minTtlSeconds: z.int(),
    /** Record sets, and those of them that this edge wrote. */
    records: z.int(),
    ownRecords: z.int(),
    /** Last look that worked, null before. */
    readAtMs: timeSchema.nullable(),
    lastError: notedSchema.nullable(),
  })
  .meta({ id: 'Zone' });

export const nameViewSchema = z
  .object({
    hostname: z.string(),
    state: z.enum(nameStates),
    detail: z.string(),
    /** What to do; '' when there is nothing to do. */
    cure: z.string(),
    sinceMs: timeSchema,
    /** '' where no zone covers it. */
    zone: z.string(),
    provider: z.string(),
    /** The tunnel it leads to; `edge` for the edge's own name. */
    tunnelId: z.string(),
    /** What leads somewhere under this name now, and whose it is. */
    records: z.array(recordViewSchema),
    /** The last change by another hand that was found, and mended if it could be. */
    lastDrift: notedSchema.nullable(),
    lastError: notedSchema.nullable(),
  })
  .meta({ id: 'Name' });

export const dnsStepSchema = z
  .object({
    action: z.enum(['create', 'update', 'delete', 'adopt']),
    hostname: z.string(),
    zone: z.string(),
    provider: z.string(),
    /** Somebody changed or removed by hand what the edge wrote. */
    isDrift: z.boolean(),
    detail: z.string(),
    /** Left out before it was applied. */
    outcome: z.enum(['applied', 'conflict', 'failed']).optional(),
    error: z.string().optional(),
  })
  .meta({ id: 'DnsStep' });

export const dnsPlanSchema = z
  .object({
    steps: z.array(dnsStepSchema),
    names: z.array(
      z.object({
        hostname: z.string(),
        state: z.enum(nameStates),
        detail: z.string(),
        cure: z.string(),
        zone: z.string(),
        provider: z.string(),
      }),
    ),
    /** Names with a marker of this edge that stay, and why. */
    kept: z.array(z.object({ hostname: z.string(), detail: z.string() })),
  })
  .meta({ id: 'DnsPlan' });

/** What the edge works with; null where edge.yml has no dns section. */
export const dnsSetUpSchema = z
  .object({
    /** This edge's name in markers. */
    owner: z.string(),
    /** Where names shall lead. */
    addresses: z.array(z.string()),
    alias: z.string(),
    providers: z.array(z.string()),
  })
  .meta({ id: 'DnsSetUp' });

export type RecordView = z.infer<typeof recordViewSchema>;
export type ZoneView = z.infer<typeof zoneViewSchema>;
export type NameView = z.infer<typeof nameViewSchema>;
export type DnsStep = z.infer<typeof dnsStepSchema>;
export type DnsPlan = z.infer<typeof dnsPlanSchema>;
export type DnsSetUp = z.infer<typeof dnsSetUpSchema>;

// What an edge sees right now: connectors, why others went away, traffic over time, and events as they happen. Plain data
// that the edge hands out (edge/observation/live-view.ts) and the API passes on as it is.
import { z } from 'zod';
import { timeSchema } from '../names.ts';

/** A connector process with its connections to this edge. */
export const connectorSchema = z.object({
  /** UUID drawn by each connector process. */
  instanceId: z.string(),
  version: z.string(),
  /** `linux_x64` style. */
  arch: z.string(),
  /** Name of the machine, '' where it did not say. */
  hostname: z.string(),
  /** Its system, such as `Linux 6.12.0`, '' where it did not say. */
  os: z.string(),
  /** What it can do beyond the first release, such as `remote-config`. */
  features: z.array(z.string()),
  /** `address:port` from which its newest connection came. */
  address: z.string(),
  startedAtMs: timeSchema.nullable(),
  connectedAtMs: timeSchema.meta({ description: 'Of its oldest connection.' }),
  isDraining: z.boolean(),
  /** base64 of the key it proved. */
  publicKey: z.string(),
  connections: z.array(
    z.object({
      id: z.string(),
      index: z.int(),
      transport: z.string(),
      address: z.string(),
      connectedAtMs: timeSchema,
      rttMs: z.number().min(0).meta({ description: '0 before the first ping.' }),
      openStreams: z.int().min(0),
      isDraining: z.boolean(),
    }),
  ),
  /** The rules it published, in order. */
  rules: z.array(z.object({ hostname: z.string(), path: z.string(), service: z.string() })),
  rulesVersion: z.int().min(0),
  config: z.object({
    /** Of the rule set pushed to it; 0 when none was. */
    version: z.int().min(0),
    state: z.enum(['local', 'pending', 'current', 'refused', 'unsupported']),
    /** The sentence with which it refused. */
    detail: z.string(),
  }),
});

/** A tunnel connection that ended, or (connected for 0 ms) one that was refused. */
export const disconnectSchema = z.object({
  atMs: timeSchema,
  tunnelId: z.string(),
  instanceId: z.string(),
  hostname: z.string(),
  address: z.string(),
  reason: z.string().meta({ description: 'From the fixed list of docs/protocol/tunnel.md.' }),
  detail: z.string(),
  connectedForMs: z.number().min(0),
});

/** Counts since the edge started. */
export const trafficCountSchema = z.object({
  requests: z.int().min(0),
  /** Answered with a status from 500 on, by the edge or the origin. */
  errors: z.int().min(0),
  bytesIn: z.int().min(0),
  bytesOut: z.int().min(0),
});

/** Traffic in equal steps of time, oldest first; a step without traffic is there, with zeros. */
export const trafficSeriesSchema = z
  .object({
    stepMs: z.int().min(1),
    /** Start of the first step. */
    fromMs: timeSchema,
    points: z.array(
      z.object({
        requests: z.int(),
        clientErrors: z.int().meta({ description: 'Status 400 to 499.' }),
        serverErrors: z.int().meta({ description: 'Status 500 and above.' }),
        bytesIn: z.int(),
        bytesOut: z.int(),
        /** Milliseconds to the first byte of the answer, from a histogram; null without requests. */
        p50Ms: z.number().nullable(),
        p95Ms: z.number().nullable(),
        p99Ms: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'TrafficSeries' });

/** Something that happened, as the edge tells its listeners. */
export const liveEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('connector'),
    what: z.enum(['connected', 'draining', 'disconnected', 'rules', 'config-accepted', 'config-refused']),
    atMs: timeSchema,
    tunnelId: z.string(),
    instanceId: z.string(),
    detail: z.string(),
  }),
  /** The configuration changed. */
  z.object({ kind: z.literal('revision'), atMs: timeSchema, revision: z.int() }),
  /** The list of troubles changed. */
  z.object({ kind: z.literal('trouble'), atMs: timeSchema }),
  /** Once a second while somebody listens: the last whole second. */
  z.object({
    kind: z.literal('traffic'),
    atMs: timeSchema,
    total: trafficCountSchema,
    /** By tunnel id; only those with traffic in that second. */
    tunnels: z.record(z.string(), trafficCountSchema),
  }),
]);

export type ConnectorLive = z.infer<typeof connectorSchema>;
export type Disconnect = z.infer<typeof disconnectSchema>;
export type TrafficCount = z.infer<typeof trafficCountSchema>;
export type TrafficSeries = z.infer<typeof trafficSeriesSchema>;
export type LiveEvent = z.infer<typeof liveEventSchema>;
/** Spans of traffic that can be asked for. */
export type TrafficSpan = '5m' | '1h' | '6h' | '48h';

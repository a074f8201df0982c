// One line of the access log, read again: for the live view, the waterfall and `logs`. The edge writes lines as text
// (edge/logs/access-log.ts) and parses them only when somebody looks.
import { z } from 'zod';

/** Field names are those of the log line. Times are milliseconds after the request's first byte. */
export const loggedRequestSchema = z
  .object({
    /** RFC 3339, when it ended. */
    time: z.string(),
    id: z.string(),
    client: z.string(),
    method: z.string(),
    host: z.string(),
    /** Canonical, without the query, which is never kept. */
    path: z.string(),
    protocol: z.string(),
    status: z.int(),
    bytesIn: z.int(),
    bytesOut: z.int(),
    /** Whole duration. */
    ms: z.number(),
    /** The edge had read and routed the request, and began on its upstream. */
    routedMs: z.number().nullable(),
    /** The connector reached the origin; absent on a stream that was already open. */
    openMs: z.number().nullable(),
    /** The request's body had been sent on; absent without one. */
    sentMs: z.number().nullable(),
    /** First byte of the origin's answer. */
    firstByteMs: z.number().nullable(),
    tunnel: z.string().nullable(),
    connector: z.string().nullable(),
    connection: z.string().nullable(),
    rule: z.int().nullable(),
    attempts: z.int(),
    userAgent: z.string().nullable(),
    /** Id of the trace that it belongs to, where the edge or its route takes part in tracing. */
    trace: z.string().nullable(),
    cache: z.string().nullable(),
    /** Who was let pass or turned away, on a route that asks: a user, or `token:` and a name. */
    user: z.string().nullable(),
    /** Number and subject of the access rule that decided. */
    accessRule: z.string().nullable(),
    error: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'LoggedRequest' });

/** What a live view or a list shows; all given must hold. */
export const requestFilterSchema = z.object({
  host: z.string().max(253).optional().meta({ description: 'Exact, or `*.suffix`.' }),
  status: z
    .string()
    .regex(/^([1-5]xx|[1-5]\d\d)$/, { error: 'must be a status such as "404" or a class such as "5xx"' })
    .optional(),
  tunnel: z.string().max(64).optional().meta({ description: 'Id or name.' }),
  method: z.string().max(20).optional(),
  path: z.string().max(1024).optional().meta({ description: 'Prefix.' }),
  client: z.string().max(64).optional(),
  search: z.string().max(200).optional().meta({ description: 'Text anywhere in the line.' }),
});

export type LoggedRequest = z.infer<typeof loggedRequestSchema>;
export type RequestFilter = z.infer<typeof requestFilterSchema>;

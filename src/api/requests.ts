// The access log, live and as kept in memory.
import { z } from 'zod';
import { loggedRequestSchema, requestFilterSchema } from '#model/live/logged-request.ts';
import { operation } from './operation.ts';
import { logCursorSchema, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

const params = z.object({ request: pathText(64) });

export const requestOperations = {
  listRequests: operation({
    id: 'listRequests',
    method: 'GET',
    path: '/requests',
    scope: 'requests:read',
    summary: 'Recent requests, newest first',
    query: requestFilterSchema.extend({ limit: pageQuery.limit, cursor: logCursorSchema }),
    result: z.object({
      items: z.array(loggedRequestSchema),
      nextCursor: z.string().nullable(),
      /** How many the edge holds; older ones are in the access log file. */
      held: z.int().min(0),
    }),
  }),
  streamRequests: operation({
    id: 'streamRequests',
    method: 'GET',
    path: '/requests/stream',
    scope: 'requests:read',
    summary: 'Requests as they finish, one event each (`request`)',
    query: requestFilterSchema,
    stream: 'text/event-stream',
  }),
  getRequest: operation({
    id: 'getRequest',
    method: 'GET',
    path: '/requests/{request}',
    scope: 'requests:read',
    summary: 'One request with its timings, by its id',
    params,
    result: loggedRequestSchema,
  }),
  replayRequest: operation({
    id: 'replayRequest',
    method: 'POST',
    path: '/requests/{request}/replay',
    scope: 'requests:replay',
    summary: 'Send a logged GET or HEAD again, from the edge itself',
    description:
      'Method, host and path as logged; no body, no credentials, and no query, which the log does not keep.',
    params,
    result: loggedRequestSchema,
  }),
};

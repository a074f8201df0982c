// A route as its owner keeps it: a public hostname (and path) that leads to a tunnel, with what the edge does on the way.
import { z } from 'zod';
import { accessPolicySchema } from '../access/access-policy.ts';
import {
  hostnamePatternSchema,
  idSchema,
  noteSchema,
  pathPrefixSchema,
  timeSchema,
  versionSchema,
} from '../names.ts';
import { routeStepsShape } from './route-steps.ts';

export const routeSchema = z.strictObject({
  id: idSchema,
  hostname: hostnamePatternSchema,
  path: pathPrefixSchema,
  tunnelId: idSchema,
  access: accessPolicySchema.default('public'),
  isEnabled: z.boolean().meta({ description: 'A route that is not enabled is kept, and answers 404.' }),
  note: noteSchema,
  ...routeStepsShape,
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type Route = z.infer<typeof routeSchema>;

/** How people name a route: `blog.example.com`, or with its path `blog.example.com/admin`. */
export function routeName(route: Pick<Route, 'hostname' | 'path'>): string {
  return route.path === '/' ? route.hostname : `${route.hostname}${route.path}`;
}

// What an owner can set while the edge runs, and what it is when he has set nothing. Everything that must be known before
// the store opens (ports, folders, the store itself) stands in edge.yml instead.
import { z } from 'zod';

const day = 86_400_000;

const shape = {
  /** Shown on the dashboard and its sign-in page. */
  title: z.string().min(1).max(60),
  /** How long a browser stays signed in without being used, and at most. */
  sessionIdleMs: z
    .int()
    .min(60_000)
    .max(90 * day),
  sessionMaxMs: z
    .int()
    .min(60_000)
    .max(365 * day),
  /** Access log lines kept in memory for the live view. */
  recentRequests: z.int().min(0).max(100_000),
  /** How long audit events are kept; 0 for ever. */
  auditKeptMs: z.int().min(0),
};

export const settingsSchema = z.strictObject({
  title: shape.title.default('Sallyport'),
  sessionIdleMs: shape.sessionIdleMs.default(7 * day),
  sessionMaxMs: shape.sessionMaxMs.default(30 * day),
  recentRequests: shape.recentRequests.default(5_000),
  auditKeptMs: shape.auditKeptMs.default(0),
});

/** A change of them: what is not given stays, so nothing here has a default. */
export const settingsChangeSchema = z.strictObject(shape).partial();

export type Settings = z.infer<typeof settingsSchema>;

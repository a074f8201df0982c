// A link that opens a path of a protected site for whoever holds it, for some time, and for some openings if its owner counts
// them. The link is a signed text (model/access/access-pass.ts) that names this object; without the object it opens nothing.
import { z } from 'zod';
import {
  hostnamePatternSchema,
  idSchema,
  noteSchema,
  pathPrefixSchema,
  timeSchema,
  versionSchema,
} from '../names.ts';

export const shareLinkSchema = z.strictObject({
  id: idSchema,
  /** One hostname, no pattern. */
  hostname: hostnamePatternSchema,
  /** Opens this path and what is below. */
  path: pathPrefixSchema,
  note: noteSchema,
  expiresAtMs: timeSchema,
  /** Browsers that may open it; null: as many as like. */
  maxUses: z.int().min(1).nullable(),
  /** Browsers that have; counted only where there is a limit. */
  uses: z.int().min(0),
  /** Who made it. */
  madeBy: z.string().max(200),
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type ShareLink = z.infer<typeof shareLinkSchema>;

/** Links of one edge; each is in memory at every edge. */
export const maxShareLinks = 10_000;
/** A link that outlives its purpose is a hole. */
export const longestShareDays = 366;
/** Browsers that one link may let in when they are counted. */
export const maxShareUses = 100_000;

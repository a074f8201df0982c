// What an owner can set while the edge runs, and what it is when he has set nothing. Everything that must be known before
// the store opens (ports, folders, the store itself) stands in edge.yml instead.
import { z } from 'zod';
import { logoFault, maxLogoText } from '#base/pages/logo.ts';
import type { LookSettings } from '#base/pages/page-look.ts';

const day = 86_400_000;

/** Until an owner has said what he calls it. */
export const defaultTitle = 'Sallyport';

const shape = {
  title: z
    .string()
    .min(1)
    .max(60)
    .meta({ description: 'Shown on the dashboard, on sign-in pages, and in mails.' }),
  colour: z
    .string()
    .regex(/^(#[0-9a-fA-F]{6})?$/, { error: 'must be a colour such as "#7a1fa2", or empty' })
    .meta({
      description: "Of buttons and links on the pages that visitors see; empty for the edge's own.",
    }),
  logo: z
    .string()
    .max(maxLogoText)
    .refine((text) => text === '' || logoFault(text) === '', {
      error: ({ input }) => logoFault(String(input)),
    })
    .meta({
      description:
        'A PNG, JPEG or WebP picture of up to 48 KiB, as a `data:` URL, for the pages that visitors see; empty for none.',
    }),
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
  title: shape.title.default(defaultTitle),
  colour: shape.colour.default(''),
  logo: shape.logo.default(''),
  sessionIdleMs: shape.sessionIdleMs.default(7 * day),
  sessionMaxMs: shape.sessionMaxMs.default(30 * day),
  recentRequests: shape.recentRequests.default(5_000),
  auditKeptMs: shape.auditKeptMs.default(0),
});

/** A change of them: what is not given stays, so nothing here has a default. */
export const settingsChangeSchema = z.strictObject(shape).partial();

export type Settings = z.infer<typeof settingsSchema>;

/** How pages that visitors see look; a name that nobody chose is none. */
export function lookOf({ title, colour, logo }: Settings): LookSettings {
  return { name: title === defaultTitle ? '' : title, colour, logo };
}

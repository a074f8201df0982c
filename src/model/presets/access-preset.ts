// Products whose own applications cannot sign in at the edge, and the requests of theirs that pass without: those for which the
// product asks for a token, key or password of its own. Data, not code: what a preset opens is shown in full by `explain` and
// `access test`, and everything else of the site stays closed. A preset opens for everybody: where the product has no lock of
// its own, or a weak one, its caution says so.
import { devicePresets } from './device-presets.ts';
import { mediaPresets } from './media-presets.ts';
import { officePresets } from './office-presets.ts';
import { workshopPresets } from './workshop-presets.ts';

/** Requests that pass without a sign-in at the edge. */
export interface PresetOpening {
  /** As in a rule (access-policy.ts): by whole segments, `*` within one, `=` for exactly it. */
  readonly paths: readonly string[];
  /** Absent: every method. */
  readonly methods?: readonly string[];
  /** What comes here, and which lock of the product's own it meets. */
  readonly why: string;
}

export interface AccessPreset {
  readonly title: string;
  /** Where the product's makers describe these requests. */
  readonly source: string;
  /** What an owner should know before he opens them. */
  readonly caution: string;
  readonly opens: readonly PresetOpening[];
}

const presets = { ...devicePresets, ...mediaPresets, ...officePresets, ...workshopPresets } as const;

export type PresetName = keyof typeof presets;

/** By the word that policies use. */
export const accessPresets: Readonly<Record<PresetName, AccessPreset>> = presets;

export const presetNames = (Object.keys(presets) as PresetName[]).toSorted();

/** The preset of a word; undefined where there is none. */
export function presetNamed(name: string): AccessPreset | undefined {
  return Object.hasOwn(presets, name) ? accessPresets[name as PresetName] : undefined;
}

// For each preset what must pass without a sign-in, and what must not: written from the products' own documentation, not from
// the presets. `METHOD path`; the rest of every site is closed.
import type { PresetName } from '#model/presets/access-preset.ts';
import { devicePresetRows } from './device-preset-rows.ts';
import { mediaPresetRows } from './media-preset-rows.ts';
import { officePresetRows } from './office-preset-rows.ts';
import { workshopPresetRows } from './workshop-preset-rows.ts';

export interface PresetRows {
  readonly opens: readonly string[];
  readonly stays: readonly string[];
}

export const presetRows: Readonly<Record<PresetName, PresetRows>> = {
  ...devicePresetRows,
  ...mediaPresetRows,
  ...officePresetRows,
  ...workshopPresetRows,
};

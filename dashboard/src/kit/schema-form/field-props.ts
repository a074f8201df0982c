// What every field of a schema's form is given.
import type { ComponentType } from 'react';
import type { Setting } from './setting.ts';

export interface SettingFieldProps {
  readonly setting: Setting;
  readonly label: string;
  /** Where the value stands, as the API names it in a fault: `redirects.0.to`. */
  readonly path: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** What the edge found wrong with the value at a path. */
  readonly faultAt: (path: string) => string | undefined;
}

/** A field of settings that hold others; `Below` shows those, whatever they are. */
export type NestedFieldProps<Kind extends Setting['kind']> = SettingFieldProps & {
  readonly setting: Extract<Setting, { kind: Kind }>;
  readonly Below: ComponentType<SettingFieldProps>;
};

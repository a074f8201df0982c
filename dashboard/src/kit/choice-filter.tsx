// A field above a list that narrows it down to one of a few: one state, one kind, one owner. Taken back, all are shown.
import { Select } from '@mantine/core';

export interface ChoiceFilterProps<Choice extends string> {
  readonly label: string;
  /** What stands there while nothing is chosen: `In any state`. */
  readonly anyLabel: string;
  /** Each as it is, or with the words for it. */
  readonly choices: readonly (Choice | { readonly value: Choice; readonly label: string })[];
  readonly value: Choice | undefined;
  readonly onChange: (value: Choice | undefined) => void;
  readonly width?: number;
  /** For lists that are too long to look through. */
  readonly isSearchable?: boolean;
}

/** The field. */
export function ChoiceFilter<Choice extends string>(props: ChoiceFilterProps<Choice>) {
  const { label, anyLabel, choices, value, onChange, width = 170, isSearchable = false } = props;
  return (
    <Select
      aria-label={label}
      w={width}
      clearable
      searchable={isSearchable}
      placeholder={anyLabel}
      data={[...choices]}
      value={value ?? null}
      onChange={(chosen) => onChange((chosen as Choice | null) ?? undefined)}
      clearButtonProps={{ 'aria-label': anyLabel }}
    />
  );
}

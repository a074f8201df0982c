// Fields for a value of which only the schema is known: every setting that is written has its field, and a menu offers the
// others with what they do. Which kinds there are is in setting.ts.
import { NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { described } from './description.tsx';
import type { SettingFieldProps } from './field-props.ts';
import { EitherField, JsonField } from './alternatives.tsx';
import { GroupFields } from './group-fields.tsx';
import { ListField } from './list-field.tsx';
import { MapField } from './map-field.tsx';
import { type Literal, nameAsWords, type Setting, pathBelow } from './setting.ts';

/** One setting, whatever it is made of. */
export function SettingField(props: SettingFieldProps) {
  const { setting, label, path, value, onChange, faultAt } = props;
  const common = {
    label,
    description: described(setting.description),
    inputWrapperOrder: ['label', 'input', 'description', 'error'] as (
      | 'label'
      | 'input'
      | 'description'
      | 'error'
    )[],
    error: faultAt(path),
  };
  switch (setting.kind) {
    case 'text':
      return (
        <TextInput
          {...common}
          spellCheck={false}
          value={typeof value === 'string' ? value : ''}
          placeholder={typeof setting.default === 'string' ? setting.default : undefined}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...common}
          {...(setting.min === undefined ? {} : { min: setting.min })}
          {...(setting.max === undefined ? {} : { max: setting.max })}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
        />
      );
    case 'switch':
      return (
        <Switch
          label={label}
          description={described(setting.description)}
          error={faultAt(path)}
          checked={(value ?? setting.default) === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          allowDeselect={false}
          data={setting.options.map((option) => ({ value: String(option), label: String(option) }))}
          value={String((value ?? setting.default ?? '') as Literal)}
          onChange={(chosen) => onChange(setting.options.find((option) => String(option) === chosen))}
        />
      );
    case 'words':
      return (
        <TagsInput
          {...common}
          splitChars={[' ']}
          acceptValueOnBlur
          data={setting.options.map(String)}
          value={(Array.isArray(value) ? value : []).map(String)}
          onChange={(words) => onChange(words.map((word) => wordOf(word, setting)))}
          error={faultAt(path) ?? faultAmong(props)}
        />
      );
    case 'list':
      return <ListField {...props} setting={setting} Below={SettingField} />;
    case 'map':
      return <MapField {...props} setting={setting} Below={SettingField} />;
    case 'group':
      return <GroupFields {...props} setting={setting} Below={SettingField} />;
    case 'either':
      return <EitherField {...props} setting={setting} Below={SettingField} />;
    case 'literal':
      return <span>{nameAsWords(String(setting.value))}</span>;
    case 'json':
      return <JsonField {...props} />;
  }
}

type Words = Extract<Setting, { kind: 'words' }>;

function wordOf(word: string, { options, hasNumbers }: Words): Literal {
  const option = options.find((each) => String(each) === word);
  return option ?? (hasNumbers && /^\d{1,9}$/.test(word) ? Number(word) : word);
}

/** The first fault of a word; the words have one field. */
function faultAmong({ value, path, faultAt }: SettingFieldProps): string | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const [index, word] of value.entries()) {
    const fault = faultAt(pathBelow(path, index));
    if (fault !== undefined) return `${String(word)}: ${fault}`;
  }
  return undefined;
}

// A setting that is written in one of several forms, and one that no field can show.
import { Select, Textarea } from '@mantine/core';
import { useState } from 'react';
import { described } from './description.tsx';
import type { NestedFieldProps, SettingFieldProps } from './field-props.ts';
import classes from './schema-form.module.css';
import { formOf, nameAsWords, type Setting, startOf } from './setting.ts';

/** Which form, and its fields. */
export function EitherField(props: NestedFieldProps<'either'>) {
  const { setting, label, path, value, onChange, faultAt, Below } = props;
  const index = Math.max(0, formOf(setting.forms, value));
  const form = setting.forms[index]!;
  return (
    <div className={classes['field']}>
      <Select
        label={label}
        description={described(setting.description)}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        allowDeselect={false}
        data={setting.forms.map((each, at) => ({ value: String(at), label: formWords(each, setting.forms) }))}
        value={String(index)}
        onChange={(chosen) => onChange(startOf(setting.forms[Number(chosen)]!))}
        error={form.kind === 'literal' ? faultAt(path) : undefined}
      />
      {form.kind !== 'literal' && (
        <Below
          {...props}
          setting={{ ...form, description: undefined }}
          label={`${label}: ${formWords(form, setting.forms)}`}
        />
      )}
    </div>
  );
}

/** What tells a form from the others. */
function formWords(form: Setting, forms: readonly Setting[]): string {
  switch (form.kind) {
    case 'literal':
      return nameAsWords(String(form.value));
    case 'group':
      if (forms.filter(({ kind }) => kind === 'group').length === 1) return 'By settings';
      return form.fields
        .slice(0, 4)
        .map(({ name }) => nameAsWords(name))
        .join(', ');
    case 'text':
      return 'A text';
    case 'number':
      return 'A number';
    case 'words':
      return 'Words';
    case 'switch':
      return 'Yes or no';
    default:
      return 'Several';
  }
}

/** JSON, read while it is typed. */
export function JsonField({ setting, label, path, value, onChange, faultAt }: SettingFieldProps) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2) ?? '');
  const [fault, setFault] = useState<string>();
  return (
    <Textarea
      label={label}
      description={described(setting.description)}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      autosize
      maxRows={16}
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        try {
          onChange(JSON.parse(event.currentTarget.value) as unknown);
          setFault(undefined);
        } catch (failure) {
          setFault(failure instanceof Error ? failure.message : String(failure));
        }
      }}
      error={fault ?? faultAt(path)}
    />
  );
}

// Values by names that the owner gives, such as header fields.
import { ActionIcon, Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Icon } from '../icons.tsx';
import type { NestedFieldProps } from './field-props.ts';
import classes from './schema-form.module.css';
import { pathBelow, startOf } from './setting.ts';

/** The map. Rows are kept here while they are typed: two of one name, or one without, are no map yet. */
export function MapField({ setting, label, path, value, onChange, faultAt, Below }: NestedFieldProps<'map'>) {
  const [rows, setRows] = useState<readonly (readonly [string, unknown])[]>(() =>
    Object.entries(value ?? {}),
  );
  const take = (next: readonly (readonly [string, unknown])[]): void => {
    setRows(next);
    onChange(Object.fromEntries(next.filter(([name]) => name !== '')));
  };
  const change = (index: number, row: readonly [string, unknown]): void =>
    take(rows.map((each, at) => (at === index ? row : each)));
  const fault = faultAt(path);
  return (
    <div className={classes['list']} role="group" aria-label={label}>
      {fault !== undefined && <p className={classes['fault']}>{fault}</p>}
      {rows.map(([name, each], index) => (
        // Names change while they are typed.
        <div className={classes['mapRow']} key={index}>
          <TextInput
            aria-label={`${label}: name ${index + 1}`}
            placeholder="Name"
            spellCheck={false}
            value={name}
            error={
              rows.some(([other], at) => at !== index && other === name && name !== '')
                ? 'There twice.'
                : undefined
            }
            onChange={(event) => change(index, [event.currentTarget.value, each])}
          />
          <Below
            setting={{ ...setting.value, description: undefined }}
            label=""
            path={pathBelow(path, name)}
            value={each}
            onChange={(next) => change(index, [name, next])}
            faultAt={faultAt}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove ${name || 'this line'} from ${label}`}
            onClick={() => take(rows.filter((_, at) => at !== index))}
          >
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        className={classes['add']!}
        leftSection={<Icon name="plus" size={13} />}
        onClick={() => take([...rows, ['', startOf(setting.value)]])}
      >
        {rows.length === 0 ? 'Add' : 'Add another'}
      </Button>
    </div>
  );
}

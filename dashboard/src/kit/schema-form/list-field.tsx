// Entries one after the other, where the order often decides: each with its own fields, to move, remove and add.
import { ActionIcon, Button } from '@mantine/core';
import { Icon } from '../icons.tsx';
import type { NestedFieldProps } from './field-props.ts';
import classes from './schema-form.module.css';
import { pathBelow, startOf } from './setting.ts';

/** The list. */
export function ListField({
  setting,
  label,
  path,
  value,
  onChange,
  faultAt,
  Below,
}: NestedFieldProps<'list'>) {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const fault = faultAt(path);
  const moveUp = (index: number): void =>
    onChange([
      ...entries.slice(0, index - 1),
      entries[index],
      entries[index - 1],
      ...entries.slice(index + 1),
    ]);
  return (
    <div className={classes['list']} role="group" aria-label={label}>
      {fault !== undefined && <p className={classes['fault']}>{fault}</p>}
      {entries.map((entry, index) => (
        // Entries have no name but their place.
        <section className={classes['entry']} key={index} aria-label={`${label} ${index + 1}`}>
          <div className={classes['entryHead']}>
            <span className={classes['settingUse']}>{index + 1}</span>
            {index > 0 && (
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Move ${label} ${index + 1} up`}
                onClick={() => moveUp(index)}
              >
                <Icon name="chevronUp" size={14} />
              </ActionIcon>
            )}
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${label} ${index + 1}`}
              onClick={() => onChange(entries.filter((_, each) => each !== index))}
            >
              <Icon name="trash" size={14} />
            </ActionIcon>
          </div>
          <Below
            setting={setting.item}
            label={`${label} ${index + 1}`}
            path={pathBelow(path, index)}
            value={entry}
            onChange={(next) => onChange(entries.map((each, at) => (at === index ? next : each)))}
            faultAt={faultAt}
          />
        </section>
      ))}
      <Button
        size="compact-sm"
        variant="subtle"
        className={classes['add']!}
        leftSection={<Icon name="plus" size={13} />}
        onClick={() => onChange([...entries, startOf(setting.item)])}
      >
        {entries.length === 0 ? 'Add' : 'Add another'}
      </Button>
    </div>
  );
}

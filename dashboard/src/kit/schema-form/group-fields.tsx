// The settings of a group that are written, and a menu with the others.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { Icon } from '../icons.tsx';
import { described } from './description.tsx';
import type { NestedFieldProps } from './field-props.ts';
import classes from './schema-form.module.css';
import { type Field, nameAsWords, pathBelow, type Setting, startOf } from './setting.ts';

/** The group; its own fault, such as two settings that exclude each other, stands above. */
export function GroupFields({
  setting,
  label,
  path,
  value,
  onChange,
  faultAt,
  Below,
}: NestedFieldProps<'group'>) {
  const written = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isShown = ({ name, isRequired }: Field): boolean => isRequired || written[name] !== undefined;
  const others = setting.fields.filter((field) => !isShown(field));
  const set = (name: string, next: unknown): void => {
    const { [name]: _, ...rest } = written;
    onChange(next === undefined ? rest : inOrder(setting.fields, { ...rest, [name]: next }));
  };
  const fault = faultAt(path);
  return (
    <div className={classes['group']} role="group" aria-label={label}>
      {fault !== undefined && <p className={classes['fault']}>{fault}</p>}
      {setting.fields.filter(isShown).map((field) => (
        <div className={classes['row']} data-nested={isNested(field.setting)} key={field.name}>
          <div className={classes['field']}>
            {isNested(field.setting) && <Title setting={field.setting}>{nameAsWords(field.name)}</Title>}
            <Below
              setting={field.setting}
              label={nameAsWords(field.name)}
              path={pathBelow(path, field.name)}
              value={written[field.name]}
              onChange={(next) =>
                set(field.name, next ?? (field.isRequired ? startOf(field.setting) : undefined))
              }
              faultAt={faultAt}
            />
          </div>
          {!field.isRequired && (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${nameAsWords(field.name)} from ${label}`}
              onClick={() => set(field.name, undefined)}
            >
              <Icon name="cross" size={14} />
            </ActionIcon>
          )}
        </div>
      ))}
      {others.length > 0 && (
        <Menu position="bottom-start" width={380} withinPortal>
          <Menu.Target>
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<Icon name="plus" size={13} />}
              className={classes['add']!}
            >
              Add a setting
            </Button>
          </Menu.Target>
          <Menu.Dropdown className={classes['menu']!}>
            {others.map((field) => (
              <Menu.Item key={field.name} onClick={() => set(field.name, startOf(field.setting))}>
                <span className={classes['settingName']}>{nameAsWords(field.name)}</span>
                {field.setting.description !== undefined && (
                  <span className={classes['settingUse']}>{described(field.setting.description)}</span>
                )}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}

/** Groups, lists and maps have no label of their own. */
function isNested({ kind }: Setting): boolean {
  return kind === 'group' || kind === 'list' || kind === 'map';
}

function Title({ setting, children }: { readonly setting: Setting; readonly children: string }) {
  return (
    <div className={classes['title']}>
      <span className={classes['settingName']}>{children}</span>
      {setting.description !== undefined && (
        <span className={classes['settingUse']}>{described(setting.description)}</span>
      )}
    </div>
  );
}

/** As the schema has them, so that two values that say the same are written the same. */
function inOrder(fields: readonly Field[], values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    fields.filter(({ name }) => values[name] !== undefined).map(({ name }) => [name, values[name]]),
  );
}

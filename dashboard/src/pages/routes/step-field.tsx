// One step of a route's way (cache, compression): as it is by default, off, or by settings of the route's own, in the words of
// edge.yml.
import { Select, Textarea } from '@mantine/core';
import { useState } from 'react';
import classes from './routes.module.css';

type Step = object | string | undefined;

export interface StepFieldProps {
  readonly label: string;
  /** What the default does, in a few words. */
  readonly byDefault: string;
  /** There is no way to switch it off beside the default. */
  readonly hasNoOff?: boolean;
  readonly example: string;
  /** Words that it may be instead of settings, each with what it does. */
  readonly choices: Readonly<Record<string, string>>;
  readonly value: Step;
  readonly onChange: (value: Step) => void;
  /** What the edge found wrong with it. */
  readonly error: string | undefined;
}

/** The field. */
export function StepField(props: StepFieldProps) {
  const { label, byDefault, hasNoOff, example, choices, value, onChange, error } = props;
  const [mode, setMode] = useState(modeOf(value));
  const [text, setText] = useState(typeof value === 'object' ? JSON.stringify(value, null, 2) : '');
  const [fault, setFault] = useState<string>();
  const choose = (next: string): void => {
    setMode(next);
    setFault(undefined);
    if (next === 'own') read(text || example);
    else onChange(next === 'default' ? undefined : next);
  };
  const read = (written: string): void => {
    setText(written);
    try {
      const parsed: unknown = JSON.parse(written);
      const isList = example.startsWith('[');
      const isObject = typeof parsed === 'object' && parsed !== null && Array.isArray(parsed) === isList;
      setFault(isObject ? undefined : `Settings stand between ${isList ? '[ and ]' : '{ and }'}.`);
      if (isObject) onChange(parsed);
    } catch (failure) {
      setFault(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <div className={classes['step']}>
      <Select
        label={label}
        allowDeselect={false}
        data={[
          { value: 'default', label: byDefault },
          ...(hasNoOff ? [] : [{ value: 'off', label: 'Off' }]),
          ...Object.entries(choices).map(([choice, does]) => ({ value: choice, label: does })),
          ...(example === '' ? [] : [{ value: 'own', label: 'By settings of its own' }]),
        ]}
        value={mode}
        onChange={(next) => next !== null && choose(next)}
        error={mode === 'own' ? undefined : error}
      />
      {mode === 'own' && (
        <Textarea
          aria-label={`Settings: ${label}`}
          description="JSON, with the keys of edge.yml."
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          autosize
          minRows={3}
          maxRows={16}
          classNames={{ input: classes['settings']! }}
          spellCheck={false}
          value={text}
          onChange={(event) => read(event.currentTarget.value)}
          error={fault ?? error}
        />
      )}
    </div>
  );
}

/** `default`, `own` for settings, or the word that it is. */
function modeOf(value: Step): string {
  if (value === undefined) return 'default';
  return typeof value === 'string' ? value : 'own';
}

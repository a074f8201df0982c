// The field above a list that narrows it down. What is typed goes into the address after a short pause, so that a link leads
// to the same view and the back button is not one letter at a time.
import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { Icon } from './icons.tsx';

/** Long enough to finish a word, in milliseconds. */
const typingPauseMs = 200;

export interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly width?: number;
}

/** The field. */
export function SearchField({ label, value, onChange, width = 240 }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const [told, setTold] = useState(value);
  const tell = useDebouncedCallback((typed: string) => {
    setTold(typed);
    onChange(typed);
  }, typingPauseMs);
  if (value !== seen) {
    setSeen(value);
    // What was typed meanwhile stays; only a change from elsewhere (a link, the back button) is taken over.
    if (value !== told) setText(value);
  }
  return (
    <TextInput
      type="search"
      size="sm"
      w={width}
      aria-label={label}
      placeholder={label}
      leftSection={<Icon name="explain" />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}

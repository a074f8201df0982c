// A URL in, an explanation out: used on the Explain page and in place on a route's.
import { Button, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useApi } from '../../api/queries.ts';
import { ProblemNotice } from '../../kit/notices.tsx';
import { Explained } from './explained.tsx';
import classes from './explain.module.css';

export interface TryUrlProps {
  readonly initial: string;
  /** Told what is being explained, for the page's address. */
  readonly onExplain?: (url: string) => void;
  readonly startsAtOnce?: boolean;
}

/** The field and the answer below it. */
export function TryUrl({ initial, onExplain, startsAtOnce = false }: TryUrlProps) {
  const api = useApi();
  const [url, setUrl] = useState(initial);
  const [hasStarted, setStarted] = useState(false);
  // Nothing changes by it, so that nothing else needs to be read again.
  const explain = useMutation({ mutationFn: (target: string) => api.explain({ body: { url: target } }) });
  if (startsAtOnce && !hasStarted && initial !== '') {
    setStarted(true);
    queueMicrotask(() => explain.mutate(initial));
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onExplain?.(url);
    explain.mutate(url);
  };
  return (
    <div className={classes['try']}>
      <form onSubmit={submit} className={classes['field']}>
        <TextInput
          type="text"
          inputMode="url"
          aria-label="URL or hostname, or a port"
          placeholder="https://blog.example.com/"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <Button type="submit" loading={explain.isPending} disabled={url.trim() === ''}>
          Explain
        </Button>
      </form>
      <ProblemNotice error={explain.error} />
      {explain.data !== undefined && <Explained explanation={explain.data} />}
    </div>
  );
}

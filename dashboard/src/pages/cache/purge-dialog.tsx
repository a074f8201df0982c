// Taking responses out of the cache: one address, everything below one, a hostname, a tag, or all.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Notice } from '../../kit/notices.tsx';
import { useToast } from '../../kit/toasts.tsx';

type Kind = 'urls' | 'prefixes' | 'hosts' | 'tags' | 'everything';

const kinds: Readonly<
  Record<Kind, { readonly choice: string; readonly label: string; readonly example: string }>
> = {
  urls: { choice: 'One address', label: 'Address', example: 'https://blog.example.com/posts/1' },
  prefixes: { choice: 'Everything below an address', label: 'Address', example: 'blog.example.com/posts' },
  hosts: { choice: 'Everything of a hostname', label: 'Hostname', example: 'blog.example.com' },
  tags: { choice: 'Everything with a tag', label: 'Tag', example: 'front-page' },
  everything: { choice: 'Everything', label: '', example: '' },
};

/** The dialog. */
export function PurgeDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const purge = useChange('purgeCache');
  const say = useToast();
  const [kind, setKind] = useState<Kind>('urls');
  const [text, setText] = useState('');
  const { label, example } = kinds[kind];
  const submit = async (): Promise<void> => {
    const { purged } = await purge.mutateAsync({
      body: kind === 'everything' ? { everything: true } : { [kind]: [text.trim()] },
    });
    say(`Purged ${purged.join(', ')}`);
    setText('');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Purge the cache"
      action="Purge"
      submit={submit}
      isReady={kind === 'everything' || text.trim() !== ''}
    >
      {(faultOf) => (
        <>
          <Select
            label="What"
            allowDeselect={false}
            data={Object.entries(kinds).map(([value, { choice }]) => ({ value, label: choice }))}
            value={kind}
            onChange={(value) => value !== null && setKind(value as Kind)}
          />
          {kind === 'everything' ? (
            <Notice tone="warn">Every page is asked for at home again.</Notice>
          ) : (
            <TextInput
              label={label}
              placeholder={example}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              error={faultOf(kind) ?? faultOf(`${kind}.0`)}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              data-autofocus
            />
          )}
        </>
      )}
    </FormDialog>
  );
}

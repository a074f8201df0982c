// The dialogs of a channel: a new one with all that its kind needs, and the rule of one that is there.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ChannelView } from '#api/notifications.ts';
import { type ChannelKind, channelKinds, severities } from '#model/notifications/notification.ts';
import { type Input, useChange } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { kindFields, kindWords, severityWords } from './channel-words.ts';

type Rule = Pick<ChannelView, 'least' | 'quiet' | 'breaks'>;

const firstRule: Rule = { least: 'warning', quiet: '', breaks: 'error' };

export interface AddChannelProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onMade: (made: { readonly name: string; readonly signingKey: string | null }) => void;
}

/** A new channel. */
export function AddChannel({ isOpen, onClose, onMade }: AddChannelProps) {
  const create = useChange('createChannel');
  const [kind, setKind] = useState<ChannelKind>('ntfy');
  const [name, setName] = useState('');
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [rule, setRule] = useState(firstRule);
  const fields = kindFields[kind];
  const submit = async (): Promise<void> => {
    const given = fields.flatMap(({ name: field }) => {
      const text = (values[field] ?? '').trim();
      if (text === '') return [];
      return [[field, field === 'to' ? text.split(/[\s,]+/) : text] as const];
    });
    const settings = { kind, ...Object.fromEntries(given) };
    const body = { name, settings, ...rule } as Input<'createChannel'>['body'];
    onMade(await create.mutateAsync({ body }));
    setName('');
    setValues({});
    setRule(firstRule);
  };
  const isSaid = fields.every(({ name: field, isOptional }) => isOptional || (values[field] ?? '') !== '');
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Add a channel"
      action="Add channel"
      submit={submit}
      isReady={name !== '' && isSaid}
    >
      {(faultOf) => (
        <>
          <Select
            label="Kind"
            data={channelKinds.map((value) => ({ value, label: kindWords[value] }))}
            value={kind}
            onChange={(value) => value !== null && setKind(value as ChannelKind)}
            allowDeselect={false}
          />
          <TextInput
            label="Name"
            description="One word for it."
            placeholder="phone"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf('name')}
            autoComplete="off"
            data-autofocus
          />
          {fields.map(({ name: field, label, description, placeholder, isSecret, isOptional }) => (
            <TextInput
              key={`${kind} ${field}`}
              label={isOptional ? `${label} (may be left out)` : label}
              description={description}
              placeholder={placeholder}
              type={isSecret ? 'password' : 'text'}
              value={values[field] ?? ''}
              onChange={(event) => setValues({ ...values, [field]: event.currentTarget.value })}
              error={faultOf(`settings.${field}`)}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
          ))}
          <RuleFields rule={rule} onChange={setRule} faultOf={faultOf} />
        </>
      )}
    </FormDialog>
  );
}

export interface ChangeChannelProps {
  readonly channel: ChannelView;
  readonly onClose: () => void;
}

/** What a channel is told, and when; open for as long as it is there. */
export function ChangeChannel({ channel, onClose }: ChangeChannelProps) {
  const update = useChange('updateChannel');
  const say = useToast();
  const { least, quiet, breaks, name } = channel;
  const [rule, setRule] = useState<Rule>({ least, quiet, breaks });
  return (
    <FormDialog
      isOpen
      onClose={onClose}
      title={`When ${name} is told`}
      action="Save"
      submit={async () => {
        await update.mutateAsync({ params: { channel: channel.id }, body: rule });
        say(`${name} changed`);
      }}
    >
      {(faultOf) => <RuleFields rule={rule} onChange={setRule} faultOf={faultOf} />}
    </FormDialog>
  );
}

function RuleFields({
  rule,
  onChange,
  faultOf,
}: {
  readonly rule: Rule;
  readonly onChange: (rule: Rule) => void;
  readonly faultOf: (path: string) => string | undefined;
}) {
  return (
    <>
      <Select
        label="It is told"
        data={severities.map((value) => ({ value, label: severityWords[value] }))}
        value={rule.least}
        onChange={(value) => value !== null && onChange({ ...rule, least: value as Rule['least'] })}
        allowDeselect={false}
      />
      <TextInput
        label="Quiet hours (may be left out)"
        description="What comes in them waits for their end. Without a zone it is UTC."
        placeholder="22:00-07:00 Europe/Berlin"
        value={rule.quiet}
        onChange={(event) => onChange({ ...rule, quiet: event.currentTarget.value })}
        error={faultOf('quiet')}
        autoComplete="off"
        spellCheck={false}
      />
      {rule.quiet !== '' && (
        <Select
          label="At once all the same"
          data={[
            ...severities.map((value) => ({ value, label: severityWords[value] })),
            { value: 'nothing', label: 'nothing' },
          ]}
          value={rule.breaks}
          onChange={(value) => value !== null && onChange({ ...rule, breaks: value as Rule['breaks'] })}
          allowDeselect={false}
        />
      )}
    </>
  );
}

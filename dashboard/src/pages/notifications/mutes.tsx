// Hostnames and troubles of which no channel is told.
import { Button, Select, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import type { MuteView } from '#api/notifications.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Faint, Stacked } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Mono } from '../../kit/page.tsx';
import { ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';

const spans = [
  { value: '1', label: 'an hour' },
  { value: '8', label: '8 hours' },
  { value: '24', label: 'a day' },
  { value: '168', label: 'a week' },
  { value: 'for good', label: 'until it is unmuted' },
];

/** The list, and the way to add to it. */
export function Mutes() {
  const mayWrite = useMay('settings:write');
  const [isAdding, adding] = useDisclosure(false);
  const [subject, setSubject] = useState('');
  const [hours, setHours] = useState('8');
  const list = usePaged('listMutes', {});
  const mute = useChange('setMute');
  const remove = useChange('deleteMute');
  const say = useToast();
  if (list.items === undefined)
    return list.error === null ? <Waiting what="mutes" lines={2} /> : <ProblemNotice error={list.error} />;
  const unmute: Column<MuteView> = {
    title: '',
    cell: ({ id, subject: muted }) => (
      <Button
        size="xs"
        variant="default"
        onClick={() =>
          void remove
            .mutateAsync({ params: { mute: id } })
            .then(() => say(`Channels are told of ${muted} again`))
        }
      >
        Unmute
      </Button>
    ),
  };
  return (
    <Stacked>
      {list.items.length === 0 ? (
        <Faint>Nothing is muted.</Faint>
      ) : (
        <DataTable
          label="Muted"
          items={list.items}
          columns={mayWrite ? [...columns, unmute] : columns}
          rowKey={({ id }) => id}
        />
      )}
      {mayWrite && (
        <div>
          <Button variant="default" onClick={adding.open}>
            Mute a hostname
          </Button>
        </div>
      )}
      <FormDialog
        isOpen={isAdding}
        onClose={adding.close}
        title="Mute a hostname"
        action="Mute"
        isReady={subject !== ''}
        submit={async () => {
          await mute.mutateAsync({ body: { subject, hours: hours === 'for good' ? null : Number(hours) } });
          say(`No channel is told of ${subject}`);
          setSubject('');
        }}
      >
        {(faultOf) => (
          <>
            <TextInput
              label="Hostname"
              description="Or the id of a trouble. It is shown here all the same; only no channel is told."
              placeholder="nas.example.com"
              value={subject}
              onChange={(event) => setSubject(event.currentTarget.value)}
              error={faultOf('subject')}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              data-autofocus
            />
            <Select
              label="For"
              data={spans}
              value={hours}
              onChange={(value) => value !== null && setHours(value)}
              allowDeselect={false}
            />
          </>
        )}
      </FormDialog>
    </Stacked>
  );
}

const columns: readonly Column<MuteView>[] = [
  { title: 'Muted', isWide: true, cell: ({ subject }) => <Mono>{subject}</Mono> },
  {
    title: 'Until',
    cell: ({ untilMs }) => (untilMs === null ? 'it is unmuted' : <TimeAgo atMs={untilMs} />),
  },
];

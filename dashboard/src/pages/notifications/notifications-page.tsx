// Who is told of troubles: channels with their rules, what is muted, and what became of messages.
import { ActionIcon, Button, Modal, Switch, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import type { ChannelView } from '#api/notifications.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { NameCell, RowActions, Stacked } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty, Notice } from '../../kit/notices.tsx';
import { Page, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { AddChannel, ChangeChannel } from './channel-dialog.tsx';
import { kindWords, severityWords, stateTones, stateWords } from './channel-words.ts';
import { History } from './history.tsx';
import { Mutes } from './mutes.tsx';

/** The page. */
export function NotificationsPage() {
  const mayWrite = useMay('settings:write');
  const [isAdding, adding] = useDisclosure(false);
  const [made, setMade] = useState<{ name: string; signingKey: string | null }>();
  const [changing, setChanging] = useState<ChannelView>();
  const list = usePaged('listChannels', {});
  const add = mayWrite && (
    <Button leftSection={<Icon name="plus" />} onClick={adding.open}>
      Add channel
    </Button>
  );
  return (
    <Page
      title="Notifications"
      intro="Channels tell people what is wrong, since when and what to do, and when it is over."
      actions={add}
    >
      <PagedList
        list={list}
        what="channels"
        lines={4}
        empty={
          <Empty title="Nobody is told." action={add}>
            Add a channel: a push to your phone by ntfy, a mail, a chat, or a webhook of your own.
          </Empty>
        }
        label="Channels"
        columns={mayWrite ? [...baseColumns, actionsWith(setChanging)] : baseColumns}
        rowKey={({ id }) => id}
        isMuted={({ isEnabled }) => !isEnabled}
      />
      <Section title="Muted">
        <Mutes />
      </Section>
      <Section title="Messages">
        <History />
      </Section>
      <AddChannel isOpen={isAdding} onClose={adding.close} onMade={setMade} />
      {changing && <ChangeChannel channel={changing} onClose={() => setChanging(undefined)} />}
      <Modal
        opened={made?.signingKey !== undefined && made.signingKey !== null}
        onClose={() => setMade(undefined)}
        title={`The key of ${made?.name ?? ''}`}
        size={620}
        closeOnClickOutside={false}
      >
        <Stacked>
          <CodeBlock text={made?.signingKey ?? ''} label="the key" />
          <Notice tone="warn" title="It is shown only now.">
            Your receiver checks with it that a message is from this edge: see Standard Webhooks.
          </Notice>
        </Stacked>
      </Modal>
    </Page>
  );
}

const baseColumns: readonly Column<ChannelView>[] = [
  {
    title: 'Channel',
    isWide: true,
    cell: ({ name, target, kind, detail, cure }) => (
      <NameCell
        note={
          detail === '' ? (
            target
          ) : (
            <>
              {detail}
              <br />
              {cure}
            </>
          )
        }
      >
        <b>{name}</b>
        <Tag>{kindWords[kind]}</Tag>
      </NameCell>
    ),
  },
  {
    title: 'State',
    cell: ({ state, failingSinceMs, lastSentMs }) => (
      <NameCell note={<TimeAgo atMs={state === 'failing' ? failingSinceMs : lastSentMs} />}>
        <Status tone={stateTones[state]}>{stateWords[state]}</Status>
      </NameCell>
    ),
  },
  {
    title: 'Is told',
    cell: ({ least, quiet, waiting }) => (
      <NameCell note={quiet === '' ? undefined : `quiet ${quiet}`}>
        {severityWords[least]}
        {waiting > 0 && <Tag>{waiting} waiting</Tag>}
      </NameCell>
    ),
  },
];

function actionsWith(onChange: (channel: ChannelView) => void): Column<ChannelView> {
  return { title: '', cell: (channel) => <Actions channel={channel} onChange={onChange} /> };
}

function Actions({
  channel,
  onChange,
}: {
  readonly channel: ChannelView;
  readonly onChange: (channel: ChannelView) => void;
}) {
  const update = useChange('updateChannel');
  const remove = useChange('deleteChannel');
  const tryIt = useChange('testChannel');
  const say = useToast();
  const [isAsking, setAsking] = useState(false);
  const { name } = channel;
  const params = { channel: channel.id };
  return (
    <RowActions>
      <Switch
        aria-label={`${name} is told`}
        checked={channel.isEnabled}
        onChange={({ currentTarget: { checked } }) =>
          void update
            .mutateAsync({ params, body: { isEnabled: checked } })
            .then(() => say(`${name} is switched ${checked ? 'on' : 'off'}`))
        }
      />
      <Button
        size="xs"
        variant="default"
        loading={tryIt.isPending}
        onClick={() =>
          void tryIt
            .mutateAsync({ params })
            .then(({ isSent }) =>
              say(isSent ? `A message has left by ${name}` : `${name} does not get through`),
            )
        }
      >
        Try
      </Button>
      <Tooltip label="When it is told">
        <ActionIcon variant="subtle" aria-label={`When ${name} is told`} onClick={() => onChange(channel)}>
          <Icon name="edit" />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Remove">
        <ActionIcon variant="subtle" aria-label={`Remove ${name}`} onClick={() => setAsking(true)}>
          <Icon name="trash" />
        </ActionIcon>
      </Tooltip>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Remove ${name}?`}
        action="Remove channel"
        run={async () => {
          await remove.mutateAsync({ params });
          say(`${name} removed`);
        }}
      >
        It is told nothing more, and what opens it is forgotten here.
      </Confirm>
    </RowActions>
  );
}

// Who changed what, newest first, with the difference of each change.
import { UnstyledButton } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { type AuditEvent, auditedNouns } from '#model/users/audit-event.ts';
import { usePaged } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Faint, Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { AuditDetail } from './audit-detail.tsx';
import classes from './audit.module.css';

const routeApi = getRouteApi('/inside/audit');

/** The page. */
export function AuditPage() {
  const { search, noun, objectId } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const [open, setOpen] = useState<string>();
  const known = auditedNouns.find((candidate) => candidate === noun);
  const list = usePaged('listAudit', { search, noun: known, objectId });
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const toggle = (event: AuditEvent): void => setOpen(open === event.id ? undefined : event.id);
  return (
    <Page title="Audit" intro="Every change: who made it, from where, and what it was before and after.">
      <Filters>
        <SearchField
          label="Find a change"
          value={search ?? ''}
          onChange={(value) => filter({ search: value || undefined })}
        />
        <ChoiceFilter
          label="Of what"
          anyLabel="Of anything"
          choices={auditedNouns.map((value) => ({ value, label: nounWords(value) }))}
          value={known}
          onChange={(value) => filter({ noun: value })}
          width={190}
          isSearchable
        />
      </Filters>
      <PagedList
        list={list}
        what="changes"
        lines={8}
        empty={
          <Empty
            title={
              search === undefined && noun === undefined ? 'Nothing has been changed yet.' : 'No change fits.'
            }
          >
            {search === undefined && noun === undefined
              ? 'Each change stands here from now on.'
              : 'Change the words or the filter above.'}
          </Empty>
        }
        label="Changes"
        columns={columnsWith(open, toggle)}
        rowKey={({ id }) => id}
        onOpen={toggle}
        detail={(event) => (event.id === open ? <AuditDetail event={event} /> : undefined)}
      />
    </Page>
  );
}

function columnsWith(
  open: string | undefined,
  toggle: (event: AuditEvent) => void,
): readonly Column<AuditEvent>[] {
  return [
    {
      title: 'Change',
      isWide: true,
      cell: (event) => (
        <UnstyledButton
          className={classes['toggle']}
          aria-expanded={event.id === open}
          onClick={() => toggle(event)}
        >
          <Icon name={event.id === open ? 'chevronDown' : 'chevronRight'} size={14} />
          <span>
            {event.noun !== 'session' && `${nounWords(event.noun)} `}
            <b>{event.objectName}</b> {event.action.replaceAll('-', ' ')}
          </span>
        </UnstyledButton>
      ),
    },
    {
      title: 'By',
      cell: ({ actor }) => (
        <NameCell note={actorNotes[actor.kind]}>
          {actor.name === '' ? <Faint>nobody</Faint> : actor.name}
        </NameCell>
      ),
    },
    {
      title: 'From',
      isExtra: true,
      cell: ({ address }) => (address === '' ? <Faint>this machine</Faint> : <Mono>{address}</Mono>),
    },
    { title: 'When', cell: ({ atMs }) => <TimeAgo atMs={atMs} /> },
  ];
}

const actorNotes: Readonly<Record<AuditEvent['actor']['kind'], string>> = {
  user: '',
  'api-key': 'by API key',
  local: 'on the edge itself',
  system: 'by itself',
  nobody: 'not signed in',
};

function nounWords(noun: AuditEvent['noun']): string {
  const words = noun === 'rule-set' ? 'rules of' : noun.replace('api-', 'API ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

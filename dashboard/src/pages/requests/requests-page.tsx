// Requests as they finish: filtered, paused, and opened one by one.
import { Button, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { useTunnelName } from '../../api/tunnel-names.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { formatBytes, formatCount, formatMoment, formatMs, formatTime } from '../../kit/units.ts';
import { maxShown, useLiveTail } from './live-tail.ts';
import { RequestStatus } from './request-status.tsx';

const routeApi = getRouteApi('/inside/requests');

const statuses = [
  { value: '2xx', label: '2xx fine' },
  { value: '3xx', label: '3xx elsewhere' },
  { value: '4xx', label: '4xx the client’s' },
  { value: '5xx', label: '5xx ours' },
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Long enough to finish a word, in milliseconds. */
const typingPauseMs = 300;

/** The page. */
export function RequestsPage() {
  const filter = routeApi.useSearch();
  const setFilter = routeApi.useNavigate();
  const navigate = useNavigate();
  const [isPaused, setPaused] = useState(false);
  const nameOf = useTunnelName();
  const { shown, waiting, error } = useLiveTail(filter, isPaused);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const change = (changes: object): void =>
    void setFilter({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Requests"
      intro="The access log as it is written, newest first. Queries are never kept."
      actions={
        <Button
          variant="default"
          leftSection={<Icon name={isPaused ? 'play' : 'pause'} />}
          onClick={() => setPaused(!isPaused)}
          aria-pressed={isPaused}
        >
          {isPaused ? (waiting > 0 ? `Go on (${formatCount(waiting)} new)` : 'Go on') : 'Pause'}
        </Button>
      }
    >
      <Filters>
        <FilterField
          label="Host, or *.suffix"
          value={filter.host ?? ''}
          onChange={(host) => change({ host: host || undefined })}
        />
        <ChoiceFilter
          label="Status"
          anyLabel="Any status"
          choices={statuses}
          value={filter.status}
          onChange={(status) => change({ status: status })}
          width={150}
        />
        <ChoiceFilter
          label="Method"
          anyLabel="Any method"
          choices={methods}
          value={filter.method}
          onChange={(method) => change({ method: method })}
          width={140}
        />
        <FilterField
          label="Tunnel"
          value={filter.tunnel ?? ''}
          onChange={(tunnel) => change({ tunnel: tunnel || undefined })}
          width={130}
        />
        <FilterField
          label="Path begins with"
          value={filter.path ?? ''}
          onChange={(path) => change({ path: path || undefined })}
          width={150}
        />
        <SearchField
          label="Any text"
          value={filter.search ?? ''}
          onChange={(search) => change({ search: search || undefined })}
          width={150}
        />
      </Filters>
      <ProblemNotice error={error} />
      {shown === undefined ? (
        error === null && <Waiting what="requests" lines={8} />
      ) : shown.length === 0 ? (
        <Empty title={isFiltered ? 'No request fits yet.' : 'No request yet.'}>
          {isFiltered
            ? 'It will stand here as soon as one does; or change the filters above.'
            : 'Open one of your hostnames in a browser: the request stands here as soon as it is answered.'}
        </Empty>
      ) : (
        <>
          <DataTable
            label="Requests"
            items={shown}
            columns={columnsWith(nameOf)}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void navigate({ to: '/requests/$request', params: { request: id } })}
          />
          {shown.length === maxShown && (
            <p>The newest {formatCount(maxShown)}; older ones are in the access log.</p>
          )}
        </>
      )}
    </Page>
  );
}

interface FilterFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly width?: number;
}

function FilterField({ label, value, onChange, width = 180 }: FilterFieldProps) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, typingPauseMs);
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      w={width}
      value={text}
      autoCapitalize="none"
      spellCheck={false}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
    />
  );
}

function columnsWith(nameOf: (tunnel: string) => string): readonly Column<LoggedRequest>[] {
  return [
    {
      title: 'Request',
      isWide: true,
      cell: ({ id, method, host, path }) => (
        <NameCell>
          <Link to="/requests/$request" params={{ request: id }}>
            {method} {host}
            {path}
          </Link>
        </NameCell>
      ),
    },
    { title: 'Status', cell: (request) => <RequestStatus request={request} /> },
    { title: 'Took', isNumber: true, cell: ({ ms }) => formatMs(ms) },
    { title: 'Sent', isNumber: true, isExtra: true, cell: ({ bytesOut }) => formatBytes(bytesOut) },
    { title: 'Tunnel', cell: ({ tunnel }) => (tunnel === null ? '' : nameOf(tunnel)) },
    { title: 'Client', isExtra: true, cell: ({ client }) => <Mono>{client}</Mono> },
    {
      title: 'At',
      cell: ({ time }) => (
        <time dateTime={time} title={formatMoment(Date.parse(time))}>
          {formatTime(Date.parse(time))}
        </time>
      ),
    },
  ];
}

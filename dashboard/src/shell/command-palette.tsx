// Ctrl-K: one field that finds pages, tunnels and routes. A URL or hostname can be explained from here too.
import { Modal, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useId, useState } from 'react';
import { routeName } from '#model/routes/route.ts';
import { useMe } from '../api/me.ts';
import { useRead } from '../api/queries.ts';
import { Icon, type IconName } from '../kit/icons.tsx';
import classes from './palette.module.css';
import { accountItem, allowedNavigation } from './navigation.tsx';

interface Hit {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  readonly icon: IconName;
  readonly open: () => void;
}

/** Hits of each kind; more are found on their pages. */
const maxHits = 6;
const typingPauseMs = 120;

/** The palette. */
export function CommandPalette({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      centered={false}
      attributes={{ content: { 'aria-label': 'Search' } }}
    >
      {isOpen && <Palette onClose={onClose} />}
    </Modal>
  );
}

function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [picked, setPicked] = useState(0);
  const listId = useId();
  const hits = useHits(text.trim(), onClose);
  const active = Math.min(picked, hits.length - 1);
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setPicked((active + 1) % Math.max(1, hits.length));
    else if (event.key === 'ArrowUp') setPicked((active - 1 + hits.length) % Math.max(1, hits.length));
    else if (event.key === 'Enter') hits[active]?.open();
    else return;
    event.preventDefault();
  };
  return (
    <div className={classes['palette']}>
      <div className={classes['field']}>
        <Icon name="explain" size={18} />
        <input
          role="combobox"
          aria-label="Search tunnels, routes and pages"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={hits[active] === undefined ? undefined : `${listId}-${active}`}
          autoComplete="off"
          spellCheck={false}
          placeholder="A tunnel, a hostname, a page"
          value={text}
          data-autofocus
          onChange={(event) => {
            setText(event.currentTarget.value);
            setPicked(0);
          }}
          onKeyDown={press}
        />
      </div>
      <div role="listbox" id={listId} aria-label="Found" className={classes['hits']}>
        {hits.map((hit, i) => (
          <UnstyledButton
            key={hit.key}
            id={`${listId}-${i}`}
            role="option"
            aria-selected={i === active}
            tabIndex={-1}
            className={classes['hit']}
            onPointerMove={() => setPicked(i)}
            onClick={hit.open}
          >
            <Icon name={hit.icon} />
            <span>{hit.title}</span>
            <small>{hit.note}</small>
          </UnstyledButton>
        ))}
      </div>
      {hits.length === 0 && <p className={classes['none']}>Nothing is called “{text.trim()}”.</p>}
    </div>
  );
}

function useHits(text: string, onClose: () => void): Hit[] {
  const { scopes } = useMe();
  const navigate = useNavigate();
  const [search] = useDebouncedValue(text, typingPauseMs);
  const isAsking = search.length > 0;
  const query = { query: { search, limit: maxHits } };
  const tunnels = useRead('listTunnels', query, {
    isEnabled: isAsking && scopes.includes('tunnels:read'),
    keepsPrevious: true,
  });
  const routes = useRead('listRoutes', query, {
    isEnabled: isAsking && scopes.includes('routes:read'),
    keepsPrevious: true,
  });
  const lower = text.toLowerCase();
  const go = (to: () => unknown) => (): void => {
    onClose();
    to();
  };
  const pages = [...allowedNavigation(scopes).flatMap(({ items }) => items), accountItem]
    .filter(({ title, words }) => `${title} ${words}`.toLowerCase().includes(lower))
    .toSorted(
      (a, b) =>
        Number(b.title.toLowerCase().startsWith(lower)) - Number(a.title.toLowerCase().startsWith(lower)),
    )
    .map(({ to, title, icon }): Hit => ({
      key: to,
      title,
      note: 'Page',
      icon,
      open: go(() => navigate({ to })),
    }));
  if (text === '') return pages;
  const found: Hit[] = [
    ...(tunnels.data?.items ?? []).map((tunnel): Hit => ({
      key: tunnel.id,
      title: tunnel.name,
      note: `Tunnel, ${tunnel.status.replace('-', ' ')}`,
      icon: 'tunnels',
      open: go(() => navigate({ to: '/tunnels/$tunnel', params: { tunnel: tunnel.name } })),
    })),
    ...(routes.data?.items ?? []).map((route): Hit => ({
      key: route.id,
      title: routeName(route),
      note: `Route to ${route.tunnelName}`,
      icon: 'routes',
      open: go(() => navigate({ to: '/routes/$route', params: { route: route.id } })),
    })),
  ];
  const explain: Hit = {
    key: 'explain',
    title: `Explain ${text}`,
    note: 'Follow it to its origin',
    icon: 'explain',
    open: go(() => navigate({ to: '/explain', search: { url: text } })),
  };
  return [...found, ...pages, ...(/\w\.\w|^https?:/.test(text) ? [explain] : [])];
}

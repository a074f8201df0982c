// The frame of the inside: navigation on the left (behind a button on a phone), the page, and above it the word that the
// edge is gone, when it is.
import { ActionIcon, Drawer, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys, useMediaQuery } from '@mantine/hooks';
import { Link, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useMe } from '../api/me.ts';
import { Icon, Mark } from '../kit/icons.tsx';
import { AccountMenu } from './account-menu.tsx';
import { CommandPalette } from './command-palette.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { allowedNavigation } from './navigation.tsx';
import classes from './shell.module.css';

/** Frames a page. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isMenuOpen, menu] = useDisclosure(false);
  const [isPaletteOpen, palette] = useDisclosure(false);
  const isNarrow = useMediaQuery('(max-width: 900px)', matchMedia('(max-width: 900px)').matches, {
    getInitialValueInEffect: false,
  });
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useHotkeys([['mod+K', palette.open]], []);
  const { close: closeMenu } = menu;
  useEffect(() => closeMenu(), [path, closeMenu]);
  const navigation = <Navigation onSearch={palette.open} />;
  return (
    <div className={classes['shell']}>
      <a className={classes['skip']} href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      {isNarrow ? (
        <header className={classes['topBar']}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Menu"
            aria-expanded={isMenuOpen}
            onClick={menu.open}
          >
            <Icon name="menu" size={20} />
          </ActionIcon>
          <EdgeName />
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Search" onClick={palette.open}>
            <Icon name="explain" size={18} />
          </ActionIcon>
        </header>
      ) : (
        <div className={classes['side']}>
          <EdgeName />
          {navigation}
        </div>
      )}
      <Drawer opened={isNarrow && isMenuOpen} onClose={menu.close} size={280} title="Menu">
        {navigation}
      </Drawer>
      <div className={classes['body']}>
        <ConnectionBanner />
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      <CommandPalette isOpen={isPaletteOpen} onClose={palette.close} />
    </div>
  );
}

/** By hand, since <base> would turn the fragment into another page. */
function skipToMain(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function EdgeName() {
  const { edge } = useMe();
  return (
    <Link to="/" className={classes['edge']}>
      <Mark size={26} />
      <span>
        <b>{edge.title}</b>
        {edge.name !== edge.title && <small>{edge.name}</small>}
      </span>
    </Link>
  );
}

function Navigation({ onSearch }: { readonly onSearch: () => void }) {
  const { scopes } = useMe();
  return (
    <div className={classes['navigation']}>
      <UnstyledButton className={classes['search']} onClick={onSearch}>
        <Icon name="explain" />
        <span>Search</span>
        <kbd>{isApple() ? '⌘' : 'Ctrl'} K</kbd>
      </UnstyledButton>
      <nav aria-label="Pages">
        {allowedNavigation(scopes).map(({ title, items }) => (
          <div key={title} className={classes['group']}>
            <span className={classes['groupTitle']}>{title}</span>
            <ul>
              {items.map((item) => (
                <li key={item.to}>
                  <Link
                    to={item.to}
                    activeOptions={{ exact: item.to === '/', includeSearch: false }}
                    activeProps={{ 'aria-current': 'page' }}
                  >
                    <Icon name={item.icon} />
                    {item.title}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <AccountMenu />
    </div>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}

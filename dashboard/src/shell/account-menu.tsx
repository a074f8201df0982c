// Who is signed in, colours, and the way out.
import { Menu, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useLive } from '../api/live-state.ts';
import { useMe } from '../api/me.ts';
import { useApi } from '../api/queries.ts';
import { basePath } from '../base-path.ts';
import { Icon } from '../kit/icons.tsx';
import classes from './shell.module.css';

const schemes = [
  { value: 'light', title: 'Light', icon: 'sun' },
  { value: 'dark', title: 'Dark', icon: 'moon' },
  { value: 'auto', title: 'As the system', icon: 'system' },
] as const;

/** The menu at the foot of the navigation. */
export function AccountMenu() {
  const { user, actor, edge } = useMe();
  const api = useApi();
  const live = useLive();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = async (): Promise<void> => {
    live.leave();
    // Also when the edge does not answer: whoever leaves should see nothing more here.
    await api.signOut().catch(() => {});
    // Loaded anew, so that nothing of it is left in the page's memory either.
    location.assign(`${basePath()}sign-in`);
  };
  return (
    <div className={classes['foot']}>
      <Menu position="top-start" width={220}>
        <Menu.Target>
          <UnstyledButton className={classes['account']}>
            <Icon name="account" />
            <span>
              <b>{user?.displayName || user?.name || actor.name}</b>
              <small>{user?.role ?? actor.kind}</small>
            </span>
            <Icon name="chevronUp" size={12} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/account" leftSection={<Icon name="account" />}>
            Account
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>Colours</Menu.Label>
          {schemes.map(({ value, title, icon }) => (
            <Menu.Item
              key={value}
              role="menuitemradio"
              aria-checked={colorScheme === value}
              leftSection={<Icon name={icon} />}
              rightSection={colorScheme === value && <Icon name="check" size={14} />}
              onClick={() => setColorScheme(value)}
            >
              {title}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="out" />} onClick={() => void signOut()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <small className={classes['version']}>Sallyport {edge.version}</small>
    </div>
  );
}

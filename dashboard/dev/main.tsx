// The dashboard without an edge, for whoever works on it: an API in memory that keeps the contract's types. What it shows is
// chosen in the address: /dev/?tunnels=50&role=viewer&signedIn=no&new=yes (kept for the tab).
import { createApiClient } from '#api/client.ts';
import type { Role } from '#model/users/role.ts';
import { startApp } from '../src/start-app.tsx';
import { createFakeSend } from './fake-send.ts';
import { FakeWorld } from './fake-world.ts';

const asked = new URLSearchParams(location.search);
const choice = (name: string, otherwise: string): string => {
  const value = asked.get(name) ?? sessionStorage.getItem(`fake-${name}`) ?? otherwise;
  sessionStorage.setItem(`fake-${name}`, value);
  return value;
};

const world = new FakeWorld({
  tunnels: Number(choice('tunnels', '5')),
  role: choice('role', 'owner') as Role,
  isSignedIn: choice('signedIn', 'yes') === 'yes',
  isNew: choice('new', 'no') === 'yes',
});
startApp(createApiClient(createFakeSend(world)));

// What each role may, in a sentence.
import type { Role } from '#model/users/role.ts';

export const roleWords: Readonly<Record<Role, string>> = {
  owner: 'Everything, users, settings and backups too.',
  admin: 'Tunnels, routes and the lab file; sees users, does not change them.',
  viewer: 'Looks, and changes nothing.',
  guest: 'Passes at sites whose policy names him or his groups; sees nothing of the edge.',
};

/** Choices of a role, for a field. */
export const roleChoices = (Object.keys(roleWords) as Role[]).map((value) => ({ value, label: value }));

// Members of balanced routes name their tunnel as their owner does, by name or id. When the tunnel gets another name, they
// follow; when it goes, they go with it.
import type { Route } from '#model/routes/route.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { Draft } from '../draft.ts';

/** Whether one of a route's members is of this tunnel. */
export function namesMember({ balance }: Route, { id, name }: Pick<Tunnel, 'id' | 'name'>): boolean {
  return (balance?.members ?? []).some(({ tunnel }) => tunnel === id || tunnel === name);
}

/** The tunnel is called `name` from now on. */
export function renameMembers(draft: Draft, before: Pick<Tunnel, 'id' | 'name'>, name: string): void {
  change(draft, before, (members) =>
    members.map((member) => (member.tunnel === before.name ? { ...member, tunnel: name } : member)),
  );
}

/** The tunnel is no more. A route without other members goes to its own tunnel. */
export function removeMembers(draft: Draft, gone: Pick<Tunnel, 'id' | 'name'>): void {
  change(draft, gone, (members) => {
    const left = members.filter(({ tunnel }) => tunnel !== gone.id && tunnel !== gone.name);
    // Backups that are left have nobody to stand in for.
    return left.every(({ isBackup }) => isBackup) ? left.map((each) => ({ ...each, isBackup: false })) : left;
  });
}

type Members = NonNullable<Route['balance']>['members'];

function change(
  draft: Draft,
  tunnel: Pick<Tunnel, 'id' | 'name'>,
  next: (members: Members) => Members,
): void {
  for (const route of draft.list('route')) {
    if (!route.balance || !namesMember(route, tunnel)) continue;
    const balance = { ...route.balance, members: next(route.balance.members) };
    draft.put('route', { ...route, balance, version: route.version + 1 }, 'changed');
  }
}

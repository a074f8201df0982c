// Who is signed in and what he may do; what his role does not allow is not offered.
import { createContext, use } from 'react';
import type { Me } from '#api/account.ts';
import type { Scope } from '#model/users/role.ts';

export const MeContext = createContext<Me | undefined>(undefined);

/** Who is signed in. */
export function useMe(): Me {
  const me = use(MeContext);
  if (me === undefined) throw new Error('useMe is used outside of MeContext');
  return me;
}

/** Whether he may do what needs `scope`. */
export function useMay(scope: Scope): boolean {
  return useMe().scopes.includes(scope);
}

// Signing in, as the edge wires it: who stands behind a request, and the handlers of the account's and the users'
// operations. Everything it needs of the world is passed in.
import type { accountOperations } from '#api/account.ts';
import type { userOperations } from '#api/users.ts';
import type { Caller } from '../command.ts';
import type { Identify } from '../http/api-server.ts';
import type { Handlers } from '../http/handler.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';
import { accessDirectory } from './sessions/access-directory.ts';
import { accountHandlers } from './accounts/account-handlers.ts';
import { apiKeyHandlers } from './accounts/api-key-handlers.ts';
import { type FirstOwner, firstOwnerLink } from './links/first-owner.ts';
import { createIdentify } from './sessions/identify.ts';
import { issuerHandlers } from './proofs/issuer-handlers.ts';
import { passkeyHandlers } from './proofs/passkey-handlers.ts';
import { signInHandlersOf } from './sign-in-handlers.ts';
import { createSignInParts, type SignInOptions } from './sign-in-parts.ts';
import { VisitorPages } from './visitor-pages.ts';
import { totpHandlers } from './proofs/totp-handlers.ts';
import { userHandlers } from './accounts/user-handlers.ts';

export type { SignInOptions } from './sign-in-parts.ts';

export interface SignIn {
  readonly identify: Identify;
  readonly handlers: Handlers<keyof typeof accountOperations | keyof typeof userOperations>;
  /** Pages for visitors of protected sites, below `visitorPages`. */
  readonly visitorPages: VisitorPages | undefined;
  /** Whom the edge may let pass protected routes now. */
  readonly directory: () => Promise<AccessDirectory>;
  /** A one-time link for the owner, as long as nobody has a way in of his own; see first-owner.ts. */
  readonly firstOwnerLink: (owner: FirstOwner, caller?: Caller) => ReturnType<typeof firstOwnerLink>;
}

/** Makes it. */
export function signInHandlers(options: SignInOptions): SignIn {
  const parts = createSignInParts(options);
  const { control, sessions, lastUses, clock, log } = parts;
  const identify = createIdentify({ state: () => control.state, sessions, lastUses, clock, log });
  const waysIn = signInHandlersOf(parts);
  const { signInWithPassword } = waysIn;
  return {
    identify,
    handlers: {
      ...waysIn,
      ...accountHandlers(parts),
      ...totpHandlers(parts),
      ...passkeyHandlers(parts),
      ...issuerHandlers(parts),
      ...userHandlers(parts),
      ...apiKeyHandlers(parts),
    },
    visitorPages:
      parts.visitors && new VisitorPages(parts, { ...parts.visitors, signInWithPassword, identify }),
    directory: () => accessDirectory(parts),
    firstOwnerLink: (owner, caller) => firstOwnerLink(parts, owner, caller),
  };
}

// The end of every way to sign in: what it changes of the account is kept, the audit log is written, and the browser gets a
// new session; its old one, if it had any, ends.
import { SallyportError } from '#base/errors.ts';
import type { SignInMethod } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';
import { changeAccount } from '../commands/account.ts';
import type { CallContext } from '../http/handler.ts';
import { actorOf } from './sessions/identify.ts';
import type { FailedSignIn } from './failed-sign-ins.ts';
import type { SignInParts } from './sign-in-parts.ts';

/** Somebody who has proved to be a user. */
export interface ProvenSignIn {
  readonly user: User;
  readonly method: SignInMethod;
  /** What the proof changes of the account, such as a code that is used up; it may refuse. */
  readonly use?: { readonly action: string; readonly change: (user: User) => Partial<User> } | undefined;
  /** For the audit log: an issuer's id, say. */
  readonly by?: string;
}

/** Signs the browser in. @throws SallyportError 'unauthenticated' when the account was disabled or changed meanwhile */
export async function finishSignIn(
  { control, sessions, lastUses }: SignInParts,
  { user, method, use, by }: ProvenSignIn,
  { caller, identity, request, addHeader }: CallContext,
): Promise<User> {
  const asUser = { ...caller, actor: actorOf(user) };
  const changed = use && (await control.run(changeAccount(user.id, { ...use, keepsVersion: true }), asUser));
  const { session, setCookie } = await sessions.start(user.id, method, request);
  const present = control.state.users.get(user.id);
  // Between the proof and the session somebody may have shut this door: what shut it ended the sessions that were there.
  if (!present || present.isDisabled || !isSameProof(present, changed ?? user)) {
    await control.store.endSession(session.id);
    throw new SallyportError('unauthenticated', 'The account was changed at this moment; sign in again.');
  }
  if (identity.session) await control.store.endSession(identity.session.id);
  await control.note(
    {
      action: 'signed in',
      noun: 'session',
      objectId: session.id,
      objectName: user.name,
      before: null,
      after: { method, ...(by === undefined ? {} : { by }), userAgent: session.userAgent },
    },
    asUser,
  );
  lastUses.note(user.id);
  addHeader('Set-Cookie', setCookie);
  return present;
}

/** Notes a failed attempt, and is the answer to it: the same sentence whoever was meant. */
export async function failSignIn(
  { failures }: SignInParts,
  failed: FailedSignIn & { readonly answer: string },
  { caller }: CallContext,
): Promise<never> {
  await failures.note(failed, caller);
  throw new SallyportError('unauthenticated', failed.answer);
}

function isSameProof(present: User, proven: User): boolean {
  return present.passwordHash === proven.passwordHash && present.role === proven.role;
}

// Handlers of passkeys: signing in with one, making one, taking one away. Every challenge is a ticket: good once, for five
// minutes.
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Passkey, User } from '#model/users/user.ts';
import { changeAccount, hasWayIn } from '../../commands/account.ts';
import { required, type ControlState } from '../../control-state.ts';
import type { CallContext, Handlers } from '../../http/handler.ts';
import { failSignIn } from '../finish-sign-in.ts';
import { ownAccount, requireRecentSignIn } from '../accounts/own-account.ts';
import {
  ceremonyMs,
  checkCreation,
  checkRequest,
  creationOptions,
  requestOptions,
  type WebauthnJson,
} from './passkey-ceremony.ts';
import { createSecret, hashSecret } from './secret.ts';
import { signedIn } from '../sign-in-handlers.ts';
import type { SignInParts } from '../sign-in-parts.ts';

type Ids =
  | 'startPasskeySignIn'
  | 'finishPasskeySignIn'
  | 'startPasskey'
  | 'finishPasskey'
  | 'listPasskeys'
  | 'deletePasskey';

/** As many as the model keeps. */
const maxPasskeys = 20;

/** What a challenge was drawn for: nobody, or the user who makes a passkey. */
interface Challenge {
  readonly challenge: string;
  readonly userId: string | null;
}

/** Makes them. */
export function passkeyHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, clock, place, openings } = parts;
  return {
    async startPasskeySignIn(_input, { request }) {
      openings.begin({ address: request.address });
      const { ticket, challenge } = await drawChallenge(parts, null);
      return { ticket, options: json(requestOptions(place(), challenge)) };
    },
    finishPasskeySignIn: ({ body }, context) => finishPasskeySignIn(parts, body, context),
    async startPasskey(_input, context) {
      const { user, session } = ownAccount(control.state, context);
      requireRecentSignIn(session, clock);
      requireRoom(user);
      openings.begin({ address: context.request.address, account: user.id });
      const { ticket, challenge } = await drawChallenge(parts, user.id);
      const { title } = control.state.settings;
      return { ticket, options: json(creationOptions(place(), { user, challenge, title })) };
    },
    finishPasskey: ({ body }, context) => finishPasskey(parts, body, context),
    listPasskeys(_input, context) {
      const { user } = ownAccount(control.state, context);
      return { items: user.passkeys.map(passkeyView) };
    },
    async deletePasskey({ params }, context) {
      const { user } = ownAccount(control.state, context);
      const change = (present: User): Partial<User> => {
        const { id } = required(
          present.passkeys.find((each) => each.id === params.passkey),
          'passkey of yours',
          params.passkey,
        );
        const passkeys = present.passkeys.filter((each) => each.id !== id);
        if (hasWayIn({ ...present, passkeys })) return { passkeys };
        throw new SallyportError('conflict', 'This passkey is your only way in; set a password first.');
      };
      await control.run(changeAccount(user.id, { action: 'removed passkey', change }), context.caller);
      return undefined;
    },
  };
}

interface FinishedSignIn {
  readonly ticket: string;
  readonly response: WebauthnJson;
}

async function finishPasskeySignIn(parts: SignInParts, body: FinishedSignIn, context: CallContext) {
  const { control, limits, place, clock } = parts;
  const receipt = limits.begin({ address: context.request.address });
  const { user, passkey } = findPasskey(control.state, body.response['id']);
  const fail = (reason: string, answer: string): Promise<never> =>
    failSignIn(parts, { user, method: 'passkey', reason, answer }, context);
  const drawn = await takeChallenge(parts, body.ticket);
  if (drawn?.userId !== null)
    return await fail('the challenge has run out', 'This took too long; try again.');
  if (!user || !passkey || user.isDisabled) {
    const reason = user?.isDisabled ? 'the user is disabled' : 'no user has this passkey';
    return await fail(reason, 'This passkey is not known here any more; sign in another way.');
  }
  const { challenge } = drawn;
  try {
    const counter = await checkRequest(place(), { user, passkey, challenge }, body.response);
    const used = { counter, lastUsedAtMs: clock.wallMs() };
    const change = (present: User): Partial<User> => usePasskey(present, passkey, used);
    const result = await signedIn(
      parts,
      { user, method: 'passkey', use: { action: 'used a passkey', change } },
      context,
    );
    receipt.takeBack();
    return result;
  } catch (error) {
    if (!isSallyportError(error, 'invalid') && !isSallyportError(error, 'unauthenticated')) throw error;
    return await fail(errorText(error), errorText(error));
  }
}

/** Two answers made at once with one counter are two authenticators, one of them a copy. */
function usePasskey(
  present: User,
  seen: Passkey,
  used: Pick<Passkey, 'counter' | 'lastUsedAtMs'>,
): Partial<User> {
  const passkey = present.passkeys.find(({ id }) => id === seen.id);
  if (!passkey || passkey.counter !== seen.counter) {
    throw new SallyportError('unauthenticated', 'The passkey was changed or used at this moment; try again.');
  }
  const next = { ...passkey, ...used };
  return { passkeys: present.passkeys.map((each) => (each.id === seen.id ? next : each)) };
}

interface NewPasskey extends FinishedSignIn {
  readonly name: string;
}

async function finishPasskey(
  parts: SignInParts,
  { ticket, name, response }: NewPasskey,
  context: CallContext,
) {
  const { control, place, clock } = parts;
  const { user } = ownAccount(control.state, context);
  const drawn = await takeChallenge(parts, ticket);
  if (!drawn || drawn.userId !== user.id) {
    throw new SallyportError('conflict', 'This took too long, or was begun by somebody else; begin again.');
  }
  const credential = await checkCreation(place(), drawn.challenge, response);
  const passkey: Passkey = { ...credential, name, createdAtMs: clock.wallMs(), lastUsedAtMs: null };
  const change = (present: User): Partial<User> => {
    requireRoom(present);
    if (findPasskey(control.state, passkey.id).user) {
      throw new SallyportError('conflict', 'This passkey is known here already.');
    }
    return { passkeys: [...present.passkeys, passkey] };
  };
  await control.run(changeAccount(user.id, { action: 'added passkey', change }), context.caller);
  return passkeyView(passkey);
}

async function drawChallenge({ control, random, clock }: SignInParts, userId: string | null) {
  const [ticket, challenge] = [createSecret(random), createSecret(random)];
  await control.store.putTicket({
    hash: hashSecret(ticket),
    purpose: 'passkey',
    data: JSON.stringify({ challenge, userId } satisfies Challenge),
    expiresAtMs: clock.wallMs() + ceremonyMs,
  });
  return { ticket, challenge };
}

async function takeChallenge(
  { control, clock }: SignInParts,
  ticket: string,
): Promise<Challenge | undefined> {
  const taken = await control.store.takeTicket(hashSecret(ticket), 'passkey', clock.wallMs());
  return taken && (JSON.parse(taken.data) as Challenge);
}

function findPasskey(
  { users }: ControlState,
  id: unknown,
): { readonly user: User | undefined; readonly passkey: Passkey | undefined } {
  for (const user of users.values()) {
    const passkey = user.passkeys.find((each) => each.id === id);
    if (passkey) return { user, passkey };
  }
  return { user: undefined, passkey: undefined };
}

function requireRoom({ passkeys }: User): void {
  if (passkeys.length < maxPasskeys) return;
  throw new SallyportError('conflict', `You have ${maxPasskeys} passkeys; remove one that you do not use.`);
}

function passkeyView({ id, name, createdAtMs, lastUsedAtMs }: Passkey) {
  return { id, name, createdAtMs, lastUsedAtMs };
}

/** Plain data is JSON; its type does not know. */
function json(options: WebauthnJson): Record<string, never> {
  return options as Record<string, never>;
}

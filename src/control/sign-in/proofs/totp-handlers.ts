// Handlers of the codes that a password may be joined by: set up in two steps, so that nobody locks himself out with an app
// that did not take the secret.
import { SallyportError } from '#base/errors.ts';
import type { User } from '#model/users/user.ts';
import { changeAccount } from '../../commands/account.ts';
import type { CallContext, Handlers } from '../../http/handler.ts';
import { userView } from '../accounts/account-view.ts';
import { ownAccount, requireRecentSignIn } from '../accounts/own-account.ts';
import { createRecoveryCodes } from './recovery-codes.ts';
import { createSecret, hashSecret } from './secret.ts';
import { totpPurpose, useCode, wrongCode } from './second-factor.ts';
import type { SignInParts } from '../sign-in-parts.ts';
import { createTotpSecret, matchTotp, totpUri } from './totp.ts';

type Ids = 'startTotp' | 'confirmTotp' | 'renewRecoveryCodes' | 'removeTotp';

const ticketPurpose = 'totp';
/** Time to open the app and point the camera. */
const ticketLifeMs = 15 * 60_000;

/** Makes them. */
export function totpHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, clock, random, seal, lastUses, openings } = parts;
  const view = async (user: User) => userView(user, await lastUses.read());
  return {
    async startTotp(_input, context) {
      const { user, session } = ownAccount(control.state, context);
      requireRecentSignIn(session, clock);
      openings.begin({ address: context.request.address, account: user.id });
      const secret = createTotpSecret(random);
      const ticket = createSecret(random);
      await control.store.putTicket({
        hash: hashSecret(ticket),
        purpose: ticketPurpose,
        data: JSON.stringify({ userId: user.id, sealed: seal.seal(secret, totpPurpose(user.id)) }),
        expiresAtMs: clock.wallMs() + ticketLifeMs,
      });
      const uri = totpUri(secret, { issuer: control.state.settings.title, account: user.name });
      return { ticket, secret, uri };
    },
    confirmTotp: ({ body }, context) => confirmTotp(parts, body, context),
    async renewRecoveryCodes({ body }, context) {
      const { codes, hashes } = createRecoveryCodes(random);
      const renewed = await changeWithCode(parts, context, {
        code: body.code,
        action: 'renewed recovery codes',
        change: () => ({ recoveryCodes: hashes }),
      });
      return { user: await view(renewed), recoveryCodes: codes };
    },
    async removeTotp({ body }, context) {
      const removed = await changeWithCode(parts, context, {
        code: body.code,
        action: 'removed codes',
        change: () => ({ totpSecret: null, recoveryCodes: [] }),
      });
      return await view(removed);
    },
  };
}

interface Confirmation {
  readonly ticket: string;
  readonly code: string;
}

/** A wrong code spends the ticket's attempt, not the ticket: it is put back until it runs out. */
async function confirmTotp(parts: SignInParts, { ticket, code }: Confirmation, context: CallContext) {
  const { control, clock, random, seal, limits } = parts;
  const { user } = ownAccount(control.state, context);
  const receipt = limits.begin({ address: context.request.address, account: user.name });
  const taken = await control.store.takeTicket(hashSecret(ticket), ticketPurpose, clock.wallMs());
  const data = taken && (JSON.parse(taken.data) as { userId: string; sealed: string });
  if (!taken || data?.userId !== user.id) {
    throw new SallyportError('conflict', 'This set-up has run out; begin again to get a new secret.');
  }
  const secret = seal.open(data.sealed, totpPurpose(user.id));
  const step = matchTotp(secret, { code, nowMs: clock.wallMs(), lastStep: 0 });
  if (step === undefined) {
    await control.store.putTicket(taken);
    throw wrong();
  }
  const { codes, hashes } = createRecoveryCodes(random);
  const change = (): Partial<User> => ({
    totpSecret: data.sealed,
    totpLastStep: step,
    recoveryCodes: hashes,
  });
  const command = changeAccount(user.id, { action: 'set up codes', change });
  const changed = await control.run(command, context.caller);
  receipt.takeBack();
  return { user: userView(changed, await parts.lastUses.read()), recoveryCodes: codes };
}

interface ChangeWithCode {
  readonly code: string;
  readonly action: string;
  readonly change: () => Partial<User>;
}

/** Changes the account of whoever proves with a code that he has the device. */
async function changeWithCode(
  { control, clock, limits, seal }: SignInParts,
  context: CallContext,
  { code, action, change }: ChangeWithCode,
): Promise<User> {
  const { user } = ownAccount(control.state, context);
  const receipt = limits.begin({ address: context.request.address, account: user.name });
  const checked = (present: User): Partial<User> => {
    if (present.totpSecret === null) throw new SallyportError('conflict', 'There are no codes set up.');
    return { ...usedCode(present), ...change() };
  };
  const usedCode = (present: User): Partial<User> => {
    try {
      return useCode(present, seal, { code, nowMs: clock.wallMs() });
    } catch (error) {
      // Whoever asks has signed in; only the code is wrong.
      throw error instanceof SallyportError && error.code === 'unauthenticated' ? wrong() : error;
    }
  };
  const changed = await control.run(changeAccount(user.id, { action, change: checked }), context.caller);
  receipt.takeBack();
  return changed;
}

function wrong(): SallyportError {
  return new SallyportError('forbidden', wrongCode, {
    facts: { faults: [{ path: 'code', message: 'is not right' }] },
  });
}

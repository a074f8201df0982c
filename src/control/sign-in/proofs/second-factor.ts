// The code of an app, or a recovery code in its place: each counts once. Which one was given follows from its form. The
// check runs inside the command that uses the code up, so that two requests at once cannot both have it.
import { SallyportError } from '#base/errors.ts';
import type { User } from '#model/users/user.ts';
import type { Seal } from '../../seal.ts';
import { isRecoveryCodeText, useRecoveryCode } from './recovery-codes.ts';
import { matchTotp } from './totp.ts';

/** A code as it was typed, and when. */
export interface GivenCode {
  readonly code: string;
  readonly nowMs: number;
}

/** What a TOTP secret is sealed for. */
export function totpPurpose(userId: string): string {
  return `totp ${userId}`;
}

/** What using the code changes of the account. @throws SallyportError 'unauthenticated' for a code that does not count */
export function useCode(user: User, seal: Seal, { code, nowMs }: GivenCode): Partial<User> {
  if (user.totpSecret === null) return {};
  if (isRecoveryCodeText(code)) {
    const left = useRecoveryCode(user.recoveryCodes, code);
    if (left) return { recoveryCodes: left };
  } else {
    const secret = seal.open(user.totpSecret, totpPurpose(user.id));
    const step = matchTotp(secret, { code, nowMs, lastStep: user.totpLastStep });
    if (step !== undefined) return { totpLastStep: step };
  }
  throw new SallyportError('unauthenticated', wrongCode);
}

/** Said for every code that does not count. */
export const wrongCode =
  'The code is not right, or was used already; wait for the next one, and check the clock of the device.';

// Passkeys (WebAuthn level 3): what the browser is asked, and whether its answer proves anything. A passkey here is always
// discoverable, so that no name is typed, and always verifies its user (finger, face or PIN), so that it is two factors.
//
// The questions are plain data and made here. The answers are checked by @simplewebauthn/server, which is loaded when the
// first one comes that could be right: it takes 20 MB that an edge without passkeys does not spend.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { errorText, SallyportError } from '#base/errors.ts';
import { isAddress } from '#base/net/ip.ts';
import type { Passkey, User } from '#model/users/user.ts';
import type { DashboardPlace } from '../sessions/session-cookie.ts';

/** JSON of the WebAuthn API, as browsers make and take it (`parseCreationOptionsFromJSON`, `toJSON`). */
export type WebauthnJson = Record<string, unknown>;

/** Long enough to find the phone. */
export const ceremonyMs = 5 * 60_000;
/** EdDSA, ES256, RS256: what browsers' and phones' authenticators have. */
const algorithms = [-8, -7, -257];

/** Whether browsers make passkeys for this address at all: it takes a name, and https but on this very machine. */
export function canHavePasskeys({ hostname, isSecure }: DashboardPlace): boolean {
  const isName = !isAddress(hostname.replace(/^\[|\]$/g, ''));
  return isName && (isSecure || hostname === 'localhost' || hostname.endsWith('.localhost'));
}

/** What `navigator.credentials.create` is to be asked. */
export function creationOptions(
  place: DashboardPlace,
  { user, challenge, title }: { readonly user: User; readonly challenge: string; readonly title: string },
): WebauthnJson {
  return {
    challenge,
    rp: { id: place.hostname, name: title },
    user: { id: userHandle(user), name: user.name, displayName: user.displayName || user.name },
    pubKeyCredParams: algorithms.map((alg) => ({ alg, type: 'public-key' })),
    timeout: ceremonyMs,
    attestation: 'none',
    excludeCredentials: user.passkeys.map(({ id, transports }) => ({ id, transports, type: 'public-key' })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
  };
}

/** What `navigator.credentials.get` is to be asked: any passkey for this host, whoever's. */
export function requestOptions(place: DashboardPlace, challenge: string): WebauthnJson {
  return {
    challenge,
    rpId: place.hostname,
    timeout: ceremonyMs,
    userVerification: 'required',
    allowCredentials: [],
  };
}

/** A credential as it is kept, but for its name and times. */
export type NewCredential = Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports'>;

/** The credential that a browser has made. @throws SallyportError 'invalid' when the answer does not hold */
export async function checkCreation(
  place: DashboardPlace,
  challenge: string,
  response: WebauthnJson,
): Promise<NewCredential> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const verified = await verifyRegistrationResponse({
    response: response as unknown as RegistrationResponseJSON,
    ...expectations(place, challenge),
    supportedAlgorithmIDs: algorithms,
  }).catch(refuse);
  if (!verified.verified) throw refused('its signature is wrong');
  const { id, publicKey, counter, transports } = verified.registrationInfo.credential;
  return {
    id,
    publicKey: Buffer.from(publicKey).toString('base64url'),
    counter,
    transports: (transports ?? []).filter((each) => each.length <= 32).slice(0, 10),
  };
}

/** The next counter of a passkey whose user has just used it. @throws SallyportError 'invalid' when the answer does not hold */
export async function checkRequest(
  place: DashboardPlace,
  {
    user,
    passkey,
    challenge,
  }: { readonly user: User; readonly passkey: Passkey; readonly challenge: string },
  response: WebauthnJson,
): Promise<number> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const verified = await verifyAuthenticationResponse({
    response: response as unknown as AuthenticationResponseJSON,
    ...expectations(place, challenge),
    credential: {
      id: passkey.id,
      publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
      counter: passkey.counter,
    },
  }).catch(refuse);
  if (!verified.verified) throw refused('its signature is wrong');
  // WebAuthn level 3, section 7.2, step 6: the credential is that of the account which it names.
  if (handleOf(response) !== userHandle(user)) throw refused('it names another account');
  return verified.authenticationInfo.newCounter;
}

function expectations({ origin, hostname }: DashboardPlace, challenge: string) {
  return {
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: hostname,
    requireUserVerification: true,
  };
}

/** What an authenticator keeps of the account: its id, which says nothing about the person. */
function userHandle({ id }: User): string {
  return Buffer.from(id).toString('base64url');
}

function handleOf({ response }: WebauthnJson): unknown {
  return (response as { userHandle?: unknown } | null)?.userHandle;
}

function refuse(error: unknown): never {
  throw refused(errorText(error).slice(0, 200), error);
}

function refused(why: string, cause?: unknown): SallyportError {
  return new SallyportError('invalid', `The passkey's answer does not hold (${why}); try again.`, { cause });
}

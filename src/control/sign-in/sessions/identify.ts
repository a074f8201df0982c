// Who stands behind a request. A proof decides alone: an Authorization field that is not valid is refused, never answered
// as if it were not there, and never made good by a cookie beside it.
//
//   Authorization: Bearer sp_...   an API key        -> its user, with the scopes that both key and role have
//   the session cookie             a browser         -> its user, with the scopes of his role
//   the local socket file          a command         -> everything; who may open the file decides
//   none                           nobody
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { allScopes, scopesOf } from '#model/users/role.ts';
import type { User } from '#model/users/user.ts';
import type { ControlState } from '../../control-state.ts';
import type { Identify } from '../../http/api-server.ts';
import { type ApiRequest, type Identity, nobody } from '../../http/handler.ts';
import { isApiKeyText } from '../accounts/api-key-text.ts';
import type { LastUses } from '../accounts/last-uses.ts';
import { hashSecret, isSameSecret } from '../proofs/secret.ts';
import type { Sessions } from './sessions.ts';

export interface IdentifyOptions {
  readonly state: () => ControlState;
  readonly sessions: Sessions;
  readonly lastUses: LastUses;
  readonly clock: Clock;
  readonly log: Log;
}

const localIdentity: Identity = {
  ...nobody,
  actor: { kind: 'local', id: 'local', name: 'a command on the edge' },
  scopes: new Set(allScopes),
};

/** Makes it. */
export function createIdentify(options: IdentifyOptions): Identify {
  return async (request, occasion) => {
    const authorization = request.header('authorization');
    if (authorization === '' && request.isLocal) return localIdentity;
    const identity =
      authorization === '' ? await identityOfCookie(options, request) : identityOfKey(options, authorization);
    if (occasion === 'request') noteUse(options, identity);
    return identity;
  };
}

function identityOfKey({ state, clock }: IdentifyOptions, authorization: string): Identity {
  const [, text] = /^Bearer +([^\s]+) *$/i.exec(authorization) ?? [];
  if (text === undefined)
    throw refused('The API takes "Authorization: Bearer" and an API key, nothing else.');
  if (!isApiKeyText(text)) throw refused('This is no API key, or not a whole one; copy it once more.');
  const hash = hashSecret(text);
  const apiKey = state().findApiKey(hash);
  if (!apiKey || !isSameSecret(apiKey.hash, hash)) {
    throw refused('This API key is not known here, or was revoked; make another one.');
  }
  if (apiKey.expiresAtMs !== null && apiKey.expiresAtMs <= clock.wallMs()) {
    throw refused(`The API key ${apiKey.name} has expired; make another one.`);
  }
  const user = state().users.get(apiKey.userId);
  if (!user || user.isDisabled) throw refused('The user whose API key this is may not sign in any more.');
  const ofRole = new Set(scopesOf(user.role));
  return {
    actor: { kind: 'api-key', id: apiKey.id, name: `${apiKey.name} (${user.name})` },
    scopes: new Set(apiKey.scopes.filter((scope) => ofRole.has(scope))),
    user,
    session: undefined,
    apiKey,
  };
}

async function identityOfCookie(options: IdentifyOptions, request: ApiRequest): Promise<Identity> {
  const { sessions } = options;
  const session = await sessions.find(request.header('cookie'));
  // A cookie that is not valid any more is not taken back: the browser may have got a new one since it sent this request,
  // from a sign-in or a new password, and the answer that comes last would win.
  if (session === undefined) return nobody;
  const user = options.state().users.get(session.userId);
  if (!user || user.isDisabled) return nobody;
  return { actor: actorOf(user), scopes: new Set(scopesOf(user.role)), user, session, apiKey: undefined };
}

/** To be seen is no reason to wait, nor to fail. */
function noteUse({ sessions, lastUses, log }: IdentifyOptions, { user, session, apiKey }: Identity): void {
  if (apiKey) lastUses.note(apiKey.id);
  if (!session || !user) return;
  lastUses.note(user.id);
  sessions.touch(session).catch((error: unknown) => {
    log.warn('A session could not be marked as used', { error: errorText(error) });
  });
}

/** A user in the audit log. */
export function actorOf({ id, name }: User): Identity['actor'] {
  return { kind: 'user', id, name };
}

function refused(message: string): SallyportError {
  return new SallyportError('unauthenticated', message);
}

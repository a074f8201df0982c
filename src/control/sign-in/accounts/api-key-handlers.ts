// Handlers of the operations on API keys. A key sees itself; with the scope `keys:write` also those of its user; with
// `keys:read`, which is the owner's, all.
import { SallyportError } from '#base/errors.ts';
import type { ApiKey } from '#model/users/api-key.ts';
import { type Scope, scopesOf } from '#model/users/role.ts';
import type { User } from '#model/users/user.ts';
import { createApiKey, deleteApiKey } from '../../commands/api-keys.ts';
import { required } from '../../control-state.ts';
import type { Handlers, Identity } from '../../http/handler.ts';
import { pageOfList } from '../../views/listing.ts';
import { apiKeyPrefix, createApiKeyText } from './api-key-text.ts';
import { apiKeyView } from './account-view.ts';
import { requireRecentSignIn } from './own-account.ts';
import { hashSecret } from '../proofs/secret.ts';
import type { SignInParts } from '../sign-in-parts.ts';

type Ids = 'listApiKeys' | 'createApiKey' | 'deleteApiKey';

const dayMs = 86_400_000;

/** Makes them. */
export function apiKeyHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, lastUses, random, clock } = parts;
  const nameOf = (userId: string): string => control.state.users.get(userId)?.name ?? '';
  return {
    async listApiKeys({ query }, { identity }) {
      const times = await lastUses.read();
      const seen = [...control.state.apiKeys.values()].filter((key) => maySee(identity, key));
      return pageOfList({
        items: seen.map((key) => apiKeyView(key, nameOf(key.userId), times)),
        limit: query.limit,
        cursor: query.cursor,
        search: query.search,
        texts: ({ name, prefix, userName }) => [name, prefix, userName],
        key: ({ name }) => name,
      });
    },
    async createApiKey({ body }, { identity, caller }) {
      if (identity.session) requireRecentSignIn(identity.session, clock);
      const user = ownerOfNewKey(identity, body.user, (idOrName) =>
        required(control.state.findUser(idOrName), 'user', idOrName),
      );
      requireScopes(body.scopes, identity, user);
      const expiresAtMs = body.days === null ? null : clock.wallMs() + body.days * dayMs;
      requireNoLongerLife(expiresAtMs, identity.apiKey);
      const key = createApiKeyText(random);
      const { name, scopes } = body;
      const command = createApiKey({
        ...{ name, scopes, userId: user.id, expiresAtMs },
        prefix: apiKeyPrefix(key),
        hash: hashSecret(key),
      });
      const apiKey = await control.run(command, caller);
      return { apiKey: apiKeyView(apiKey, user.name, new Map()), key };
    },
    async deleteApiKey({ params }, { identity, caller }) {
      const command = deleteApiKey(params.key, (key) => mayRevoke(identity, key));
      const { id } = await control.run(command, caller);
      await lastUses.forget(id);
      return undefined;
    },
  };
}

function maySee({ scopes, user, apiKey, session }: Identity, key: ApiKey): boolean {
  if (scopes.has('keys:read') || key.id === apiKey?.id) return true;
  return key.userId === user?.id && (session !== undefined || scopes.has('keys:write'));
}

function mayRevoke(identity: Identity, key: ApiKey): boolean {
  const isOthers = key.userId !== identity.user?.id;
  return maySee(identity, key) && (!isOthers || identity.scopes.has('keys:write'));
}

/** Whoever asks; a local command, which is nobody, says for whom. */
function ownerOfNewKey(
  identity: Identity,
  wanted: string | undefined,
  find: (idOrName: string) => User,
): User {
  const named = wanted === undefined ? undefined : find(wanted);
  if (identity.actor.kind === 'local') {
    if (named) return named;
    throw new SallyportError('usage', 'Say whose key it is to be: the local command is no user itself.');
  }
  if (identity.user && (named === undefined || named.id === identity.user.id)) return identity.user;
  throw new SallyportError('forbidden', 'A key is made by the user whose it is to be, in his own name.');
}

/** @throws SallyportError 'forbidden' naming what is more than whoever asks, or the user, has */
function requireScopes(wanted: readonly Scope[], { scopes }: Identity, user: User): void {
  const ofUser = scopesOf(user.role);
  const beyond = wanted.filter((scope) => !scopes.has(scope) || !ofUser.includes(scope));
  if (beyond.length === 0) return;
  throw new SallyportError(
    'forbidden',
    `A key never may more than who makes it and whose it is; leave out ${beyond.join(', ')}.`,
  );
}

/** Else a key that was to end would live on in those it made. @throws SallyportError 'forbidden' */
function requireNoLongerLife(expiresAtMs: number | null, maker: ApiKey | undefined): void {
  const endMs = maker?.expiresAtMs ?? null;
  if (endMs === null || (expiresAtMs !== null && expiresAtMs <= endMs)) return;
  throw new SallyportError(
    'forbidden',
    `A key that is made with a key expires no later than that one (${new Date(endMs).toISOString()}); give fewer days.`,
  );
}

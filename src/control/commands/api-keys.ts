// Commands on API keys.
import { SallyportError } from '#base/errors.ts';
import type { ApiKey } from '#model/users/api-key.ts';
import type { Scope } from '#model/users/role.ts';
import type { Command } from '../command.ts';
import { required } from '../control-state.ts';

export interface NewApiKey {
  readonly name: string;
  readonly prefix: string;
  readonly hash: string;
  readonly userId: string;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number | null;
}

/** Keys of one user. */
const maxKeysOfUser = 100;

/** Adds a key. */
export function createApiKey(input: NewApiKey): Command<ApiKey> {
  return (draft, context) => {
    const keys = draft.list('apiKey');
    if (keys.some(({ name }) => name.toLowerCase() === input.name.toLowerCase())) {
      throw new SallyportError('conflict', `There is an API key "${input.name}" already; take another name.`);
    }
    if (keys.filter(({ userId }) => userId === input.userId).length >= maxKeysOfUser) {
      throw new SallyportError(
        'conflict',
        `You have ${maxKeysOfUser} API keys; revoke those that nobody uses.`,
      );
    }
    const key: ApiKey = {
      ...input,
      id: context.newId(),
      scopes: [...new Set(input.scopes)],
      createdAtMs: context.nowMs,
      version: 1,
    };
    draft.put('apiKey', key, 'created');
    return key;
  };
}

/** Revokes a key. One that whoever asks may not revoke is as good as not there. */
export function deleteApiKey(idOrName: string, mayRevoke: (key: ApiKey) => boolean): Command<ApiKey> {
  return (draft) => {
    const wanted = idOrName.toLowerCase();
    const found = draft
      .list('apiKey')
      .find(({ id, name }) => id === idOrName || name.toLowerCase() === wanted);
    const key = required(found && mayRevoke(found) ? found : undefined, 'API key', idOrName);
    draft.remove('apiKey', key.id, 'revoked');
    return key;
  };
}

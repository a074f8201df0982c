// Commands on share links. Each opening of a counted link is one, so that two browsers at two edges never take the same one.
import { SallyportError } from '#base/errors.ts';
import { maxShareLinks, type ShareLink } from '#model/access/share-link.ts';
import type { Command } from '../command.ts';
import { required } from '../control-state.ts';

export type NewShareLink = Pick<
  ShareLink,
  'hostname' | 'path' | 'note' | 'expiresAtMs' | 'maxUses' | 'madeBy'
>;

/** Makes a link; those that have run out make room. */
export function createShareLink(input: NewShareLink): Command<ShareLink> {
  return (draft, context) => {
    const links = draft.list('shareLink');
    for (const { id, expiresAtMs } of links) {
      if (expiresAtMs <= context.nowMs) draft.remove('shareLink', id, 'expired');
    }
    if (draft.list('shareLink').length >= maxShareLinks) {
      throw new SallyportError(
        'conflict',
        `There are ${maxShareLinks} share links already; revoke those that nobody needs.`,
      );
    }
    const link: ShareLink = {
      ...input,
      id: context.newId(),
      uses: 0,
      createdAtMs: context.nowMs,
      version: 1,
    };
    draft.put('shareLink', link, 'created');
    return link;
  };
}

/** Revokes a link. */
export function deleteShareLink(id: string): Command<void> {
  return (draft) => {
    required(draft.get('shareLink', id), 'share link', id);
    draft.remove('shareLink', id, 'revoked');
  };
}

/** One more browser opens it: whether it still may. */
export function useShareLink(id: string): Command<boolean> {
  return (draft, context) => {
    const link = draft.get('shareLink', id);
    if (!link || link.expiresAtMs <= context.nowMs) return false;
    if (link.maxUses === null) return true;
    if (link.uses >= link.maxUses) return false;
    draft.put('shareLink', { ...link, uses: link.uses + 1, version: link.version + 1 }, 'opened');
    return true;
  };
}

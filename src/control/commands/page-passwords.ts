// Commands on page passwords.
import { SallyportError } from '#base/errors.ts';
import { maxPagePasswords, type PagePassword } from '#model/access/page-password.ts';
import type { Command } from '../command.ts';
import { required } from '../control-state.ts';

/** Sets a page password, new or another one; whom the one before let in must give the new one. */
export function setPagePassword(name: string, hash: string): Command<PagePassword> {
  return (draft, context) => {
    const all = draft.list('pagePassword');
    const known = all.find((each) => each.name === name);
    if (!known && all.length >= maxPagePasswords) {
      throw new SallyportError(
        'conflict',
        `There are ${maxPagePasswords} page passwords already; delete those that no policy names.`,
      );
    }
    const password: PagePassword = known
      ? { ...known, hash, version: known.version + 1 }
      : { id: context.newId(), name, hash, createdAtMs: context.nowMs, version: 1 };
    draft.put('pagePassword', password, known ? 'changed' : 'created');
    return password;
  };
}

/** Removes a page password; whom it let in is out. */
export function deletePagePassword(name: string): Command<void> {
  return (draft) => {
    const known = required(
      draft.list('pagePassword').find((each) => each.name === name.toLowerCase()),
      'page password',
      name,
    );
    draft.remove('pagePassword', known.id);
  };
}

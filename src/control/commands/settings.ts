// The one command on settings.
import { SallyportError } from '#base/errors.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import type { Command } from '../command.ts';

/** Changes what is given. */
export function updateSettings(change: Partial<Settings>): Command<Settings> {
  return (draft) => {
    const parsed = settingsSchema.safeParse({ ...settingsOnly(draft.settings), ...change });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new SallyportError(
        'invalid',
        `The setting ${issue?.path.join('.')} cannot be used: ${issue?.message}.`,
      );
    }
    if (parsed.data.sessionIdleMs > parsed.data.sessionMaxMs) {
      throw new SallyportError(
        'invalid',
        'sessionIdleMs is longer than sessionMaxMs; a session cannot rest longer than it lives.',
      );
    }
    draft.put('settings', { ...parsed.data, id: 'settings' }, 'changed');
    return parsed.data;
  };
}

function settingsOnly(stored: Settings): Settings {
  const { id: _id, ...settings } = stored as Settings & { id?: string };
  return settings;
}

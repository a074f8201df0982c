// `sallyport access keys` and `sallyport access rotate-keys`: what signs cookies of sites and what origins are told.
import type { AccessKeyView } from '#api/access-keys.ts';
import type { Column } from '../table.ts';
import { edgeCommand, timeText } from './edge-command.ts';

const columns: readonly Column<AccessKeyView>[] = [
  { title: 'USE', value: ({ use }) => use },
  { title: 'ID', value: ({ id }) => id },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'SIGNS FROM', value: ({ signsFromMs }) => timeText(signsFromMs) },
  { title: 'UNTIL', value: ({ signsUntilMs }) => (signsUntilMs === null ? '' : timeText(signsUntilMs)) },
];

export const accessKeysCommand = edgeCommand({
  words: ['access', 'keys'],
  usage: '[flags]',
  summary: 'list the keys that sign cookies of sites and assertions',
  description: `Lists the keys with which the edge signs cookies of protected sites (sign-in) and
what it tells services (ES256; RS256 in Cloudflare's form). No secret is shown.`,
  examples: ['sallyport access keys'],
  maxArgs: 0,
  async run(session) {
    const { keys } = await session.api.listAccessKeys();
    session.table(keys, columns, 'There are no keys.');
  },
});

export const accessRotateKeysCommand = edgeCommand({
  words: ['access', 'rotate-keys'],
  usage: '[flags]',
  summary: 'make new keys that sign cookies of sites and assertions',
  description: `Makes new keys, which are published now and sign in a day; nobody notices. This
happens by itself when keys are old (access.keyDays in edge.yml). With
--at-once the old keys are worth nothing from now on: everybody signs in again,
and share links must be made anew.`,
  flags: [{ name: 'at-once', type: 'boolean', help: 'for keys that were stolen' }],
  examples: ['sallyport access rotate-keys', 'sallyport access rotate-keys --at-once'],
  maxArgs: 0,
  async run(session) {
    const atOnce = session.input.flags.get('at-once') === true;
    const { keys } = await session.api.rotateAccessKeys({ body: { atOnce } });
    session.table(keys, columns, 'There are no keys.');
  },
});

// `sallyport user ...` and `sallyport api-key ...`.
import type { Scope, Role } from '#model/users/role.ts';
import { allScopes, roles } from '#model/users/role.ts';
import { SallyportError } from '#base/errors.ts';
import { numberOf, listOf, textOf, type Input } from '../command.ts';
import { allItems, argument, confirm, edgeCommand, timeText, yesFlag } from './edge-command.ts';

const nameUser = 'Name a user; "sallyport user list" shows them.';

function roleOf(input: Input): Role | undefined {
  const text = textOf(input, 'role');
  if (text === '') return undefined;
  const role = roles.find((each) => each === text);
  if (role) return role;
  throw new SallyportError('usage', `--role is ${roles.join(', ')}, not "${text}".`);
}

function groupsOf(input: Input): string[] | undefined {
  const text = textOf(input, 'groups');
  return text === '' ? undefined : text.split(',').map((group) => group.trim());
}

export const userListCommand = edgeCommand({
  words: ['user', 'list'],
  usage: '[flags]',
  summary: 'list users',
  description: `Lists users, their roles, and how they sign in.`,
  examples: ['sallyport user list'],
  maxArgs: 0,
  async run(session) {
    const users = await allItems((page) => session.api.listUsers({ query: { ...page } }));
    session.table(
      users,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'MAIL', value: ({ email }) => email ?? '-', givesWay: true },
        { title: 'ROLE', value: ({ role, isDisabled }) => (isDisabled ? `${role} (disabled)` : role) },
        {
          title: 'SIGNS IN BY',
          value: ({ hasPassword, hasTotp, passkeys, identities }) =>
            [
              hasPassword ? `password${hasTotp ? ' and code' : ''}` : '',
              passkeys > 0 ? `${passkeys} ${passkeys === 1 ? 'passkey' : 'passkeys'}` : '',
              ...identities.map(({ issuer }) => issuer),
            ]
              .filter((each) => each !== '')
              .join(', ') || 'nothing yet',
        },
        { title: 'LAST SEEN', value: ({ lastSeenAtMs }) => timeText(lastSeenAtMs) },
      ],
      'There are no users; make the first with "sallyport user create NAME --role owner".',
    );
  },
});

export const userCreateCommand = edgeCommand({
  words: ['user', 'create'],
  usage: 'NAME [flags]',
  summary: 'invite a user',
  description: `Makes a user and prints a one-time link with which he signs in and chooses how
to sign in from then on. With --mail it goes to a guest's or viewer's address.`,
  flags: [
    { name: 'role', type: 'string', value: 'ROLE', help: 'owner, admin, viewer (default) or guest' },
    { name: 'email', type: 'string', value: 'ADDRESS', help: 'mail address' },
    {
      name: 'groups',
      type: 'string',
      value: 'GROUPS',
      help: 'groups that access policies name, with commas',
    },
    { name: 'display-name', type: 'string', value: 'NAME', help: 'what the dashboard calls him' },
    { name: 'mail', type: 'boolean', help: 'send the invitation to his address' },
  ],
  examples: ['sallyport user create ada --role owner', 'sallyport user create bob --email bob@example.com'],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const created = await session.api.createUser({
      body: {
        name: argument(session, 0, 'Name the user: sallyport user create ada.'),
        role: roleOf(input) ?? 'viewer',
        groups: groupsOf(input),
        email: textOf(input, 'email') || null,
        displayName: textOf(input, 'display-name'),
        mail: input.flags.get('mail') === true,
      },
    });
    const { user, link, isMailed } = created;
    session.show(created, () =>
      isMailed
        ? `An invitation is on its way to ${user.email}; ${user.name} signs in at ${session.edge} with it, once, until ${timeText(link.expiresAtMs)}.\n`
        : linkText(user.name, link, session.edge),
    );
  },
});

function linkText(
  name: string,
  link: { readonly url: string; readonly expiresAtMs: number },
  edge: string,
): string {
  return `${name} signs in at ${edge} with this link, once, until ${timeText(link.expiresAtMs)}:\n\n${link.url}\n`;
}

export const userLinkCommand = edgeCommand({
  words: ['user', 'link'],
  usage: 'NAME [flags]',
  summary: 'a one-time sign-in link, for somebody who cannot get in',
  description: `Prints a link with which a user signs in once. On the edge's own machine this
works without signing in, for when nobody can.`,
  examples: ['sallyport user link ada', 'sallyport user link ada --socket /var/lib/sallyport/admin.sock'],
  maxArgs: 1,
  async run(session) {
    const user = argument(session, 0, nameUser);
    const link = await session.api.createUserLink({ params: { user } });
    session.show(link, () => linkText(user, link, session.edge));
  },
});

export const userUpdateCommand = edgeCommand({
  words: ['user', 'update'],
  usage: 'NAME [flags]',
  summary: "change a user's role, or let him in no more",
  description: `Changes what is given. A user who is disabled is signed out everywhere at once.`,
  flags: [
    { name: 'role', type: 'string', value: 'ROLE', help: 'owner, admin, viewer or guest' },
    { name: 'disable', type: 'boolean', help: 'let him in no more' },
    { name: 'enable', type: 'boolean', help: 'let him in again' },
    { name: 'email', type: 'string', value: 'ADDRESS', help: 'mail address' },
    {
      name: 'groups',
      type: 'string',
      value: 'GROUPS',
      help: 'groups that access policies name, with commas',
    },
  ],
  examples: ['sallyport user update bob --role admin', 'sallyport user update bob --disable'],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const isSet = (name: string): boolean => input.flags.get(name) === true;
    const user = await session.api.updateUser({
      params: { user: argument(session, 0, nameUser) },
      body: {
        role: roleOf(input),
        groups: groupsOf(input),
        email: textOf(input, 'email') || undefined,
        isDisabled: isSet('disable') ? true : isSet('enable') ? false : undefined,
      },
    });
    session.show(
      user,
      () => `${user.name} is ${user.isDisabled ? 'disabled' : user.role} at ${session.edge}.\n`,
    );
  },
});

export const userDeleteCommand = edgeCommand({
  words: ['user', 'delete'],
  usage: 'NAME [flags]',
  summary: 'remove a user with his sessions and API keys',
  description: `Removes a user. What he has changed stays, and so do its audit rows.`,
  flags: [yesFlag],
  examples: ['sallyport user delete bob'],
  maxArgs: 1,
  async run(session) {
    const user = argument(session, 0, nameUser);
    await confirm(session, `Remove ${user} with his sessions and API keys at ${session.edge}?`);
    await session.api.deleteUser({ params: { user } });
    session.show({ removed: user }, () => `Removed ${user} at ${session.edge}.\n`);
  },
});

export const apiKeyListCommand = edgeCommand({
  words: ['api-key', 'list'],
  usage: '[flags]',
  summary: 'list API keys',
  description: `Lists API keys: yours, or everybody's if you may see them.`,
  examples: ['sallyport api-key list'],
  maxArgs: 0,
  async run(session) {
    const keys = await allItems((page) => session.api.listApiKeys({ query: { ...page } }));
    session.table(
      keys,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'KEY', value: ({ prefix }) => `${prefix}...` },
        { title: 'USER', value: ({ userName }) => userName },
        {
          title: 'SCOPES',
          value: ({ scopes }) => (scopes.length === allScopes.length ? 'all' : scopes.join(' ')),
          givesWay: true,
        },
        { title: 'EXPIRES', value: ({ expiresAtMs }) => timeText(expiresAtMs) },
        { title: 'LAST USED', value: ({ lastUsedAtMs }) => timeText(lastUsedAtMs) },
      ],
      'There are no API keys.',
    );
  },
});

export const apiKeyCreateCommand = edgeCommand({
  words: ['api-key', 'create'],
  usage: 'NAME --scope SCOPE [flags]',
  summary: 'make an API key for a program',
  description: `Makes a key and prints it once. It may do what its scopes say and never more
than the user it belongs to. Scopes: ${allScopes.slice(0, 5).join(', ')},
and so on; "all" stands for everything its user may do.`,
  flags: [
    { name: 'scope', type: 'strings', value: 'SCOPE', help: 'what it may do (repeatable), or all' },
    { name: 'days', type: 'integer', value: 'N', help: 'days until it expires (default 90; 0: never)' },
    { name: 'user', type: 'string', value: 'NAME', help: "whose it is; needed on the edge's own machine" },
  ],
  examples: ['sallyport api-key create ci --scope routes:write --scope routes:read --days 30'],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const days = numberOf(input, 'days') ?? 90;
    const wanted = listOf(input, 'scope');
    const mine = wanted.includes('all') ? (await session.api.getMe()).scopes : wanted;
    const created = await session.api.createApiKey({
      body: {
        name: argument(session, 0, 'Name the key: sallyport api-key create ci --scope routes:write.'),
        scopes: mine as Scope[],
        days: days === 0 ? null : days,
        user: textOf(input, 'user') || undefined,
      },
    });
    session.show(
      created,
      () =>
        `The key ${created.apiKey.name} for ${session.edge}, which is not shown again:\n\n${created.key}\n`,
    );
  },
});

export const apiKeyDeleteCommand = edgeCommand({
  words: ['api-key', 'delete'],
  usage: 'NAME [flags]',
  summary: 'revoke an API key',
  description: `Revokes a key at once.`,
  examples: ['sallyport api-key delete ci'],
  maxArgs: 1,
  async run(session) {
    const key = argument(session, 0, 'Name the key; "sallyport api-key list" shows them.');
    await session.api.deleteApiKey({ params: { key } });
    session.show({ revoked: key }, () => `Revoked ${key} at ${session.edge}.\n`);
  },
});

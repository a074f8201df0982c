// Signing in, oneself, users and API keys of the world in memory. Any password of twelve characters signs in; "totp" as a
// name asks for the code 123456.
import type { UserView } from '#api/account.ts';
import type { TrustedAddressView, VisitorSessionView } from '#api/users.ts';
import { scopesOf } from '#model/users/role.ts';
import type { certificateHandlers } from './fake-certificates.ts';
import type { notificationHandlers } from './fake-notifications.ts';
import type { dnsHandlers } from './fake-dns.ts';
import type { portHandlers } from './fake-ports.ts';
import { page, type routeHandlers } from './fake-routes.ts';
import type { statusHandlers } from './fake-status.ts';
import type { tunnelHandlers } from './fake-tunnels.ts';
import type { accessHandlers } from './fake-access.ts';
import type { cacheHandlers } from './fake-cache.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeWorld } from './fake-world.ts';

type AccountIds = Exclude<
  keyof Handlers,
  | keyof ReturnType<typeof statusHandlers>
  | keyof ReturnType<typeof tunnelHandlers>
  | keyof ReturnType<typeof routeHandlers>
  | keyof ReturnType<typeof portHandlers>
  | keyof ReturnType<typeof certificateHandlers>
  | keyof ReturnType<typeof accessHandlers>
  | keyof ReturnType<typeof cacheHandlers>
  | keyof ReturnType<typeof dnsHandlers>
  | keyof ReturnType<typeof notificationHandlers>
>;

const day = 86_400_000;

/** Handlers of these operations. */
export function accountHandlers(world: FakeWorld): Pick<Handlers, AccountIds> {
  const me = (): UserView => world.users[0]!;
  const find = (id: string): UserView => {
    const user = world.users.find((candidate) => candidate.id === id || candidate.name === id);
    if (user === undefined) throw new Refusal('not-found', `There is no user ${id}.`);
    return user;
  };
  const signIn = () => {
    world.isSignedIn = true;
    sessionStorage.setItem('fake-signedIn', 'yes');
    return { state: 'signed-in' as const, user: me() };
  };
  const change = (user: UserView, values: Partial<UserView>): UserView => {
    const before = { ...user };
    Object.assign(user, values, { version: user.version + 1 });
    world.changed('changed', 'user', user.name, before, user);
    return user;
  };
  const link = () => ({
    url: `${location.origin}/dev/link#token=${world.uuid()}`,
    expiresAtMs: Date.now() + day,
  });
  const sessions = () => ({
    items: (['passkey', 'password'] as const).map((method, i) => ({
      ...{ id: `session-${i}`, userId: me().id, method, address: i === 0 ? '203.0.113.7' : '2001:db8::17' },
      userAgent:
        i === 0
          ? 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0'
          : 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/605.1.15',
      ...{
        createdAtMs: Date.now() - (i + 1) * 3 * day,
        lastSeenAtMs: Date.now() - i * 7_200_000,
        expiresAtMs: Date.now() + 20 * day,
        isCurrent: i === 0,
      },
    })),
  });
  const codes = (): string[] => Array.from({ length: 10 }, () => world.uuid().slice(0, 13));
  const noPasskey = (): never => {
    throw new Refusal('invalid', 'Passkeys need a real edge.');
  };
  let bans = ['203.0.113.9', '2001:db8:7:0::/64'].map((client, i) => ({
    client,
    why: `asked for ${i === 0 ? '/wp-login.php' : '/.env'}, at blog.example.com`,
    ...{ sinceMs: Date.now() - (i + 1) * 600_000, untilMs: Date.now() + (i + 1) * 1_800_000 },
  }));
  const passkeys = [
    { id: 'pk1', name: 'YubiKey', createdAtMs: Date.now() - 30 * day, lastUsedAtMs: Date.now() - day },
  ];
  return {
    listBans({ query }) {
      const items = bans.filter(({ client, why }) => `${client} ${why}`.includes(query.search ?? ''));
      return { items, total: items.length, nextCursor: null };
    },
    liftBans({ body: { clients } }) {
      const lifted = bans.filter(({ client }) => clients.includes(client)).map(({ client }) => client);
      bans = bans.filter(({ client }) => !lifted.includes(client));
      return { lifted };
    },
    listAccessKeys: () => ({ keys: [] }),
    rotateAccessKeys: () => ({ keys: [] }),
    getSignInMethods: () => ({
      title: world.settings.title,
      colour: world.settings.colour,
      logo: world.settings.logo,
      methods: ['password', 'passkey', 'link', 'oidc'],
      issuers: [{ id: 'authentik', name: 'Authentik' }],
      isNew: world.isNew,
    }),
    signInWithPassword({ body }) {
      if (body.password.length < 12) throw new Refusal('unauthenticated', 'Name or password is wrong.');
      if (body.name === 'totp' && body.totp === undefined) return { state: 'totp', user: null };
      if (body.name === 'totp' && body.totp !== '123456')
        throw new Refusal(
          'unauthenticated',
          'The code is wrong; a code is good for 30 seconds, so try the next one.',
        );
      return signIn();
    },
    ...{
      startPasskeySignIn: noPasskey,
      finishPasskeySignIn: noPasskey,
      startPasskey: noPasskey,
      finishPasskey: noPasskey,
    },
    signInWithLink: signIn,
    signOut() {
      world.isSignedIn = false;
      sessionStorage.setItem('fake-signedIn', 'no');
      return undefined;
    },
    getMe: () => ({
      user: { ...me(), role: world.role },
      actor: { kind: 'user', id: me().id, name: me().name },
      scopes: [...scopesOf(world.role)],
      edge: { name: 'edge.example.com', title: world.settings.title, version: '0.1.0' },
    }),
    updateMe: ({ body }) => change(me(), body),
    setPassword: () => change(me(), { hasPassword: true }),
    removePassword: () => change(me(), { hasPassword: false }),
    listPasskeys: () => ({ items: passkeys }),
    deletePasskey: () => void passkeys.pop(),
    startTotp: () => ({
      ticket: 't',
      secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      uri: 'otpauth://totp/Homelab:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Homelab',
    }),
    confirmTotp({ body }) {
      if (body.code !== '123456')
        throw new Refusal('invalid', 'The code does not fit the secret; is the clock of the phone right?');
      return { user: change(me(), { hasTotp: true, recoveryCodesLeft: 10 }), recoveryCodes: codes() };
    },
    renewRecoveryCodes: () => ({ user: change(me(), { recoveryCodesLeft: 10 }), recoveryCodes: codes() }),
    removeTotp: () => change(me(), { hasTotp: false, recoveryCodesLeft: 0 }),
    removeIdentity: ({ body }) =>
      change(me(), { identities: me().identities.filter(({ subject }) => subject !== body.subject) }),
    listMySessions: sessions,
    endMySession: () => undefined,
    listUsers: ({ query }) =>
      page(
        world.users.filter(({ name }) => name.includes(query.search ?? '')),
        query,
      ),
    createUser({ body: { mail, ...body } }) {
      const user: UserView = {
        ...{
          id: world.uuid(),
          ...body,
          isDisabled: false,
          hasPassword: false,
          hasTotp: false,
          passkeys: 0,
          identities: [],
        },
        recoveryCodesLeft: 0,
        ...{ lastSeenAtMs: null, createdAtMs: Date.now(), version: 1 },
      };
      world.users.push(user);
      world.changed('created', 'user', user.name, null, body);
      return { user, link: link(), isMailed: mail };
    },
    getUser: ({ params }) => find(params.user),
    updateUser({ params, body }) {
      const user = find(params.user);
      if (user === me() && body.role !== undefined && body.role !== 'owner') {
        throw new Refusal('conflict', `${user.name} is the last owner; make somebody else an owner first.`);
      }
      return change(user, body);
    },
    deleteUser({ params }) {
      const user = find(params.user);
      world.users = world.users.filter((candidate) => candidate !== user);
      world.changed('deleted', 'user', user.name, user, null);
      return undefined;
    },
    createUserLink: link,
    removeUserTotp: ({ params }) => change(find(params.user), { hasTotp: false, recoveryCodesLeft: 0 }),
    listUserSessions: sessions,
    listSessions: ({ query }) =>
      page<VisitorSessionView>(
        sessions().items.map((session) => ({ ...session, userName: 'ada' })),
        query,
      ),
    endSession: () => undefined,
    listTrustedAddresses: ({ query }) => page<TrustedAddressView>([], query),
    endUserSessions: () => undefined,
    listApiKeys: ({ query }) => page(world.apiKeys, query),
    createApiKey({ body }) {
      const apiKey = {
        ...{
          id: world.uuid(),
          name: body.name,
          prefix: `sp_${world.uuid().slice(0, 8)}`,
          userId: me().id,
          userName: me().name,
        },
        ...{ scopes: body.scopes, expiresAtMs: body.days === null ? null : Date.now() + body.days * day },
        ...{ createdAtMs: Date.now(), lastUsedAtMs: null, version: 1 },
      };
      world.apiKeys.push(apiKey);
      world.changed('created', 'api-key', apiKey.name, null, body);
      return { apiKey, key: `${apiKey.prefix}${world.uuid().replaceAll('-', '')}` };
    },
    deleteApiKey({ params }) {
      world.apiKeys = world.apiKeys.filter(({ id, name }) => id !== params.key && name !== params.key);
      world.changed('deleted', 'api-key', params.key, null, null);
      return undefined;
    },
  };
}

// Several issuers at once: an account of one is nobody at the other, whatever it is called; and the groups that policies name
// are the issuer's at each sign-in, down to none.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OidcIssuer, oidcIssuerSchema } from '#model/access/oidc-issuer.ts';
import { apiPathOf, type IssuerUser, startIssuer, clientSecret, visitIssuer } from './issuer.ts';
import { type Answer, type Browser, signInWorld, type SignInWorld } from './sign-in-world.ts';

const origin = 'https://sallyport.example.com';
const ids = ['home', 'work'] as const;
type Id = (typeof ids)[number];

describe('two issuers', () => {
  let world: SignInWorld;
  const running = {} as Record<Id, Awaited<ReturnType<typeof startIssuer>>>;
  let settings: OidcIssuer[];
  let number = 0;

  before(async () => {
    for (const id of ids)
      running[id] = await startIssuer({ redirectUri: `${origin}/api/v1/sign-in/oidc/${id}/callback` });
    settings = ids.map((id) =>
      oidcIssuerSchema.parse({
        ...{ id, name: id, issuer: running[id].url, clientId: 'sallyport', clientSecretFile: '/secret' },
        ...{ scopes: ['profile', 'email', 'groups'], role: 'viewer', allowNew: true },
      }),
    );
    world = await signInWorld({
      oidc: { issuers: () => settings, readSecretFile: () => Promise.resolve(clientSecret) },
    });
    await world.addUser('ada', 'owner');
  });
  after(async () => {
    for (const id of ids) running[id]?.close();
    await world?.close();
  });

  const guest = (): Browser => world.browser(`10.9.${number++}.1`);
  const lead = async (browser: Browser, id: Id, subject: string, claims: IssuerUser): Promise<string> => {
    running[id].users.set(subject, claims);
    running[id].next.subject = subject;
    const start = await browser.call('GET', `/sign-in/oidc/${id}`);
    return apiPathOf(await visitIssuer(start.headers.location!, `${origin}/`));
  };
  const arrive = (browser: Browser, path: string): Promise<Answer> =>
    browser.call('GET', path, { headers: { 'sec-fetch-site': 'cross-site' } });
  const signIn = async (id: Id, subject: string, claims: IssuerUser): Promise<string> => {
    const browser = guest();
    const answer = await arrive(browser, await lead(browser, id, subject, claims));
    assert.equal(answer.headers.location, `${origin}/`);
    return (await browser.call('GET', '/me')).body.user.id as string;
  };
  const groupsOf = (userId: string): readonly string[] => world.control.state.users.get(userId)!.groups;

  test('both are offered, and the same account at both is two people', async () => {
    const ways = (await guest().call('GET', '/sign-in')).body;
    assert.deepEqual(
      ways.issuers.map((each: { id: string }) => each.id),
      ['home', 'work'],
    );
    const [one, other] = [
      await signIn('home', 's-1', { preferred_username: 'zoe', groups: ['family'] }),
      await signIn('work', 's-1', { preferred_username: 'zoe', groups: ['staff'] }),
    ];
    assert.notEqual(one, other);
    assert.deepEqual([groupsOf(one), groupsOf(other)], [['family'], ['staff']]);
    assert.equal(await signIn('home', 's-1', { groups: ['family'] }), one);
  });

  test('what one of them answers is worth nothing as an answer of the other', async () => {
    const browser = guest();
    const path = await lead(browser, 'work', 's-1', { groups: ['staff'] });
    const mixed = await arrive(browser, path.replace('/oidc/work/', '/oidc/home/'));
    assert.match(mixed.headers.location!, /\?error=/);
    assert.equal((await browser.call('GET', '/me')).status, 401);
  });

  test('groups for policies follow the issuer at each sign-in, and who has left the last one has none', async () => {
    const id = await signIn('home', 's-2', { groups: ['family', 'with,comma', 'Lab Admins'] });
    assert.deepEqual(groupsOf(id), ['family', 'Lab Admins']);
    await signIn('home', 's-2', { groups: ['family'] });
    assert.deepEqual(groupsOf(id), ['family']);
    await signIn('home', 's-2', { groups: [] });
    assert.deepEqual(groupsOf(id), []);
  });

  test('an issuer that says nothing of groups leaves those of an owner, unless it gives roles by them', async () => {
    const id = await signIn('work', 's-3', { groups: ['staff'] });
    await signIn('work', 's-3', {});
    assert.deepEqual(groupsOf(id), ['staff']);
    settings = settings.map((each) => ({ ...each, roles: { staff: 'viewer' as const } }));
    await signIn('work', 's-3', {});
    assert.deepEqual(groupsOf(id), []);
  });
});

// Programs with service tokens, and what a client may say of who it is: nothing that an origin would believe (closing list a).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type AccessWorld, accessWorld } from './world.ts';

describe('who a client says it is', () => {
  let world: AccessWorld;
  let key: string;
  let powerless: string;
  before(async () => {
    world = await accessWorld();
    await world.protect('app.localhost', '/machines', ['token:backup']);
    await world.protect('app.localhost', '/private', 'private');
    await world.protect('app.localhost', '/lan', ['ip:127.0.0.0/8']);
    await world.addUser('ada');
    const body = { user: 'ada', days: 1 } as const;
    key = (await world.api.createApiKey({ body: { ...body, name: 'backup', scopes: ['sites:visit'] } })).key;
    powerless = (await world.api.createApiKey({ body: { ...body, name: 'other', scopes: ['status:read'] } }))
      .key;
    await eventually('the token is known', async () => (await visit('/machines/x', pair(key))) === 200);
  });
  after(() => world?.close());

  const visit = async (path: string, headers: Readonly<Record<string, string>>): Promise<number> => {
    const all = { accept: '*/*', ...headers };
    return (await world.visitor().ask(world.at('app.localhost', path), { headers: all })).status;
  };
  const pair = (secret: string, id = secret.slice(0, 11)): Record<string, string> => ({
    'cf-access-client-id': id,
    'cf-access-client-secret': secret,
  });

  test('a service token passes where a policy names it, as a pair or a bearer, and never as its user', async () => {
    assert.equal(await visit('/machines/x', pair(key)), 200);
    assert.equal(await visit('/machines/x', { authorization: `Bearer ${key}` }), 200);
    const { headers } = world.served.at(-1)!;
    assert.equal(headers['x-sallyport-token'], 'backup');
    assert.equal(headers['x-sallyport-user'], undefined);
    assert.equal(headers.authorization, undefined, 'the token stays at the edge');
    assert.equal(headers['cf-access-client-secret'], undefined);
    assert.equal(await visit('/private/x', pair(key)), 403);
    for (const wrong of [
      pair(powerless),
      pair(key, 'sp_00000000'),
      pair(`${key}x`),
      pair(key.slice(0, -1)),
      pair(''),
    ])
      assert.equal(await visit('/machines/x', wrong), 403, JSON.stringify(wrong));
    // Another application's own bearer passes untouched where nobody asks for one of ours.
    assert.equal(await visit('/lan/x', { authorization: 'Bearer of-its-own' }), 200);
    assert.equal(world.served.at(-1)!.headers.authorization, 'Bearer of-its-own');
  });

  test('no spelling of an identity field reaches an origin, on a public route or a protected one', async () => {
    const names = [
      ...['X-Sallyport-User', 'x-sallyport-user', 'X-SALLYPORT-USER', 'X_Sallyport_User', 'X-Sallyport_User'],
      ...[
        'X.Sallyport.User',
        'X-Sallyport-Groups',
        'X-Sallyport-Email',
        'X-Sallyport-Token',
        'X-Sallyport-Assertion',
      ],
      ...[
        'X-Sallyport-Anything',
        'Cf-Access-Jwt-Assertion',
        'CF-ACCESS-JWT-ASSERTION',
        'cf_access_jwt_assertion',
      ],
      ...[
        'Cf-Access-Authenticated-User-Email',
        'Cf-Access-Client-Id',
        'Cf-Access-Client-Secret',
        'Cf-Access-Token',
      ],
      ...[
        'Remote-User',
        'REMOTE_USER',
        'remote_user',
        'Remote-Groups',
        'Remote-Group',
        'Remote-Email',
        'Remote-Name',
      ],
      ...['X-Remote-User', 'X_Remote_User', 'X-Remote-Groups', 'X-Auth-Request-User', 'X-Auth-Request-Email'],
      ...[
        'X-Auth-Request-Groups',
        'X-Authentik-Username',
        'X-Authentik-Groups',
        'X-Webauth-User',
        'X-WEBAUTH-ROLE',
      ],
      ...[
        'X-Pomerium-Jwt-Assertion',
        'X-Forwarded-User',
        'X_Forwarded_User',
        'X-Forwarded-Groups',
        'X-Forwarded-Email',
      ],
      ...['X-Forwarded-Preferred-Username', 'X-Original-User', 'X-Real-IP', 'X-Forwarded-For'],
    ];
    assert.ok(names.length >= 40, String(names.length));
    for (const path of ['/open', '/lan/x']) {
      for (const name of names) {
        for (const more of [{}, { connection: name }] as readonly Record<string, string>[]) {
          const status = await visit(path, { [name]: 'evil-admin', ...more });
          assert.equal(status, 200, name);
          const { headers } = world.served.at(-1)!;
          assert.doesNotMatch(JSON.stringify(headers), /evil-admin/, `${name} on ${path}`);
        }
      }
    }
  });

  test('the log names the user or token, the rule, and why somebody was turned away; the secret is in no line', async () => {
    await visit('/machines/logged', pair(key));
    const line = await eventually('the line is there', async () => {
      const { items } = await world.api.listRequests({ query: { path: '/machines/logged' } });
      return items[0];
    });
    assert.deepEqual([line.user, line.accessRule], ['token:backup', '1 token:backup']);
    await visit('/private/refused', pair(key));
    const refused = await eventually('the line of the refusal is there', async () => {
      const { items } = await world.api.listRequests({ query: { path: '/private/refused' } });
      return items[0];
    });
    assert.equal(refused.error, 'access-denied');
    assert.match(refused.detail ?? '', /^no rule lets it through.* \(token:backup\)$/);
    const { items } = await world.api.listRequests({ query: { limit: 500 } });
    assert.ok(!JSON.stringify(items).includes(key));
  });

  test('a dry run says who would get there, and explain what a stranger meets', async () => {
    const url = world.at('app.localhost', '/private/x');
    const asked = async (user?: string): Promise<string> =>
      (await world.api.testAccess({ body: { url, ...(user === undefined ? {} : { user }) } })).verdict;
    assert.deepEqual([await asked(), await asked('ada')], ['sign-in', 'allow']);
    const { steps } = await world.api.explain({ body: { url } });
    const access = steps.find(({ step }) => step === 'access')!;
    assert.deepEqual([access.title, access.facts['verdict']], ['Who may: private', 'sign-in']);
    assert.deepEqual([access.facts['rule'], access.facts['reason']], ['0', 'sign-in']);
    assert.match(access.detail, /No rule lets it through without a sign-in\./);
    const { sentence, rule, by } = await world.api.testAccess({
      body: { url: world.at('app.localhost', '/lan/x'), address: '127.0.0.9' },
    });
    assert.deepEqual([rule, by], [1, 'ip:127.0.0.0/8']);
    assert.match(
      sentence,
      /gets app\.localhost\/lan\/x: a rule lets it through: rule 1, ip:127\.0\.0\.0\/8\.$/,
    );
    const lan = await world.api.explain({ body: { url: world.at('app.localhost', '/lan/x') } });
    assert.equal(lan.steps.find(({ step }) => step === 'access')!.facts['reason'], 'no-rule');
  });
});

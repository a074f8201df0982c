// Passkeys over real HTTP, with an authenticator in software and the real check of its answers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type AttestationForm,
  type Mischief,
  SoftwareAuthenticator,
} from '#testkit/software-authenticator.ts';
import { type Browser, password, signInWorld, type SignInWorld } from './sign-in-world.ts';

const origin = 'https://sallyport.example.com';

describe('passkeys', () => {
  let world: SignInWorld;
  let ada: Browser;
  const phone = new SoftwareAuthenticator(origin);
  const stick = new SoftwareAuthenticator(origin, true);
  before(async () => {
    world = await signInWorld();
    await world.addUser('ada', 'owner');
    await world.addUser('bob', 'viewer');
    ada = world.browser();
    await ada.signIn('ada');
  });
  after(() => world.close());

  interface Making {
    readonly browser?: Browser;
    readonly form?: AttestationForm;
    readonly mischief?: Mischief;
  }
  const make = async (device: SoftwareAuthenticator, name: string, making: Making = {}) => {
    const { browser = ada, form = 'none', mischief = {} } = making;
    const { ticket, options } = (await browser.call('POST', '/me/passkeys/start')).body;
    const response = device.create(options, form, mischief);
    return await browser.call('POST', '/me/passkeys/finish', { body: { ticket, name, response } });
  };
  const signIn = async (
    device: SoftwareAuthenticator,
    mischief: Mischief = {},
    browser = world.browser(),
  ) => {
    const { ticket, options } = (await browser.call('POST', '/sign-in/passkey/start')).body;
    const body = { ticket, response: device.get(options, mischief) };
    return { browser, body, answer: await browser.call('POST', '/sign-in/passkey/finish', { body }) };
  };

  test('what the browser is asked: a discoverable credential for this host, its user verified', async () => {
    const { options } = (await ada.call('POST', '/me/passkeys/start')).body;
    assert.deepEqual(options.rp, { id: 'sallyport.example.com', name: 'Sallyport' });
    assert.deepEqual(options.authenticatorSelection, {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    });
    const request = (await world.browser().call('POST', '/sign-in/passkey/start')).body.options;
    assert.deepEqual(
      [request.rpId, request.userVerification, request.allowCredentials],
      ['sallyport.example.com', 'required', []],
    );
    assert.match(request.challenge as string, /^[\w-]{43}$/);
  });

  test('a passkey is made, with and without an attestation, and signs in without a name', async () => {
    const made = await make(phone, 'phone');
    assert.deepEqual([made.status, made.body.name, made.body.lastUsedAtMs], [201, 'phone', null]);
    assert.equal((await make(stick, 'stick', { form: 'packed' })).status, 201);
    for (const device of [phone, stick]) {
      const { answer, browser } = await signIn(device);
      assert.deepEqual([answer.status, answer.body.user.name], [200, 'ada'], JSON.stringify(answer.body));
      assert.equal((await browser.call('GET', '/me')).status, 200);
      const { items: sessions } = (await browser.call('GET', '/me/sessions')).body;
      assert.equal(sessions.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent).method, 'passkey');
    }
    const { items } = (await ada.call('GET', '/me/passkeys')).body;
    assert.deepEqual(
      items.map(({ name, lastUsedAtMs }: { name: string; lastUsedAtMs: number }) => [name, lastUsedAtMs]),
      [
        ['phone', world.clock.wallMs()],
        ['stick', world.clock.wallMs()],
      ],
    );
  });

  test('the device that has one is not asked for another', async () => {
    const { options } = (await ada.call('POST', '/me/passkeys/start')).body;
    assert.equal(options.excludeCredentials.length, 2);
  });

  const mischiefs: Readonly<Record<string, Mischief>> = {
    'another site': { origin: 'https://sallyport.example.org' },
    'a sibling site': { origin: 'https://blog.example.com' },
    'the same site in plain http': { origin: 'http://sallyport.example.com' },
    'a credential for another host': { rpId: 'example.com' },
    'a challenge of its own': { challenge: 'A'.repeat(43) },
    'another ceremony': { type: 'webauthn.other' },
    'a user who was not verified': { flags: 0x01 },
    'no user there at all': { flags: 0x00 },
  };
  for (const [what, mischief] of Object.entries(mischiefs)) {
    test(`${what} makes no passkey and signs nobody in`, async () => {
      const device = new SoftwareAuthenticator(origin);
      const made = await make(device, what, { mischief });
      assert.equal(made.status, 422, JSON.stringify(made.body));
      const { answer, browser } = await signIn(phone, mischief, world.browser('198.51.100.20'));
      assert.equal(answer.status, 401, JSON.stringify(answer.body));
      assert.equal(browser.cookies.size, 0);
      world.clock.advance(3_600_001);
      await ada.signIn('ada');
    });
  }

  test('a signature of another key, another account in the answer, an unknown passkey: nobody comes in', async () => {
    const bob = world.control.state.findUser('bob')!;
    const tries: [SoftwareAuthenticator, Mischief][] = [
      [phone, { otherKey: true }],
      [phone, { userHandle: Buffer.from(bob.id).toString('base64url') }],
      [phone, { userHandle: '' }],
    ];
    for (const [device, mischief] of tries) {
      const { answer } = await signIn(device, mischief, world.browser('198.51.100.21'));
      assert.equal(answer.status, 401, JSON.stringify(mischief));
    }
    const stranger = new SoftwareAuthenticator(origin);
    stranger.create({ challenge: 'x', rp: { id: 'sallyport.example.com' }, user: { id: 'eA' } });
    assert.equal((await signIn(stranger, {}, world.browser('198.51.100.22'))).answer.status, 401);
  });

  test('garbage in place of an answer is refused, not a fault', async () => {
    const { credentials } = phone;
    const id = credentials[0]!.id.toString('base64url');
    const garbage = [
      {},
      { id },
      { id, rawId: id, type: 'public-key', response: {} },
      { id, rawId: id, type: 'public-key', response: null },
      { id, rawId: id, type: 'public-key', response: { clientDataJSON: '!!', authenticatorData: 5 } },
      {
        id,
        rawId: id,
        type: 'public-key',
        response: { clientDataJSON: 'bnVsbA', authenticatorData: 'AA', signature: 'AA' },
      },
      { id: { toString: 'x' } },
    ];
    for (const [i, response] of garbage.entries()) {
      const browser = world.browser(`198.51.100.${30 + i}`);
      const { ticket } = (await browser.call('POST', '/sign-in/passkey/start')).body;
      const answer = await browser.call('POST', '/sign-in/passkey/finish', { body: { ticket, response } });
      assert.equal(answer.status, 401, JSON.stringify([response, answer.body]));
      const start = (await ada.call('POST', '/me/passkeys/start')).body;
      const made = await ada.call('POST', '/me/passkeys/finish', {
        body: { ticket: start.ticket, name: 'x', response },
      });
      assert.equal(made.status, 422, JSON.stringify([response, made.body]));
    }
  });

  test('an answer counts once, and within five minutes', async () => {
    const { body } = await signIn(phone);
    assert.equal((await world.browser().call('POST', '/sign-in/passkey/finish', { body })).status, 401);
    const browser = world.browser();
    const { ticket, options } = (await browser.call('POST', '/sign-in/passkey/start')).body;
    world.clock.advance(300_000);
    const late = { ticket, response: phone.get(options) };
    assert.equal((await browser.call('POST', '/sign-in/passkey/finish', { body: late })).status, 401);
    // A challenge that was drawn to make a passkey signs nobody in, and the other way round.
    const { ticket: making } = (await ada.call('POST', '/me/passkeys/start')).body;
    const crossed = await browser.call('POST', '/sign-in/passkey/finish', {
      body: { ticket: making, response: phone.get(options) },
    });
    assert.equal(crossed.status, 401);
  });

  test("another's ticket makes no passkey", async () => {
    const bob = world.browser();
    await bob.signIn('bob');
    const { ticket, options } = (await ada.call('POST', '/me/passkeys/start')).body;
    const response = new SoftwareAuthenticator(origin).create(options);
    const answer = await bob.call('POST', '/me/passkeys/finish', { body: { ticket, name: 'x', response } });
    assert.equal(answer.status, 409);
    assert.equal(world.control.state.findUser('bob')!.passkeys.length, 0);
  });

  test('a counter that goes back betrays a copy', async () => {
    assert.equal((await signIn(stick, { counter: 10 })).answer.status, 200);
    const { answer } = await signIn(stick, { counter: 9 }, world.browser('198.51.100.60'));
    assert.equal(answer.status, 401);
    const [event] = await world.audit(1);
    assert.deepEqual([event!.action, event!.objectName], ['failed to sign in', 'ada']);
  });

  test('a passkey is removed by whose it is; the last way in stays', async () => {
    const bob = world.browser();
    await bob.signIn('bob');
    const [first] = (await ada.call('GET', '/me/passkeys')).body.items as { id: string }[];
    assert.equal((await bob.call('DELETE', `/me/passkeys/${first!.id}`)).status, 404);
    assert.equal((await ada.call('DELETE', '/me/password')).status, 200, 'passkeys are left');
    const answer = await ada.call('POST', '/sign-in/password', { body: { name: 'ada', password } });
    assert.equal(answer.status, 401, 'no password, no way in by one');
    const { items } = (await ada.call('GET', '/me/passkeys')).body as { items: { id: string }[] };
    const statuses: number[] = [];
    for (const { id } of items) statuses.push((await ada.call('DELETE', `/me/passkeys/${id}`)).status);
    assert.deepEqual(statuses, [204, 409]);
    assert.equal((await signIn(phone)).answer.status, 401, 'the removed one signs nobody in');
  });
});

test('where browsers make no passkeys, they are not offered', async (t) => {
  const table: [string, boolean][] = [
    ['https://sallyport.example.com', true],
    ['http://localhost:8080', true],
    ['http://sallyport.localhost:8080', true],
    ['http://sallyport.example.com', false],
    ['https://192.0.2.1', false],
    ['https://[2001:db8::1]:8443/base', false],
  ];
  for (const [dashboardUrl, isOffered] of table) {
    const world = await signInWorld({ dashboardUrl });
    t.after(() => world.close());
    const { methods } = (await world.browser().call('GET', '/sign-in')).body as { methods: string[] };
    assert.equal(methods.includes('passkey'), isOffered, dashboardUrl);
  }
});

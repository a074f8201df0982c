// Access that somebody asked for and did not get, because of a word that is not there (tunnels.md section 6: chisel
// CVE-2024-43798, closing list g): from every source it is refused, never passed over. What is not there is named.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiClient } from '#api/client.ts';
import { systemRandom } from '#base/random.ts';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { OwnEdge } from '../support/own-edge.ts';

/** A route's keys, each meant to protect it and wrong in one place. */
const misspelt: Readonly<Record<string, object>> = {
  'the key': { acess: 'private' },
  'the key in capitals': { Access: 'private' },
  'another key that sounds like it': { auth: 'private' },
  'a policy of another product': { policy: ['group:family'] },
  'the word': { access: 'privat' },
  'the word in capitals': { access: 'PRIVATE' },
  'no rule': { access: [] },
  'an empty word': { access: '' },
  'nothing at all': { access: null },
  'a switch': { access: true },
  'a subject': { access: ['grp:family'] },
  'a subject without a name': { access: ['user:'] },
  'a prefix': { access: ['ip:192.168.0.0/33'] },
  'the word of a rule': { access: [{ alow: 'signed-in' }] },
  'a rule that says both': { access: [{ allow: 'signed-in', deny: 'user:bob' }] },
  'a rule that says neither': { access: [{ paths: '/admin' }] },
  'a condition': { access: [{ allow: 'anyone', path: '/open' }] },
  'a condition in capitals': { access: [{ allow: 'anyone', Methods: ['GET'] }] },
  'a path': { access: [{ allow: 'anyone', paths: 'open' }] },
  'a path that is none': { access: [{ deny: 'anyone', paths: [] }] },
  'a method': { access: [{ allow: 'anyone', methods: ['get it'] }] },
  hours: { access: [{ allow: 'signed-in', hours: '25:00-26:00' }] },
  'a time zone': { access: [{ allow: 'signed-in', hours: '08:00-18:00 Europe/Berln' }] },
  'an address': { access: [{ allow: 'signed-in', from: '192.168.0' }] },
  'the form with more to say': { access: { rules: ['signed-in'], identiy: ['cloudflare'] } },
  'a form of identity': { access: { rules: ['signed-in'], identity: ['cloudflair'] } },
  'the rules of it': { access: { rule: ['signed-in'] } },
};

const credentials = createCredentials(systemRandom, '', '');
const tunnel = {
  name: 'home',
  id: credentials.tunnelId,
  publicKeys: [Buffer.from(publicKeyOf(credentials)).toString('base64')],
};

describe('access that is misspelt', () => {
  let edge: OwnEdge;
  let api: ApiClient;
  before(async () => {
    edge = await OwnEdge.start();
    api = edge.api;
    await api.createTunnel({ body: { name: 'home' } });
  });
  after(() => edge?.close());

  for (const [what, keys] of Object.entries(misspelt)) {
    test(`in edge.yml is refused: ${what}`, () => {
      const text = (at: object): string =>
        JSON.stringify({ internalCa: true, dashboard: { hostname: 'sallyport.example.com' }, ...at });
      const route = { hostname: 'a.example.com', tunnel: 'home' };
      // The same without the mistake is taken, so that it is the mistake that is refused.
      parseEdgeConfig(text({ tunnels: [tunnel], routes: [{ ...route, access: 'private' }] }), 'edge.yml');
      const refused = /edge\.yml/;
      assert.throws(
        () => parseEdgeConfig(text({ tunnels: [tunnel], routes: [{ ...route, ...keys }] }), 'edge.yml'),
        refused,
      );
      assert.throws(
        () => parseEdgeConfig(text({ tunnels: [{ ...tunnel, ...keys }], routes: [route] }), 'edge.yml'),
        refused,
      );
    });
  }

  test('over the API is refused, and no route is made', async () => {
    for (const [what, keys] of Object.entries(misspelt)) {
      const body = { hostname: 'a.example.com', tunnel: 'home', ...keys } as never;
      await assert.rejects(api.createRoute({ body }), what);
    }
    assert.deepEqual((await api.listRoutes({ query: {} })).items, []);
  });

  test('in a lab file is refused as a whole', async () => {
    const labOf = (keys: object): string =>
      JSON.stringify({
        tunnels: [{ name: 'home' }],
        routes: [
          { hostname: 'b.example.com', tunnel: 'home' },
          { hostname: 'a.example.com', tunnel: 'home', ...keys },
        ],
      });
    for (const [what, keys] of Object.entries(misspelt))
      await assert.rejects(api.applyLab({ body: { text: labOf(keys) } }), what);
    assert.deepEqual((await api.listRoutes({ query: {} })).items, []);
    // It is the mistake that is refused, and nothing else in it.
    await api.planLab({ body: { text: labOf({ access: 'private' }) } });
  });

  test('on the command line is refused, with exit code 2 or 1 and one sentence', async () => {
    const add = ['route', 'add', 'a.example.com', '--tunnel', 'home'];
    for (const flags of [
      ['--acess', 'private'],
      ['--access', 'privat'],
      ['--access', ''],
      ['--access', 'group:family,ip:1.2.3'],
      ['--access=private', '--access-group', 'family'],
    ]) {
      const { code, err } = await edge.command(...add, ...flags);
      assert.ok(code === 1 || code === 2, `${flags.join(' ')}: ${code}`);
      assert.notEqual(err, '');
    }
    assert.deepEqual((await api.listRoutes({ query: {} })).items, []);
  });
});

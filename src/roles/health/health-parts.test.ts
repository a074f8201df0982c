import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyLook, type EdgeLook } from '#control/edge-view.ts';
import type { CertificateView } from '#model/certificates/certificate-view.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import { partsOf, type PartSources } from './health-parts.ts';

const tunnelId = '018e2b2d-2a31-4f44-a5e9-d0c6b7f3c1d2';
const tunnel: TunnelEntry = { id: tunnelId, name: 'home', publicKeys: [], hostnames: [] };

function lines(sources: Partial<PartSources>, look: Partial<EdgeLook> = {}): string[] {
  const parts = partsOf({
    ...{
      tunnels: [],
      origins: [],
      store: undefined,
      isStoreAway: false,
      accessKeys: [],
      certificates: [],
      endsTls: true,
      probes: [],
      ...sources,
    },
    look: { ...emptyLook, ...look },
  });
  return parts.map(({ kind, name, state, sentence, cure }) =>
    [kind, name, state, sentence, cure].filter((text) => text !== '').join(' | '),
  );
}

test('a listener that is not open is down, and the door for external-dns is not vital', () => {
  const listeners = [
    { name: 'https', isReady: false, detail: 'EADDRINUSE' },
    { name: 'external-dns', isReady: true, detail: '127.0.0.1:8888' },
  ];
  const parts = partsOf({
    ...{
      tunnels: [],
      origins: [],
      store: undefined,
      isStoreAway: false,
      accessKeys: [],
      certificates: [],
      endsTls: true,
      probes: [],
    },
    look: { ...emptyLook, listeners },
  });
  assert.deepEqual(
    parts.map(({ state, isVital }) => [state, isVital]),
    [
      ['down', true],
      ['ok', false],
    ],
  );
  assert.match(parts[0]!.cure, /Free its port/);
});

test('a store says whether it can be used; without one there is no such part', () => {
  assert.deepEqual(lines({}), []);
  assert.deepEqual(lines({ store: '' }), ['store | store | ok | It can be used.']);
  assert.match(
    lines({ store: 'The disk is full.' })[0]!,
    /down \| The disk is full\. Traffic goes on .*Make the/,
  );
});

test('keys of access are shown while something is wrong with them; a store that is away is told once', () => {
  const accessKeys = [
    { what: 'exchange', why: 'There is no room.' },
    { what: 'copy', why: 'It is read-only.' },
  ] as const;
  const [store, exchange, copy] = lines({ store: '', accessKeys });
  assert.match(store!, /^store \| store \| ok/);
  assert.match(exchange!, /^store \| keys of access \| degraded \| .* There is no room\. \| Make room/);
  assert.match(copy!, /^store \| this edge's copy of .* \| degraded \| .* It is read-only\. \| Make room/);
  const away = lines({ store: 'It is away.', isStoreAway: true, accessKeys });
  assert.deepEqual(
    away.map((line) => line.split(' | ')[1]),
    ['store', "this edge's copy of the keys of access"],
  );
  assert.equal(lines({ store: 'It is full.', accessKeys }).length, 3, 'it can be read');
  assert.equal(lines({ accessKeys }).length, 2, 'an edge without a store has them, too');
});

test('a tunnel is what its view says: never seen, down, or up', () => {
  assert.match(lines({ tunnels: [tunnel] })[0]!, /^tunnel \| home \| unknown \| No connector has connected/);
  const end = { atMs: 1, tunnelId, instanceId: '', hostname: '', address: '', reason: 'ping-timeout' };
  const disconnects = [{ ...end, detail: '', connectedForMs: 5 }];
  assert.match(
    lines({ tunnels: [tunnel] }, { disconnects })[0]!,
    /^tunnel \| home \| down \| .*ping-timeout.* \| Start its connector/,
  );
});

test('an origin is named with its tunnel, and what is not well has a cure', () => {
  const origins = [
    { tunnelId, service: 'http://nas:80', state: 'down', sentence: 'It refused.' },
    { tunnelId, service: 'http://tv:80', state: 'ok', sentence: 'It answers.' },
  ] as const;
  const found = lines({ tunnels: [tunnel], origins }).slice(1);
  assert.match(found[0]!, /^origin \| http:\/\/nas:80 of home \| down \| It refused\. \| Start the service/);
  assert.equal(found[1], 'origin | http://tv:80 of home | ok | It answers.');
});

test('a certificate whose renewal fails is degraded while it is good, down once it is bad; behind a balancer none is missed', () => {
  const view = (state: CertificateView['state'], warning: string): CertificateView =>
    ({
      ...{ id: 'c1', hostnames: ['nas.example.com'], names: ['nas.example.com'], state, warning },
      ...{ isOrdering: false, detail: 'Renewed by the edge; good until 2027-01-14.' },
    }) as unknown as CertificateView;
  const line = (certificate: CertificateView): string => lines({ certificates: [certificate] })[0]!;
  assert.match(line(view('good', '')), /^certificate \| nas\.example\.com \| ok \| Renewed by the edge/);
  assert.match(line(view('good', 'The order failed.')), / degraded \| The order failed\. \| Its page/);
  assert.match(line(view('bad', 'It expired.')), / down \| It expired\./);
  assert.match(line(view('missing', '')), / down \| /);
  assert.match(line({ ...view('missing', ''), isOrdering: true }), / unknown \| /);
  assert.deepEqual(lines({ certificates: [view('missing', '')], endsTls: false }), []);
});

test('names that the edge looks after and their zones are parts; others are not', () => {
  const dns: EdgeLook['dns'] = new Map([
    ['a.example.com', { state: 'good', detail: 'It leads here.', cure: '' }],
    ['b.example.com', { state: 'conflict', detail: "It is somebody else's.", cure: 'Remove it.' }],
    ['c.example.com', { state: 'unmanaged', detail: '', cure: '' }],
  ]);
  assert.deepEqual(lines({}, { dns }), [
    'dns | a.example.com | ok | It leads here.',
    "dns | b.example.com | down | It is somebody else's. | Remove it.",
  ]);
});

test('members of a balanced route are origins, by their own checks', () => {
  const member = { isBackup: false, weight: 1, active: 0, requests: 0, failures: 0 };
  const members: EdgeLook['members'] = new Map([
    [
      'www.example.com',
      [
        { ...member, name: 'home', state: 'up', trouble: '' },
        { ...member, name: 'cabin', state: 'down', trouble: 'it answered the check with 500' },
      ],
    ],
  ]);
  const [home, cabin] = lines({}, { members });
  assert.equal(home, 'origin | home of www.example.com | ok | It takes requests.');
  assert.match(
    cabin!,
    /^origin \| cabin of www\.example\.com \| down \| it answered the check with 500 \| Start/,
  );
});

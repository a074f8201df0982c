// Connectors that look at the edge's hostnames from where they are, when edge.yml names their tunnel.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OwnEdge } from '../support/own-edge.ts';

let edge: OwnEdge;

before(async () => {
  edge = await OwnEdge.start({ config: { probe: { every: '1h', from: ['home', 'cabin'] } } });
  await edge.serve('home', ['nas.localhost'], 'http_status:200');
});
after(() => edge?.close());

test('the edge and the connector see the hostname, each from its place; a tunnel that is not there cannot', async () => {
  const { items } = await edge.api.probeNow({ body: { hostname: 'nas.localhost' } });
  assert.deepEqual(
    items.map(({ from, outcome }) => [from, outcome]),
    [
      ['', 'ok'],
      ['home', 'ok'],
      ['cabin', 'unseen'],
    ],
  );
  const [, home, cabin] = items;
  assert.ok(Object.values(home!.ms).every((took) => took !== null));
  assert.match(cabin!.sentence, /There is no tunnel cabin, which probe\.from in edge\.yml names/);
  const { parts } = await edge.api.getHealth({ query: { kind: 'probe' } });
  assert.deepEqual(
    parts.filter(({ name }) => name.startsWith('nas')).map(({ name, state }) => `${name} ${state}`),
    ['nas.localhost from cabin unknown', 'nas.localhost ok', 'nas.localhost from home ok'],
  );
});

test('the list has what each saw last', async () => {
  const { out, code } = await edge.command('probe');
  assert.equal(code, 0);
  assert.match(out, /^nas\.localhost +home +ok /m);
  assert.match(out, /^nas\.localhost +the edge +ok /m);
});

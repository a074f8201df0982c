// The seam for a mesh: an edge with a source of identity that the test brings, and one without.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import type { ClientAddress } from '#http/exchange.ts';
import { meshNames, type MeshNode, type MeshSource } from '#edge/access/addresses/mesh-source.ts';
import { type DeskWorld, startDeskWorld } from './desk-world.ts';

const laptop: MeshNode = { name: 'laptop', tags: [], user: 'Ada@Example.com' };
const nodes = new Map<string, MeshNode>();
const source: MeshSource = { nodeOf: ({ address }) => nodes.get(address) };

const clientAt = (address: string, peerAddress = address): ClientAddress => ({
  ...{ address, port: 1, peerAddress, localAddress: '100.64.0.1', localPort: 443, serverName: '' },
});

test('a node is called by its name, its tags and its user, and by nothing that it could choose to look like them', () => {
  nodes.set('100.64.0.7', laptop).set('100.64.0.8', { name: 'tag:admin', tags: ['ci'], user: '' });
  const at = (address: string): readonly string[] | undefined =>
    meshNames(source, clientAt(address), address);
  assert.deepEqual(at('100.64.0.7'), ['laptop', 'user:ada@example.com', '']);
  assert.deepEqual(at('100.64.0.8'), ['tag:ci', '']);
  assert.deepEqual(at('100.64.0.9'), []);
  assert.equal(meshNames(undefined, clientAt('100.64.0.7'), '100.64.0.7'), undefined);
});

test('a node that passes on what others ask is not the one that asks', () => {
  nodes.set('100.64.0.7', laptop);
  assert.deepEqual(meshNames(source, clientAt('100.64.0.7'), '203.0.113.5'), []);
  assert.deepEqual(meshNames(source, clientAt('100.64.0.7', '10.0.0.1'), '100.64.0.7'), []);
  // Nor can a stranger say that he comes from a node.
  assert.deepEqual(meshNames(source, clientAt('203.0.113.5'), '100.64.0.7'), []);
});

const paths = {
  '/': ['mesh'],
  '/laptop': ['mesh:laptop'],
  '/ada': ['mesh:user:ada@example.com'],
  '/ci': ['mesh:tag:ci'],
  '/others': [{ deny: 'mesh' }, 'anyone'],
};

describe('an edge with a mesh', () => {
  let world: DeskWorld;
  before(async () => {
    world = await startDeskWorld([{ hostname: 'nas.test', service: 'hello_world', paths }], { mesh: source });
  });
  after(() => world.edge.close());
  const statusOf = async (path: string, fields = ''): Promise<number> => {
    const text = `GET ${path} HTTP/1.1\r\nHost: nas.test\r\n${fields}\r\n`;
    return (await world.edge.ask(text, { serverName: 'nas.test' }))[0]!.status;
  };
  const statuses = async (): Promise<number[]> => {
    const found: number[] = [];
    for (const path of Object.keys(paths)) found.push(await statusOf(path));
    return found;
  };

  test('lets nodes through where a rule names them, and others not', async () => {
    nodes.clear();
    assert.deepEqual(await statuses(), [403, 403, 403, 403, 200]);
    nodes.set('127.0.0.1', laptop);
    assert.deepEqual(await statuses(), [200, 200, 200, 403, 403]);
    nodes.set('127.0.0.1', { name: 'builder', tags: ['ci'], user: '' });
    assert.deepEqual(await statuses(), [200, 403, 403, 200, 403]);
    assert.equal(await statusOf('/', 'X-Forwarded-For: 203.0.113.9\r\n'), 200);
    nodes.clear();
    assert.equal(await statusOf('/', 'X-Forwarded-For: 127.0.0.1\r\n'), 403);
  });

  test('answers a dry run', () => {
    const ask = (mesh: string | undefined, path: string): string =>
      world.edge.edge.testAccess({
        ...{ url: `https://nas.test${path}`, method: 'GET', address: '', link: false, user: undefined },
        ...(mesh === undefined ? {} : { mesh }),
      }).verdict;
    assert.deepEqual(
      [ask('laptop', '/laptop'), ask('tag:ci', '/laptop'), ask(undefined, '/others')],
      ['allow', 'deny', 'allow'],
    );
    assert.deepEqual(world.desk.lacks(compilePolicy(['mesh'])), []);
  });
});

describe('an edge without a mesh', () => {
  let world: DeskWorld;
  before(async () => {
    world = await startDeskWorld([{ hostname: 'nas.test', service: 'hello_world', paths }]);
  });
  after(() => world.edge.close());

  test('knows nobody: rules for nodes open nothing, rules against them shut, and it says so', async () => {
    for (const path of Object.keys(paths)) {
      const text = `GET ${path} HTTP/1.1\r\nHost: nas.test\r\n\r\n`;
      assert.equal((await world.edge.ask(text, { serverName: 'nas.test' }))[0]!.status, 403, path);
    }
    const [lack] = world.desk.lacks(compilePolicy(['mesh']));
    assert.match(lack!, /carries no mesh/);
  });
});

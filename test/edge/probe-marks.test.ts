// The mark by which an edge knows itself from outside, as a client gets it: on every listener and protocol, before access and
// routes, and for whom it is right.
import assert from 'node:assert/strict';
import { connect, constants } from 'node:http2';
import { after, before, test } from 'node:test';
import { probePath } from '#base/net/probe-mark.ts';
import { accessPolicySchema } from '#model/access/access-policy.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

const nonce = '00112233445566778899aabbccddeeff';
const target = `${probePath}${nonce}`;
let world: EdgeWorld;

before(async () => {
  world = await startEdgeWorld({
    ingress: '  - hostname: a.test\n    service: http_status:204\n',
    hosts: ['a.test', 'shut.test'],
  });
  const [open, shut] = world.snapshot.routes;
  // Nobody can make its guard in this world, so that every request to it is refused.
  world.apply({ routes: [open!, { ...shut!, access: accessPolicySchema.parse('private') }] });
});
after(() => world.close());

const asked = async (host: string, path = target): Promise<{ status: number; body: string }> => {
  const [answer] = await world.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return answer!;
};

test('a hostname with a route has a mark that the edge knows, also where access shuts everything else', async () => {
  for (const host of ['a.test', 'shut.test']) {
    const { status, body } = await asked(host);
    assert.equal(status, 200, host);
    assert.equal(world.edge.judgeMark(host, nonce, body), 'right');
  }
  assert.notEqual((await asked('shut.test', '/')).status, 200);
  assert.notEqual((await asked('nobody.test')).status, 200);
});

test('a mark is of one hostname and one question', async () => {
  const { body } = await asked('a.test');
  assert.equal(world.edge.judgeMark('shut.test', nonce, body), 'not-ours');
  assert.equal(world.edge.judgeMark('a.test', nonce.replace('0', 'f'), body), 'not-ours');
});

test('the mark comes over HTTP/2, and on the plain listener, which redirects everything else', async () => {
  const options = { ca: world.ca, lookup: loopbackLookup };
  const session = connect(`https://a.test:${world.port}`, options as never);
  try {
    const stream = session.request({ [constants.HTTP2_HEADER_PATH]: target });
    let body = '';
    for await (const chunk of stream.setEncoding('utf8')) body += String(chunk);
    assert.equal(world.edge.judgeMark('a.test', nonce, body), 'right');
  } finally {
    session.destroy();
  }
  const plain = await world.plainClient();
  plain.send(`GET ${target} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
  const [answer] = await responsesOf(plain, 1, false);
  assert.equal(world.edge.judgeMark('a.test', nonce, answer!.body), 'right');
});

test('an edge that serves the hostname for other routes is told from a stranger', async () => {
  const { body } = await asked('a.test');
  const [open, shut] = world.snapshot.routes;
  world.apply({ routes: [{ ...open!, tunnelId: '00000000-0000-4000-8000-000000000000' }, shut!] });
  assert.equal(world.edge.judgeMark('a.test', nonce, body), 'wrong-holder');
  assert.equal(world.edge.judgeMark('a.test', nonce, (await asked('a.test')).body), 'right');
});

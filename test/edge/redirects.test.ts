// Redirects of a route, answered by a real edge over HTTP/1.1: before the origin is asked, for every method, and other
// requests go on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { redirectsOf, redirectsSchema } from '#model/routes/redirect-rule.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from './world.ts';

let origin: RecordingOrigin;
let world: EdgeWorld;
before(async () => {
  origin = await RecordingOrigin.start(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const ingress = `  - hostname: a.test\n    service: ${origin.url}`;
  world = await startEdgeWorld({ ingress, hosts: ['a.test'] });
  const redirects = redirectsOf(
    redirectsSchema.parse([{ outside: '/blog', to: '/blog{rest}', status: 302 }]),
  );
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), redirects }] });
});
after(async () => {
  await world?.close();
  await origin?.close();
});

test('S4-60 everything outside the base is redirected, once, and what is below it is served', async () => {
  const ask = async (line: string, more = ''): Promise<string> => {
    const [answer] = await world.ask(`${line} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`);
    return `${answer!.status} ${answer!.fields['location'] ?? answer!.body}`;
  };
  assert.equal(await ask('GET /'), '302 /blog/');
  assert.equal(await ask('HEAD /x?y=1'), '302 /blog/x?y=1');
  assert.equal(await ask('POST /form', 'Content-Length: 0\r\n'), '302 /blog/form');
  assert.equal(await ask('GET /%2e%2e/blog/../x'), '302 /blog/x', 'rules see the canonical path');
  assert.equal(await ask('GET /blog/x'), '200 ok');
  assert.deepEqual(
    origin.requests.map(({ requestLine }) => requestLine),
    ['GET /blog/x HTTP/1.1'],
  );
});

test('a request with a body is redirected, and its connection goes on', async () => {
  const answers = await world.ask(
    'POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a.test\r\n\r\n',
    { count: 2 },
  );
  assert.deepEqual(
    answers.map(({ fields }) => fields['location']),
    ['/blog/a', '/blog/b'],
  );
});

test('explain says where visitors are sent', async () => {
  const steps = await world.edge.explain(
    { method: 'GET', url: `https://a.test:${world.port}/x` },
    AbortSignal.timeout(20_000),
  );
  assert.match(steps.map(({ title }) => title).join(), /Visitors are sent on to \/blog\/x \(302\)/);
});

// A site below a prefix, and a site under two names, through a real edge and connector: what the origin is asked, what
// visitors get back, and what `explain` says of a page whose links miss the prefix.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, routeOf, startEdgeWorld } from '../edge/world.ts';

let origin: RecordingOrigin;
let world: EdgeWorld;
let headLines = '';
let page = 'ok';
before(async () => {
  origin = await RecordingOrigin.start(({ requestLine }) => {
    const [, path = ''] = requestLine.split(' ');
    if (path.endsWith('.css') && path !== '/a.css')
      return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    return `HTTP/1.1 200 OK\r\n${headLines}Content-Length: ${page.length}\r\n\r\n${page}`;
  });
  const ingress = ['blog.test', 'www.blog.test', 'app.test', 'moved.test']
    .map((host) => `  - hostname: ${host}\n    service: ${origin.url}`)
    .join('\n');
  world = await startEdgeWorld({ ingress, hosts: ['blog.test', 'www.blog.test', 'app.test', 'moved.test'] });
  world.apply({
    routes: [
      {
        ...routeOf('blog.test', world.credentials),
        path: '/frank',
        shaping: { canonicalHost: 'apex', prefix: { strip: '/frank' } },
      },
      { ...routeOf('www.blog.test', world.credentials), shaping: { canonicalHost: 'apex' } },
      { ...routeOf('app.test', world.credentials), shaping: { prefix: { add: '/ui' } } },
      { ...routeOf('moved.test', world.credentials), shaping: { prefix: { strip: '/new', add: '/old' } } },
    ],
  });
});
after(async () => {
  await world?.close();
  await origin?.close();
});

const ask = async (line: string, host = 'blog.test', more = '') => {
  const [answer] = await world.ask(`${line} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`, { serverName: host });
  return answer!;
};
const lastAsked = () => origin.requests.at(-1)!;

test('S4-47 the prefix is taken off for the origin, which learns it, and the log knows the public path', async () => {
  headLines = '';
  assert.equal((await ask('GET /frank/a?b=1', 'blog.test', 'X-Forwarded-Prefix: /evil\r\n')).body, 'ok');
  assert.equal(lastAsked().requestLine, 'GET /a?b=1 HTTP/1.1');
  const prefixes = lastAsked().fields.filter(([name]) => name.toLowerCase() === 'x-forwarded-prefix');
  assert.deepEqual(prefixes, [['X-Forwarded-Prefix', '/frank']]);
  await world.loggedLine('with the public path', ({ path }) => String(path).startsWith('/frank/a'));
});

test('S4-42 the bare prefix leads to the one with a slash; other methods go through', async () => {
  const answer = await ask('GET /frank?x=1');
  assert.equal(`${answer.status} ${answer.fields['location']}`, '308 /frank/?x=1');
  assert.equal((await ask('POST /frank', 'blog.test', 'Content-Length: 0\r\n')).status, 200);
  assert.equal(lastAsked().requestLine, 'POST / HTTP/1.1');
});

test('places in the answer are put right: Location, Content-Location, Refresh and cookies', async () => {
  headLines =
    'Location: /login\r\nContent-Location: /a\r\nRefresh: 3; url=/b\r\nSet-Cookie: a=1; Path=/\r\n' +
    `Set-Cookie: b=2; Path=/; Domain=internal.lan\r\nX-Else: /kept\r\n`;
  const { fields } = await ask('GET /frank/');
  assert.deepEqual(
    [fields['location'], fields['content-location'], fields['refresh'], fields['x-else']],
    ['/frank/login', '/frank/a', '3; url=/frank/b', '/kept'],
  );
  assert.match(JSON.stringify(fields), /a=1; Path=\/frank/);
  assert.doesNotMatch(JSON.stringify(fields), /internal\.lan/);
  headLines = 'Location: /ui/login\r\n';
  assert.equal((await ask('GET /x', 'app.test')).fields['location'], '/login');
  assert.equal(lastAsked().requestLine, 'GET /ui/x HTTP/1.1');
  headLines = '';
});

test('one prefix takes the place of another, both ways', async () => {
  headLines = 'Location: /old/login\r\nSet-Cookie: a=1; Path=/old/\r\n';
  const { fields } = await ask('GET /new/a', 'moved.test');
  assert.equal(lastAsked().requestLine, 'GET /old/a HTTP/1.1');
  assert.equal(fields['location'], '/new/login');
  assert.match(fields['set-cookie']!, /Path=\/new/);
  headLines = '';
});

test('a site of two names has one: the other is redirected, path and query kept', async () => {
  const answer = await ask('GET /frank/a?b', 'www.blog.test');
  assert.equal(`${answer.status} ${answer.fields['location']}`, '308 https://blog.test/frank/a?b');
  const steps = await explain(`https://www.blog.test:${world.port}/frank/a`);
  assert.match(
    steps.map(({ title }) => title).join(),
    /Visitors are sent on to https:\/\/blog\.test:\d+\/frank\/a \(308\)/,
  );
});

const explain = (url: string) => world.edge.explain({ method: 'GET', url }, AbortSignal.timeout(20_000));

test('S4-47 explain fetches the page and names what it loads from outside the prefix, or in vain', async () => {
  headLines = 'Content-Type: text/html\r\n';
  page =
    '<link rel=stylesheet href="/style.css"><link rel=stylesheet href="a.css"><link rel=stylesheet href="b.css">';
  const found = (await explain(`https://blog.test:${world.port}/frank/`)).at(-1)!;
  assert.equal(found.step, 'page');
  assert.equal(found.status, 'warning');
  assert.equal(found.title, '2 of 3 that the page loads fail');
  assert.equal(found.detail, '/style.css (404, outside /frank), /frank/b.css (404).');
  assert.match(found.cure, /set its base URL to https:\/\/blog\.test:\d+\/frank\//);
  page = '<link rel=stylesheet href="a.css">';
  const mended = (await explain(`https://blog.test:${world.port}/frank/`)).at(-1)!;
  assert.equal(`${mended.status} ${mended.title}`, 'ok All 1 of the page load');
  headLines = '';
  page = 'ok';
});

// A real Caddy and a real nginx in front of a site of their own, with the configuration of docs/forward-auth.md: each asks the
// edge who may pass, and a browser signs in, is known, gives a page password, and is out again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { freePort, repositoryRoot, type RunningProcess, startProcess } from '../support/process.ts';
import { form, type Seen, Visitor } from './visitor.ts';
import { addUser, password } from './world.ts';

const dashboard = 'sallyport.localhost';
const proxies = ['caddy', 'nginx'] as const;
type ProxyName = (typeof proxies)[number];
const programs: Readonly<Record<ProxyName, string>> = { caddy: '/usr/bin/caddy', nginx: '/usr/sbin/nginx' };

const served: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
const service = createServer((request, response) => {
  served.push({ url: request.url ?? '', headers: request.headers });
  request.resume();
  response.end(`the site saw ${request.method} ${request.url}`);
});

const folder = mkdtempSync(join(tmpdir(), 'sallyport-forward-'));
const ports: Record<ProxyName, number> = { caddy: 0, nginx: 0 };
const running: RunningProcess[] = [];
let edge: OwnEdge | undefined;
let certificate: string;

before(async () => {
  const missing = Object.entries(programs).filter(([, file]) => !existsSync(file));
  assert.deepEqual(missing, [], 'not installed; test/system-packages.sh installs it');
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  for (const name of proxies) ports[name] = await freePort();
  const { cert, key } = createCertificate({
    name: 'site',
    names: proxies.map((name) => `${name}.localhost`),
  });
  certificate = cert;
  writeFileSync(join(folder, 'site.pem'), cert);
  writeFileSync(join(folder, 'site.key'), key);
  const sites = proxies.flatMap((name) => [
    {
      ...{ hostname: `${name}.localhost`, port: ports[name] },
      access: [
        { allow: 'anyone', paths: '/open' },
        { allow: 'password:door', paths: '/door' },
        'group:family',
      ],
    },
  ]);
  edge = await OwnEdge.start({ config: { forwardAuth: { from: ['127.0.0.1'], sites } } });
  await addUser({ api: edge.api, visitor: visitor(), dashboard: edge.url }, 'ada', ['family']);
  await addUser({ api: edge.api, visitor: visitor(), dashboard: edge.url }, 'bob');
  await edge.api.setPagePassword({ params: { password: 'door' }, body: { password: 'open sesame' } });
  await start('caddy', ['run', '--config', writeCaddyfile(), '--adapter', 'caddyfile']);
  await start('nginx', ['-c', writeNginxConf(), '-p', folder, '-e', join(folder, 'nginx.log')]);
});

after(async () => {
  for (const program of running) await program.stop();
  await edge?.close();
  service.close();
  service.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function visitor(): Visitor {
  return new Visitor({
    port: edge!.port,
    ca: certificate === undefined ? edge!.ca : [edge!.ca, certificate],
  });
}

async function start(name: ProxyName, args: readonly string[]): Promise<void> {
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const program = startProcess(programs[name], args, { cwd: folder, env });
  running.push(program);
  await eventually(`${name} serves`, async () => {
    if (program.exitCode() !== null) throw new Error(`${name} ended: ${program.stderr()}`);
    return (await visitor().ask(at(name, '/open/ready'))).status === 200;
  });
}

const at = (name: ProxyName, path: string): string => `https://${name}.localhost:${ports[name]}${path}`;

/** The blocks of the documentation in one language, so that what people copy is what is tested. */
function documented(language: string): string[] {
  const text = readFileSync(join(repositoryRoot, 'docs/forward-auth.md'), 'utf8');
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, name, block]) =>
    name === language ? [block!] : [],
  );
}

/** The documentation's, with this test's names, ports and certificates. */
function writeCaddyfile(): string {
  const [block] = documented('caddyfile');
  const trust = `transport http {
    tls_server_name ${dashboard}
    tls_trusted_ca_certs ${edge!.caFile}
  }`;
  const site = block!
    .replace('wiki.example.com {', `https://caddy.localhost:${ports.caddy} {\n  tls site.pem site.key`)
    .replaceAll(/https:\/\/sallyport\.example\.com \{/g, `https://127.0.0.1:${edge!.port} {\n  ${trust}`)
    .replaceAll('{upstream_hostport}', `${dashboard}:${edge!.port}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${(service.address() as AddressInfo).port}`);
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${site}`);
  return file;
}

function writeNginxConf(): string {
  const [server, shared] = documented('nginx');
  const mine = (text: string): string =>
    text
      .replaceAll('https://sallyport.example.com', `https://127.0.0.1:${edge!.port}`)
      .replaceAll(
        'proxy_ssl_server_name on;',
        `proxy_ssl_server_name on; proxy_ssl_name ${dashboard}; proxy_set_header Host ${dashboard};`,
      )
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${(service.address() as AddressInfo).port}`)
      .replace(
        'listen 443 ssl;',
        `listen 127.0.0.1:${ports.nginx} ssl; ssl_certificate site.pem; ssl_certificate_key site.key;`,
      )
      .replace('wiki.example.com', 'nginx.localhost');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, `nginx-${name}`)};`)
    .join(' ');
  writeFileSync(join(folder, 'sallyport-pages.conf'), mine(shared!));
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')};
events { worker_connections 256; }
http { access_log off; ${paths}\n${mine(server!)}\n}\n`,
  );
  return file;
}

for (const name of proxies) {
  describe(`a site behind ${name}`, () => {
    const signedIn = async (user: string): Promise<{ browser: Visitor; seen: Seen }> => {
      const browser = visitor();
      const page = await browser.open(at(name, '/page?x=1'));
      assert.equal(new URL(page.url).hostname, dashboard, `${page.status} ${page.body}`);
      return { browser, seen: await browser.signIn(page, user, password) };
    };

    test('a browser signs in and is back at the page it wanted, and the service learns who it is', async () => {
      const { seen } = await signedIn('ada');
      assert.equal(seen.body, 'the site saw GET /page?x=1');
      const { headers } = served.at(-1)!;
      assert.equal(headers.cookie ?? '', '');
      assert.equal(headers['x-sallyport-user'], 'ada');
      assert.equal(headers['x-sallyport-groups'], 'family');
      assert.match(String(headers['x-sallyport-assertion']), /^[\w-]+\.[\w-]+\.[\w-]+$/);
      assert.doesNotMatch(JSON.stringify(headers), /__Host-sallyport/, "the edge's cookies stay away");
    });

    test('who may not is refused with a sentence; a program gets 401 and a challenge', async () => {
      const count = served.length;
      const url = at(name, '/page');
      const dry = await edge!.api.testAccess({ body: { url, user: 'bob' } });
      assert.deepEqual(
        [dry.verdict, dry.route],
        ['deny', `${name}.localhost`],
        'the dry run knows these sites, too',
      );
      const { seen } = await signedIn('bob');
      assert.equal(seen.status, 403);
      assert.match(seen.body, /may not|not allowed|access/i);
      const program = await visitor().ask(at(name, '/page'), { headers: { accept: 'application/json' } });
      assert.equal(program.status, 401);
      assert.match(
        String(program.headers['www-authenticate']),
        new RegExp(`^Bearer realm="${name}\\.localhost"`),
      );
      assert.equal(served.length, count, 'nothing reached the service');
    });

    test('what a visitor says of himself does not arrive, with or without a sign-in', async () => {
      const { browser } = await signedIn('ada');
      const evil = {
        'x-sallyport-user': 'evil',
        'x-sallyport-groups': 'evil',
        'x-sallyport-email': 'evil',
        'x-sallyport-token': 'evil',
        'x-sallyport-assertion': 'evil',
      };
      for (const [who, path] of [
        [browser, '/page'],
        [visitor(), '/open/page'],
      ] as const) {
        assert.equal((await who.ask(at(name, path), { headers: evil })).status, 200);
        assert.doesNotMatch(JSON.stringify(served.at(-1)!.headers), /evil/, path);
      }
      // Nor does what he says of the request that is asked about.
      const count = served.length;
      const about = {
        'x-forwarded-method': 'GET',
        'x-forwarded-uri': '/open/x',
        'x-forwarded-host': `${name}.localhost`,
        'x-original-url': `https://${name}.localhost/open/x`,
        'x-original-method': 'GET',
      };
      const refused = await visitor().ask(at(name, '/page'), { headers: { ...about, accept: '*/*' } });
      assert.equal(refused.status, 401);
      assert.equal(served.length, count);
    });

    test("the site's own cookies go through, the edge's do not", async () => {
      const { browser } = await signedIn('ada');
      const jar = browser.cookies.get(`${name}.localhost`)!;
      const [visit] = [...jar].map(([key, value]) => `${key}=${value}`);
      for (const [sent, arrived] of [
        [`a=1; ${visit}; b=2`, 'a=1; b=2'],
        [`${visit}; __Host-sallyport-try=x; a=1; __Host-sallyport-pass=y`, 'a=1'],
      ] as const) {
        await browser.ask(at(name, '/page'), { headers: { cookie: sent } });
        assert.equal(served.at(-1)!.headers.cookie?.replace(/;? *$/, ''), arrived);
      }
    });

    test('other methods than GET are judged and served with their body', async () => {
      const { browser } = await signedIn('ada');
      const headers = { 'content-type': 'text/plain', accept: '*/*' };
      const seen = await browser.ask(at(name, '/page'), { method: 'PUT', headers, body: 'some text' });
      assert.equal(seen.body, 'the site saw PUT /page');
      const stranger = await visitor().ask(at(name, '/page'), { method: 'PUT', headers, body: 'some text' });
      assert.equal(stranger.status, 401);
    });

    test('a page password is asked for and taken, through the pages that the proxy hands on', async () => {
      const browser = visitor();
      const door = await browser.ask(at(name, '/door/x'));
      assert.equal(door.status, 401);
      const [, ask] = /name="ask" value="([^"]*)"/.exec(door.body) ?? [];
      const url = at(name, '/.well-known/sallyport/password');
      const opened = await browser.open(url, form(url, { ask: ask!, password: 'open sesame' }));
      assert.equal(opened.body, 'the site saw GET /door/x');
      assert.doesNotMatch(JSON.stringify(served.at(-1)!.headers), /__Host-sallyport/);
      assert.equal((await browser.ask(at(name, '/page'))).status, 302, 'and opens nothing else');
    });

    test('a second site asks for no password again, and a sign-out ends both within a second', async () => {
      const other = proxies.find((each) => each !== name)!;
      const { browser } = await signedIn('ada');
      assert.equal((await browser.open(at(other, '/second'))).body, 'the site saw GET /second');
      const out = await browser.open(at(name, '/.well-known/sallyport/sign-out'));
      const url = `${edge!.url}/access/sign-out`;
      assert.equal(new URL(out.url).hostname, dashboard);
      await browser.ask(url, form(url, {}));
      for (const each of proxies) {
        const again = await eventually(`${each} asks to sign in`, async () => {
          const seen = await browser.ask(at(each, '/page'));
          return seen.status === 302 ? seen : undefined;
        });
        assert.match(again.headers.location!, /\/access\/sign-in\?ask=/);
      }
    });
  });
}

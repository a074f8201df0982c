// The control plane as an owner uses it: `sallyport` commands against a running edge, over its socket file and over https
// with an API key, each in its own process; and what they change is in force at once.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TunnelView } from '#api/tunnels.ts';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningProcess, startProcess } from '../support/process.ts';

let demo: Demo;
let folder: string;
const origin = createServer((request, response) => response.end(`the origin saw ${request.url}`));

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-commands-'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  demo = await startDemo();
});
after(async () => {
  await demo?.close();
  origin.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command over the socket of the demo's edge. */
async function sallyport(...args: string[]): Promise<Outcome> {
  return await command([...args, '--socket', demo.adminSocket]);
}

async function command(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const running = startProcess(sallyportCommand, args, {
    env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), ...env },
  });
  const code = await running.ended;
  return { code, out: running.stdout(), err: running.stderr() };
}

/** Runs a command that must succeed and prints JSON. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await sallyport(...args, '--output', 'json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as T;
}

async function statusOf(hostname: string, path = '/'): Promise<string> {
  const running = startProcess('curl', [
    ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10', '--cacert', demo.caFile],
    ...['--connect-to', `::127.0.0.1:${demo.httpsPort}`, `https://${hostname}:${demo.httpsPort}${path}`],
  ]);
  await running.ended;
  return running.stdout();
}

test('the edge says how it is, what it has and what is open', async () => {
  const { code, out } = await sallyport('status');
  assert.equal(code, 0, out);
  assert.match(out, /^Nothing is wrong\.\n/);
  assert.match(out, /Tunnels +1 of 1 up, 1 connectors, 4 connections/);
  const list = await sallyport('tunnel', 'list');
  assert.match(list.out, /^ID +NAME +CREATED +CONNECTIONS +STATUS\n\S{36} +demo +- +4x\S+ +healthy\n$/);
  const connectors = await sallyport('connector', 'list');
  assert.ok(connectors.out.includes(hostname()), `this machine's name is in ${connectors.out}`);
  const { out: exposed } = await sallyport('exposed');
  assert.match(
    exposed,
    /https:\/\/blog\.localhost:\d+\/ +public +demo +http:\/\/127\.0\.0\.1:\d+ +yes +internal/,
  );
  assert.match(exposed, /https:\/\/sallyport\.localhost:\d+ +users of this edge/);
});

test('S0-34 S3-19 a remote tunnel, its connector and a hostname: three commands, and the page is there', async () => {
  const made = await json<{ id: string; token: string }>('tunnel', 'create', 'home', '--remote');
  const connector = startProcess(sallyportCommand, ['tunnel', 'run', '--metrics', '127.0.0.1:0'], {
    env: { TUNNEL_TOKEN: made.token, HOME: folder },
  });
  try {
    await eventually('the connector is up', async () => {
      const tunnel = await json<TunnelView & { connectors: unknown[] }>('tunnel', 'info', 'home');
      return tunnel.connectors.length === 1;
    });
    const { port } = origin.address() as AddressInfo;
    const added = await sallyport(
      ...['route', 'add', 'app.localhost', '--tunnel', 'home', '--service', `http://127.0.0.1:${port}`],
    );
    assert.equal(added.code, 0, added.err);
    assert.match(added.out, /^Added app\.localhost to tunnel home/);
    await eventually('the page is there', async () => (await statusOf('app.localhost')) === '200');
    const explained = await sallyport('explain', `https://app.localhost:${demo.httpsPort}/`);
    assert.equal(explained.code, 0, explained.out);
    assert.match(explained.out, /ok {2}route +app\.localhost leads to the tunnel home/);
    assert.match(explained.out, /ok {2}origin +http:\/\/127\.0\.0\.1:\d+ answered 200/);
    const changed = await sallyport('route', 'update', 'app.localhost', '--cache', 'off');
    assert.equal(changed.code, 0, changed.err);
    await eventually('its cache is off', async () =>
      /cache +No cache/.test((await sallyport('explain', 'app.localhost')).out),
    );
    assert.match(
      (await sallyport('route', 'show', 'app.localhost')).out,
      /CACHE: +off\nCOMPRESSION: +default\n/,
    );
    const refused = await sallyport('route', 'update', 'app.localhost', '--cache', '{setCookie: eat}');
    assert.match(refused.err, /--cache: setCookie: /);
    await json('route', 'update', 'app.localhost', '--cache', '{query: {drop: [utm_*]}}');
    assert.match((await sallyport('export')).out, /cache:\n +query:\n +drop:\n/);
    const logged = await eventually('the request is in the log', async () => {
      const { out } = await sallyport('logs', '--host', 'app.localhost', '--status', '2xx');
      return /200 .* GET +app\.localhost\//.test(out);
    });
    assert.ok(logged);
    await failingOrigin(connector);
  } finally {
    await connector.stop();
  }
});

/** The origin is gone: explain names it, and says what to do. */
async function failingOrigin(connector: RunningProcess): Promise<void> {
  const changed = writeRules('http://127.0.0.1:1');
  const put = await sallyport('tunnel', 'rules', 'home', '--file', changed);
  assert.equal(put.code, 0, put.err);
  await eventually('the new rule is in force', async () => (await statusOf('app.localhost')) === '502');
  const explained = await sallyport('explain', 'app.localhost');
  assert.equal(explained.code, 1);
  assert.match(explained.out, /X {2}origin +http:\/\/127\.0\.0\.1:1 did not answer/);
  assert.match(explained.out, /Is the service running, and does the rule name the right port\?/);
  const bad = await sallyport('tunnel', 'rules', 'home', '--file', writeRules('nonsense'));
  assert.equal(bad.code, 1);
  assert.match(bad.err, /line \d+/);
  assert.equal(connector.exitCode(), null);
}

function writeRules(service: string): string {
  const file = join(folder, 'rules.yml');
  writeFileSync(
    file,
    `ingress:\n  - hostname: app.localhost\n    service: ${service}\n  - service: http_status:404\n`,
  );
  return file;
}

test('S0-16 what is in use is not deleted by accident, and the sentence says what uses it', async () => {
  const refused = await sallyport('tunnel', 'delete', 'home');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^sallyport: The tunnel home is in use: 1 route leads to it/);
});

test('the lab is exported, changed, compared and applied; the plan is shown first', async () => {
  const exported = await sallyport('export');
  assert.match(exported.out, /- name: home\n/);
  const file = join(folder, 'lab.yml');
  writeFileSync(file, exported.out);
  assert.equal((await sallyport('diff', '-f', file)).code, 0);
  writeFileSync(
    file,
    exported.out.replace('routes:\n', 'routes:\n  - hostname: wiki.localhost\n    tunnel: home\n'),
  );
  const diff = await sallyport('diff', '-f', file);
  assert.equal(diff.code, 3);
  assert.match(diff.out, /^\+ route wiki\.localhost\n$/);
  const unasked = await sallyport('apply', '-f', file);
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /Make these changes at this machine\? Say so with --yes\./);
  const applied = await sallyport('apply', '-f', file, '--yes');
  assert.match(applied.out, /Made 1 change at this machine\./);
  assert.equal((await sallyport('diff', '-f', file)).code, 0);
});

test('S4-38 S4-50 an API key works from elsewhere by login, and every change names the edge', async () => {
  await json('user', 'create', 'ada', '--role', 'owner');
  const { key } = await json<{ key: string }>(
    ...['api-key', 'create', 'cli', '--user', 'ada', '--scope', 'routes:read', '--scope', 'routes:write'],
  );
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, key);
  // curl resolves *.localhost by itself; the command takes the loopback address by its own name.
  const url = `https://localhost:${demo.httpsPort}`;
  const wrong = await command(['login', url, '--key-file', keyFile, '--cacert', demo.caFile]);
  assert.equal(wrong.code, 1, 'the edge’s own name is not its dashboard');
  const environment = {
    SALLYPORT_URL: demo.dashboard.url,
    SALLYPORT_API_KEY_FILE: keyFile,
    SALLYPORT_CACERT: demo.caFile,
  };
  const listed = await command(['route', 'list'], environment);
  assert.equal(listed.code, 0, listed.err);
  const removed = await command(['route', 'remove', 'wiki.localhost'], environment);
  assert.equal(removed.out, `Removed wiki.localhost at sallyport.localhost:${demo.httpsPort}.\n`);
  const forbidden = await command(['tunnel', 'list'], environment);
  assert.match(forbidden.err, /takes the scope tunnels:read/);
  const login = await command([
    'login',
    demo.dashboard.url,
    '--key-file',
    keyFile,
    '--cacert',
    demo.caFile,
    '--name',
    'demo',
  ]);
  assert.equal(login.code, 0, login.err);
  const contexts = join(folder, 'config/sallyport/contexts.yml');
  assert.equal(statSync(contexts).mode & 0o777, 0o600);
  assert.match((await command(['route', 'list'])).out, /app\.localhost/);
  await json('api-key', 'delete', 'cli');
  assert.match((await command(['route', 'list'])).err, /Sign in again/);
});

test('every change is in the audit log, and none of it is secret', async () => {
  const { code, out } = await sallyport('audit', '--limit', '200', '--output', 'json');
  assert.equal(code, 0);
  const text = out;
  for (const what of ['created', 'changed', 'deleted', 'home', 'app.localhost', 'ada']) {
    assert.ok(text.includes(what), what);
  }
  assert.doesNotMatch(text, new RegExp(readFileSync(join(folder, 'key'), 'utf8').slice(12)));
  assert.doesNotMatch(text, /argon2|"hash":"[A-Za-z0-9_-]{40}/);
});

test('a backup is written, and whole', async () => {
  const file = join(folder, 'edge.backup');
  const { code, err } = await sallyport('backup', file);
  assert.equal(code, 0, err);
  assert.ok(statSync(file).size > 10_000);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match((await sallyport('backup', file)).err, /could not be written/, 'and never over another');
});

test('a command without an edge says how to name one', async () => {
  const { code, err } = await command(['context', 'remove', 'demo']);
  assert.equal(code, 0, err);
  const lost = await command(['status']);
  assert.equal(lost.code, 1);
  assert.match(lost.err, /No edge is known here; sign in with "sallyport login/);
});

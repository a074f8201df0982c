// Programs that cannot follow a redirect to a sign-in: git, curl and a WebSocket client get through with a service token, as
// name and password where they know nothing else; without one they get a challenge that they understand.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { type AccessWorld, accessWorld } from './world.ts';

/** Each program gets this long. */
const withinMs = 30_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program without a terminal to ask at. */
function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { timeout: withinMs, env: { ...process.env, ...env } };
    execFile(program, [...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

describe('clients that cannot follow a redirect', () => {
  let world: AccessWorld;
  let folder: string;
  let key: string;
  let caFile: string;
  before(async () => {
    world = await accessWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-native-'));
    caFile = join(folder, 'ca.pem');
    await writeFile(caFile, world.edge.ca);
    await world.protect('app.localhost', '/git', ['signed-in', 'token:backup']);
    await world.protect('app.localhost', '/machines', [{ allow: 'token:backup', paths: '/machines/in' }]);
    await world.protect('app.localhost', '/private', 'private');
    await world.addUser('ada');
    const body = { user: 'ada', name: 'backup', scopes: ['sites:visit' as const], days: 1 };
    key = (await world.api.createApiKey({ body })).key;
    await eventually(
      'the token is known',
      async () => (await curl('/machines/in', ['-u', `backup:${key}`])).out === '200',
    );
  });
  after(async () => {
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const curl = (path: string, more: readonly string[] = []): Promise<Ran> => {
    const to = ['--cacert', caFile, '--resolve', `app.localhost:${world.edge.port}:127.0.0.1`];
    return run('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      ...to,
      ...more,
      world.at('app.localhost', path),
    ]);
  };
  const challenges = async (path: string, headers: Record<string, string>): Promise<[number, string]> => {
    const asked = { headers: { accept: '*/*', ...headers } };
    const { status, headers: seen } = await world.visitor().ask(world.at('app.localhost', path), asked);
    return [status, String(seen['www-authenticate'] ?? '')];
  };

  test('curl passes with the token as its password, by the name of the token or the first half of the pair', async () => {
    assert.equal((await curl('/machines/in', ['-u', `backup:${key}`])).out, '200');
    assert.equal((await curl('/git/x', ['--anyauth', '-u', `${key.slice(0, 11)}:${key}`])).out, '200');
    const { headers } = world.served.at(-1)!;
    assert.equal(headers['x-sallyport-token'], 'backup');
    assert.equal(headers.authorization, undefined, 'the token stays at the edge');
    for (const wrong of [`other:${key}`, `:${key}`, `backup:${key}x`, 'backup:sp_nothing', 'backup:'])
      assert.equal((await curl('/machines/in', ['-u', wrong])).out, '403', wrong);
    assert.equal((await curl('/private/x', ['-u', `backup:${key}`])).out, '403', 'nobody named it there');
  });

  test('a challenge says Basic where a token would open the page, and never to a browser', async () => {
    const basic = /Basic realm="app\.localhost", charset="UTF-8"/;
    const [status, value] = await challenges('/git/x', {});
    assert.equal(status, 401);
    assert.match(value, basic);
    assert.match(value, /Bearer realm="app\.localhost"/);
    assert.match((await challenges('/machines/in', {}))[1], basic);
    // A rule elsewhere is no help here.
    assert.deepEqual(await challenges('/machines/out', {}), [403, '']);
    assert.deepEqual(await challenges('/private/x', {}), [401, 'Bearer realm="app.localhost"']);
    const script = await challenges('/git/x', { 'sec-fetch-mode': 'cors' });
    assert.deepEqual(script, [401, 'Bearer realm="app.localhost"']);
  });

  test("a service's own name and password go to it untouched", async () => {
    await world.protect('app.localhost', '/lan', ['ip:127.0.0.0/8']);
    const seen = await eventually('the route is in force', async () => {
      const { out } = await curl('/lan/x', ['-u', 'bob:his own']);
      return out === '200' && world.served.at(-1)!.url === '/lan/x' ? world.served.at(-1) : undefined;
    });
    assert.equal(seen.headers.authorization, `Basic ${Buffer.from('bob:his own').toString('base64')}`);
  });

  test('git asks with the token in its address, and without one says that it was asked for', async () => {
    const git = (address: string): Promise<Ran> =>
      run(
        'git',
        ['-c', `http.curloptResolve=app.localhost:${world.edge.port}:127.0.0.1`, 'ls-remote', address],
        {
          GIT_SSL_CAINFO: caFile,
          GIT_TERMINAL_PROMPT: '0',
          GIT_CONFIG_NOSYSTEM: '1',
          HOME: folder,
        },
      );
    const plain = world.at('app.localhost', '/git/repository.git');
    const without = await git(plain);
    assert.notEqual(without.code, 0);
    assert.match(without.err, /could not read Username/);
    const before = world.served.length;
    await git(plain.replace('https://', `https://backup:${key}@`));
    const asked = world.served.slice(before);
    assert.ok(
      asked.some(
        ({ url, headers }) =>
          url.startsWith('/git/repository.git/info/refs') && headers['x-sallyport-token'] === 'backup',
      ),
      'the repository was asked, as the token',
    );
    assert.doesNotMatch(JSON.stringify(asked), new RegExp(key));
  });

  test('a WebSocket client passes with a token, and gets 401 without', async () => {
    const open = (headers: Record<string, string>): Promise<string> => {
      const url = world
        .at('app.localhost', '/machines/in')
        .replace('https:', 'wss:')
        .replace('app.localhost', '127.0.0.1');
      const host = `app.localhost:${world.edge.port}`;
      const socket = new WebSocket(url, {
        ...{ ca: world.edge.ca, servername: 'app.localhost', headers: { host, ...headers } },
        handshakeTimeout: withinMs,
      });
      const { promise, resolve } = Promise.withResolvers<string>();
      // The site takes the upgrade without the key's answer; that far it was let.
      socket.on('unexpected-response', (request, response) => {
        resolve(`${response.statusCode} ${response.headers['www-authenticate'] ?? ''}`);
        request.destroy();
      });
      socket.on('open', () => resolve('open'));
      socket.on('error', (error) => resolve(error.message));
      return promise.finally(() => socket.terminate());
    };
    assert.match(await open({}), /^401 .*Basic realm/);
    assert.match(await open({ authorization: `Bearer ${key}` }), /Sec-WebSocket-Accept/);
  });
});

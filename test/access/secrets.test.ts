// A secret that is used appears nowhere (tunnels.md section 6, closing list e): no log at its most talkative, no access log, no
// metric, no error page, no process title, no list, no backup of the lab. And what stands beside the sites gives nothing away:
// neither files nor diagnostics.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { freePort, type RunningProcess } from '../support/process.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { form, type Seen, Visitor } from './visitor.ts';

const password = 'a password that nobody would print';

describe('secrets', () => {
  let edge: OwnEdge;
  let connector: RunningProcess;
  let origin: RecordingOrigin;
  let metricsPort: number;
  let connectorPort: number;
  const secrets = new Map<string, string>();
  const pages: Seen[] = [];

  before(async () => {
    origin = await RecordingOrigin.start();
    [metricsPort, connectorPort] = [await freePort(), await freePort()];
    edge = await OwnEdge.create({ config: { logLevel: 'debug' } });
    const config = JSON.parse(readFileSync(edge.configFile, 'utf8')) as { listen: object };
    writeFileSync(
      edge.configFile,
      JSON.stringify({
        ...config,
        accessLog: join(edge.folder, 'access.log'),
        listen: { ...config.listen, metrics: `127.0.0.1:${metricsPort}` },
      }),
    );
    await edge.start();
    await useThemAll();
  });
  after(async () => {
    await connector?.stop();
    await edge?.close();
    await origin?.close();
  });

  const useThemAll = async (): Promise<void> => {
    const { api } = edge;
    const { token } = await api.createTunnel({ body: { name: 'home' } });
    secrets.set('the tunnel token', token!);
    // Its secret half; the rest (whose it is, the edge's key) is known to everybody.
    secrets.set(
      'the key in the token',
      (JSON.parse(Buffer.from(token!, 'base64').toString()) as { s: string }).s,
    );
    connector = startSallyport(
      ['tunnel', '--loglevel', 'debug', 'run', '--metrics', `127.0.0.1:${connectorPort}`],
      { HOME: edge.folder, TUNNEL_TOKEN: token! },
    );
    for (const [hostname, access] of [
      ['open.localhost', 'public'],
      ['private.localhost', ['signed-in', 'token:ci']],
    ] as const)
      await api.createRoute({
        body: { hostname, tunnel: 'home', service: origin.url, access: access as never },
      });
    const { link } = await api.createUser({ body: { name: 'ada', role: 'viewer' } });
    const linkSecret = link.url.split('#token=')[1]!;
    secrets.set('the one-time link', linkSecret).set('the password', password);
    const key = (
      await api.createApiKey({ body: { name: 'ci', user: 'ada', days: 1, scopes: ['sites:visit'] } })
    ).key;
    secrets.set('the API key', key);
    const visitor = new Visitor({ port: edge.port, ca: edge.ca });
    const at = (host: string, path: string): string => `https://${host}:${edge.port}${path}`;
    await eventually(
      'the site answers',
      async () => (await visitor.ask(at('open.localhost', '/'))).status === 200,
    );
    const json = async (method: string, path: string, body: object): Promise<void> => {
      const headers = {
        'content-type': 'application/json',
        origin: edge.url,
        'sec-fetch-site': 'same-origin',
      };
      pages.push(
        await visitor.ask(`${edge.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) }),
      );
    };
    await json('POST', '/sign-in/link', { token: linkSecret });
    await json('POST', '/sign-in/link', { token: linkSecret });
    await json('PUT', '/me/password', { password });
    await json('POST', '/sign-in/password', { name: 'ada', password: `${password}!` });
    await json('POST', '/sign-in/password', { name: 'ada', password });
    // Into the site, with what the browser holds on the way.
    const asked = await visitor.ask(at('private.localhost', '/x'));
    assert.equal(asked.status, 302);
    const handed = await visitor.ask(asked.headers.location!);
    secrets.set('the hand-over', new URL(handed.headers.location!).searchParams.get('token')!);
    secrets.set('the nonce', visitor.cookies.get('private.localhost')!.get('__Host-sallyport-try')!);
    assert.equal((await visitor.open(handed.headers.location!)).status, 200);
    pages.push(await visitor.ask(handed.headers.location!));
    for (const [host, jar] of visitor.cookies)
      for (const [name, value] of jar) secrets.set(`${name} of ${host}`, value);
    const proofs: readonly Readonly<Record<string, string>>[] = [
      { authorization: `Bearer ${key}` },
      { authorization: `Bearer ${key}x` },
      { authorization: `Basic ${Buffer.from(`ada:${password}`).toString('base64')}` },
      { 'cf-access-client-id': key.slice(0, 11), 'cf-access-client-secret': `${key}x` },
    ];
    for (const headers of proofs)
      pages.push(
        await new Visitor({ port: edge.port, ca: edge.ca }).ask(at('private.localhost', '/y'), { headers }),
      );
    const out = `${edge.url}/access/sign-out`;
    pages.push(await visitor.ask(`${edge.url}/access/sign-in?ask=x`), await visitor.ask(out, form(out, {})));
  };

  const read = async (port: number, path: string): Promise<{ status: number; body: string }> => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const signal = AbortSignal.timeout(30_000);
    request({ host: '127.0.0.1', port, path, agent: false, signal }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode!, body }));
    })
      .on('error', reject)
      .end();
    return await promise;
  };

  test('no secret that was used is in a log, a metric, an error page, a process title, a list or a lab file', async () => {
    assert.ok(secrets.size >= 9, [...secrets.keys()].join(', '));
    const log = join(edge.folder, 'access.log');
    await eventually('the last request is logged', () => readFileSync(log, 'utf8').includes('"path":"/y"'));
    const { api } = edge;
    const places: Readonly<Record<string, string>> = {
      'the log of the edge': edge.running.stderr() + edge.running.stdout(),
      'the log of the connector': connector.stderr() + connector.stdout(),
      'the access log': readFileSync(log, 'utf8'),
      'the metrics of the edge': (await read(metricsPort, '/metrics')).body,
      'the metrics of the connector': (await read(connectorPort, '/metrics')).body,
      'the configuration of the connector': (await read(connectorPort, '/config')).body,
      'error pages': pages.map(({ body }) => body).join('\n'),
      'the title of the edge': readFileSync(`/proc/${edge.running.pid}/cmdline`, 'latin1'),
      'the title of the connector': readFileSync(`/proc/${connector.pid}/cmdline`, 'latin1'),
      'recent requests': JSON.stringify(await api.listRequests({ query: { limit: 500 } })),
      'the log of changes': JSON.stringify(await api.listAudit({ query: { limit: 500 } })),
      'lists of users and keys': JSON.stringify([
        await api.listUsers({ query: {} }),
        await api.listApiKeys({ query: {} }),
      ]),
      'the state of everything': JSON.stringify([
        await api.getStatus(),
        await api.listTunnels({ query: {} }),
      ]),
      'the lab file': JSON.stringify(await api.exportLab(undefined)),
    };
    for (const [place, text] of Object.entries(places)) {
      assert.ok(text.length > 10, `${place} is empty`);
      for (const [what, secret] of secrets) {
        assert.ok(secret.length >= 30 || what === 'the password', `${what} is no secret: ${secret}`);
        for (const form of [
          secret,
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        ])
          assert.ok(!text.includes(form), `${what} is in ${place}`);
      }
    }
    // Nor did an origin see what was for the edge.
    const asked = origin.requests.map(({ raw }) => raw).join('\n');
    for (const [what, secret] of secrets) assert.ok(!asked.includes(secret), `${what} reached the service`);
  });

  test('no path leads to a file that was not meant, on the dashboard’s hostname or another', async () => {
    const visitor = new Visitor({ port: edge.port, ca: edge.ca });
    const ways = [
      '/..%2f..%2f',
      '/%2e%2e/',
      '/assets/..%2f..%2f',
      '/assets/....//',
      '/assets/%252e%252e%252f',
      '/.well-known/acme-challenge/..%2f',
      '//',
      '/assets/..%5c',
    ];
    for (const host of [new URL(edge.url).hostname, 'private.localhost']) {
      for (const way of ways) {
        for (const file of ['etc/passwd', 'package.json', 'access.key', 'data/access.key', '.git/config']) {
          const { status, body } = await visitor.ask(
            `https://${host}:${edge.port}/`.slice(0, -1) + way + file,
            { headers: { accept: '*/*' } },
          );
          assert.doesNotMatch(
            body,
            /root:|"workspaces"|PRIVATE KEY|\[core\]|passage/,
            `${host}${way}${file} ${status}`,
          );
        }
      }
    }
  });

  test('there is nothing to be had from afar: metrics on request or on loopback, and no profile, log or dump beside them', async () => {
    assert.equal(parseEdgeConfig('internalCa: true', 'test').listen.metrics, undefined);
    const paths = [
      '/debug/pprof/',
      '/debug/pprof/cmdline',
      '/debug/pprof/heap',
      '/debug/vars',
      '/quicktunnel',
      '/diag/system',
      '/diag/tunnel',
      '/diag/configuration',
      '/logs',
      '/management',
      '/json',
      '/json/version',
    ];
    for (const port of [metricsPort, connectorPort])
      for (const path of paths) assert.equal((await read(port, path)).status, 404, `${port} ${path}`);
    assert.doesNotMatch(connector.stderr(), /metrics.*0\.0\.0\.0/i);
  });
});

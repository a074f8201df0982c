// The README's five commands, as they stand there, from an empty folder to a page through the tunnel and an overview on which
// nothing is wrong. Only names, ports, paths and the certificate authority are those of this machine.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { freePort, type RunningProcess, startProcess } from '../support/process.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('the five commands of the README lead from nothing to a page and a green overview', async (context) => {
  const [, section] = /\n## Your first edge\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const lines = section!.match(/^ {4}\S.*$/gm)!.map((line) => line.trim());
  assert.equal(lines.length, 5, 'exactly five');

  const folder = mkdtempSync(join(tmpdir(), 'sallyport-first-edge-'));
  const data = join(folder, 'data');
  const config = join(folder, 'edge.yml');
  const port = await freePort();
  const origin = createServer((_request, response) => response.end('the blog at home'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const running: RunningProcess[] = [];
  context.after(async () => {
    await Promise.all(running.map((each) => each.stop()));
    origin.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts a line of the README with what is different here. */
  function start(line: string, ...more: string[]): RunningProcess {
    const words = line
      .replace(/^sudo /, '')
      .replaceAll('example.com', 'lab.localhost')
      .replace('/etc/sallyport/edge.yml', config)
      .replace('localhost:3000', `127.0.0.1:${(origin.address() as AddressInfo).port}`)
      .split(' ');
    assert.equal(words[0], 'sallyport');
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, SALLYPORT_SOCKET: join(data, 'admin.sock') };
    const started = startProcess(sallyportCommand, [...words.slice(1), ...more], { env });
    running.push(started);
    return started;
  }
  async function finish(line: string, ...more: string[]): Promise<string> {
    const started = start(line, ...more);
    assert.equal(await started.ended, 0, `${line}\n${started.stdout()}${started.stderr()}`);
    return started.stdout();
  }

  const took: string[] = [];
  let before = performance.now();
  const lap = (words: string): void => {
    const now = performance.now();
    took.push(`${words} ${((now - before) / 1_000).toFixed(1)} s`);
    before = now;
  };

  const said = await finish(
    lines[0]!,
    ...['--hostname', 'localhost', '--certificates', 'internal', '--config', config, '--data', data],
    ...['--address', '127.0.0.1', '--https-port', String(port), '--http-port', String(await freePort())],
  );
  assert.match(said, /signs in with this link/);
  // A server listens everywhere; a test on loopback only.
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace(/- "(\d+)"/g, (_, number: string) => `- "127.0.0.1:${number}"`),
  );
  lap('init');
  const edge = start(lines[1]!);
  await eventually('the edge is ready', () => /The edge is ready/.test(edge.stderr()), 60_000);
  lap('run');
  const [token] = /\beyJ[\w+/=-]+/.exec(await finish(lines[2]!)) ?? [];
  lap('tunnel');
  const connector = start(lines[3]!.replace('TOKEN', token!), '--metrics', '127.0.0.1:0');
  await eventually(
    'the connector is connected',
    () => /Registered tunnel connection/.test(connector.stderr()),
    60_000,
  );
  lap('connector');
  await finish(lines[4]!);
  await eventually(
    'the blog is there',
    async () =>
      (await get(`https://blog.lab.localhost:${port}/`, join(data, 'ca.pem'))) === 'the blog at home',
    60_000,
  );
  lap('route and page');
  await eventually(
    'nothing is wrong',
    async () => (await finish('sallyport status')).startsWith('Nothing is wrong.'),
    60_000,
  );
  lap('green');
  context.diagnostic(took.join(', '));
});

function get(url: string, caFile: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = {
    ca: readFileSync(caFile),
    lookup: loopbackLookup,
    agent: false as const,
    timeout: 10_000,
  };
  request(url, options, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body += text));
    response.on('error', reject).on('end', () => resolve(body));
  })
    .on('timeout', () => reject(new Error('no answer')))
    .on('error', reject)
    .end();
  return promise;
}

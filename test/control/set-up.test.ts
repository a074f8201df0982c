// `sallyport edge init`, run again: what it says the second time is what it said the first.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';
import { run } from '../support/process.ts';

interface SetUp {
  readonly isNew: boolean;
  readonly signInLink: string | null;
  readonly records: readonly { readonly name: string; readonly type: string; readonly madeAt: string }[];
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
}

test('run again, edge init keeps edge.yml and names the same records', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'edge.yml');
  const init = async (...args: string[]): Promise<SetUp> => {
    const always = ['edge', 'init', '--config', file, '--address', '192.0.2.1', '--output', 'json'];
    return JSON.parse(await run(sallyportCommand, [...always, ...args])) as SetUp;
  };
  const ports = ['--https-port', '0', '--http-port', '0'];
  const first = await init(
    ...['--domain', 'lab.example', '--certificates', 'internal', '--data', join(folder, 'data'), ...ports],
  );
  const names = ['edge.lab.example', 'sallyport.lab.example', '*.lab.example'];
  assert.equal(first.isNew, true);
  assert.deepEqual(
    first.records.map(({ name }) => name),
    names,
  );
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^workers: auto$/m, 'a new edge uses every core');
  const again = await init();
  assert.equal(again.isNew, false);
  assert.deepEqual(
    again.records.map(({ name }) => name),
    names,
  );
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.notEqual(again.signInLink, null, 'nobody has signed in yet');
  // Names that have no domain in common need the flag.
  writeFileSync(file, text.replace('edge.lab.example', 'edge.other.example'));
  const apart = await init();
  assert.deepEqual(
    apart.records.map(({ name }) => name),
    ['edge.other.example', 'sallyport.lab.example'],
  );
  const told = await init('--domain', 'lab.example');
  assert.deepEqual(
    told.records.map(({ name }) => name),
    ['edge.other.example', 'sallyport.lab.example', '*.lab.example'],
  );
});

test('edge init writes a dns section: an account whose token is in a file, or the edge itself', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const init = (name: string, ...args: string[]): Promise<string> => {
    const places = ['--config', join(folder, `${name}.yml`), '--data', join(folder, name)];
    const domain = ['--domain', 'lab.example', '--certificates', 'internal', '--address', '192.0.2.1'];
    const all = ['edge', 'init', ...places, ...domain, '--https-port', '0', '--http-port', '0'];
    return run(sallyportCommand, [...all, '--output', 'json', ...args]);
  };
  const tokenFile = join(folder, 'token');
  await assert.rejects(init('a', '--dns', 'cloudflare', '--dns-token-file', tokenFile), /There is no file/);
  await assert.rejects(init('a', '--dns', 'cloudflare'), /--dns-token-file FILE/);
  await assert.rejects(init('a', '--dns', 'acme-dns'), /--dns is one of none, cloudflare/);

  writeFileSync(tokenFile, 'secret\n');
  const account = JSON.parse(await init('a', '--dns', 'cloudflare', '--dns-token-file', tokenFile)) as SetUp;
  assert.deepEqual(
    account.records.map(({ name, madeAt }) => [name, madeAt]),
    [
      ['edge.lab.example', 'cloudflare'],
      ['sallyport.lab.example', 'cloudflare'],
    ],
  );
  assert.match(readFileSync(join(folder, 'a.yml'), 'utf8'), /type: cloudflare\n +tokenFile: /);

  await assert.rejects(
    init('b', '--workers', '0'),
    /--workers is a number of processes from 1 to 64, or auto/,
  );
  const served = JSON.parse(await init('b', '--dns', 'serve', '--workers', '3')) as SetUp;
  assert.match(readFileSync(join(folder, 'b.yml'), 'utf8'), /^workers: 3$/m);
  assert.deepEqual(
    served.records.map(({ name, type, madeAt }) => [name, type, madeAt]),
    [
      ['lab.example', 'NS', ''],
      ['edge.lab.example', 'A', ''],
    ],
  );
  assert.deepEqual(
    served.ports.filter(({ port }) => port === 53).map(({ protocol }) => protocol),
    ['udp', 'tcp'],
  );
});

// A support bundle of an edge that is full of secrets, and one of a connector: secrets are planted wherever they can be, and none
// is found in what comes out, neither as it is nor as base64, hex, or in a URL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OwnEdge } from '../support/own-edge.ts';
import { freePort, run } from '../support/process.ts';

let edge: OwnEdge;
/** By what it is. */
const planted = new Map<string, string>();

/** Writes a secret into a file that only its owner may read. */
function plant(what: string, secret: string): string {
  planted.set(what, secret);
  const file = join(edge.folder, `${what.replaceAll(' ', '-')}.txt`);
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

before(async () => {
  edge = await OwnEdge.create();
  const config = JSON.parse(readFileSync(edge.configFile, 'utf8')) as Record<string, unknown>;
  const nobody = `127.0.0.1:${await freePort()}`;
  writeFileSync(
    edge.configFile,
    JSON.stringify({
      ...config,
      logLevel: 'debug',
      mail: {
        ...{ host: '127.0.0.1', port: Number(nobody.split(':')[1]), security: 'none' },
        ...{ from: 'edge@example.com', user: 'edge-mailer' },
        passwordFile: plant('mail password', 'mail-hunter2-Passw0rd'),
      },
      signIn: {
        oidc: [
          {
            ...{ id: 'home', name: 'Home', issuer: 'https://id.example.com', clientId: 'sallyport' },
            clientSecretFile: plant('client secret', 'oidc-Client-S3cret-value'),
          },
        ],
      },
    }),
  );
  await edge.start();
  const { api } = edge;
  const made = await api.createTunnel({ body: { name: 'home', note: 'token: note-s3cret-of-mine' } });
  planted.set('token of a tunnel', made.token!);
  planted.set('note', 'note-s3cret-of-mine');
  planted.set('page password', 'page-p4ssword-of-the-door');
  await api.setPagePassword({
    params: { password: 'door' },
    body: { password: planted.get('page password')! },
  });
  await api.createUser({ body: { name: 'ada', email: 'ada.secretive@example.org', role: 'admin' } as never });
  planted.set('mail address', 'ada.secretive');
  const hook = 'hook-path-S3cret-0123';
  planted.set('webhook path', hook).set('webhook key', 'signing-Key-0123456789abcdef');
  planted.set('slack path', 'T0000-B0000-slackS3cret').set('ntfy topic', 'ntfy-topic-s3cret-77');
  planted.set('ntfy token', 'tk_ntfy-s3cret-token').set('bot token', '123456:Bot-S3cret_Token');
  planted.set('matrix token', 'syt_matrix_S3cret');
  const channels: Record<string, object> = {
    hook: { kind: 'webhook', url: `http://${nobody}/${hook}`, signingKey: planted.get('webhook key') },
    slack: { kind: 'slack', url: `http://${nobody}/services/${planted.get('slack path')}` },
    ntfy: {
      ...{ kind: 'ntfy', server: `http://${nobody}`, topic: planted.get('ntfy topic') },
      token: planted.get('ntfy token'),
    },
    bot: { kind: 'telegram', server: `http://${nobody}`, token: planted.get('bot token'), chat: '1' },
    room: { kind: 'matrix', server: `http://${nobody}`, room: '!r:x', token: planted.get('matrix token') },
  };
  for (const [name, settings] of Object.entries(channels)) {
    await api.createChannel({ body: { name, settings: settings as never } });
    // It fails, and what it says of it is in the log and in the history.
    await api.testChannel({ params: { channel: name } });
  }
  for (const name of readdirSync(edge.dataDir, { recursive: true, encoding: 'utf8' })) {
    const file = join(edge.dataDir, name);
    if (!statSync(file).isFile() || !/key/i.test(name)) continue;
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.length >= 20 && !line.startsWith('-----'));
    for (const [i, line] of lines.entries()) planted.set(`${name} line ${i}`, line);
  }
});
after(() => edge?.close());

/** Unpacks an archive and searches every file in it. */
async function search(file: string, folder: string): Promise<string[]> {
  mkdirSync(folder);
  await run('tar', ['-xzf', file, '-C', folder]);
  const names = readdirSync(join(folder, 'sallyport-support')).toSorted((a, b) => (a < b ? -1 : 1));
  for (const name of names) {
    const text = readFileSync(join(folder, 'sallyport-support', name), 'utf8');
    for (const [what, secret] of planted) {
      const bytes = Buffer.from(secret);
      const forms = {
        ...{ plain: secret, base64: bytes.toString('base64').replace(/=+$/, ''), hex: bytes.toString('hex') },
        ...{ base64url: bytes.toString('base64url'), url: encodeURIComponent(secret) },
      };
      for (const [form, written] of Object.entries(forms))
        assert.ok(!text.includes(written), `${what} as ${form} is in ${name}`);
    }
  }
  return names;
}

test('a bundle of an edge has everything that helps and no secret, and says before what will be in it', async () => {
  const found = [...planted.keys()].join(', ');
  assert.match(found, /seal\.key line 0/);
  const list = await edge.command('support-bundle', '--list');
  assert.equal(list.code, 0, list.err);
  assert.match(list.out, /^edge\.json +\d+ +edge\.yml as it is in force, without secrets$/m);
  const file = join(edge.folder, 'bundle.tar.gz');
  const made = await edge.command('support-bundle', '--file', file);
  assert.equal(made.code, 0, made.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const folder = join(edge.folder, 'unpacked');
  const names = await search(file, folder);
  const listed = [...list.out.matchAll(/^(\S+\.(?:json|txt)) /gm)].map(([, name]) => name!);
  assert.deepEqual(
    names,
    listed.toSorted((a, b) => (a < b ? -1 : 1)),
  );
  const read = (name: string): string => readFileSync(join(folder, 'sallyport-support', name), 'utf8');
  assert.match(read('machine.json'), /"sallyport": "0\.1\.0"/);
  assert.match(read('edge.json'), /"hostname": "localhost"/);
  assert.match(read('metrics.txt'), /^sallyport_edge_/m);
  assert.match(read('log.txt'), /The edge is ready/);
  assert.match(read('troubles.json'), /The channel hook does not get through/);
  assert.match(read('tunnels.json'), /"name": "home"/);
  const twice = await edge.command('support-bundle', '--file', file);
  assert.match(twice.err, /could not be written .* name another with --file/);
});

test('a full disk while a bundle is written is told with its cure, and nothing half is left', async (context) => {
  const disk = join(edge.folder, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
    context.diagnostic('no tmpfs can be mounted here (root is needed); a full disk was not tried');
    return;
  }
  try {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc((bavail - 1) * bsize));
    const file = join(disk, 'bundle.tar.gz');
    const failed = await edge.command('support-bundle', '--file', file);
    assert.equal(failed.code, 1);
    assert.match(failed.err, /bundle\.tar\.gz could not be written \(ENOSPC.*\); make room, or name another/);
    assert.deepEqual(readdirSync(disk), ['filler']);
    rmSync(join(disk, 'filler'));
    assert.equal((await edge.command('support-bundle', '--file', file)).code, 0);
  } finally {
    spawnSync('umount', ['--lazy', disk]);
  }
});

test('a bundle of a connector holds none either, with a connector that does not answer', async () => {
  const config = join(edge.folder, 'config.yml');
  const credentials = join(edge.folder, 'credentials.json');
  const secret = Buffer.alloc(32, 7).toString('base64');
  planted.set('tunnel secret', secret);
  const id = '0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e';
  writeFileSync(credentials, JSON.stringify({ TunnelID: id, TunnelSecret: secret }));
  writeFileSync(
    config,
    `tunnel: ${id}\ncredentials-file: ${credentials}\ningress:\n  - hostname: a.example.com\n    service: http://user:origin-p4ssword@10.0.0.1\n  - service: http_status:404\n`,
  );
  planted.set('password of an origin', 'origin-p4ssword');
  const log = join(edge.folder, 'connector.log');
  writeFileSync(log, `INF Starting\nERR it was ${secret} and ${planted.get('token of a tunnel')}\n`);
  const file = join(edge.folder, 'connector.tar.gz');
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ['--connector', address, '--config', config, '--logfile', log, '--file', file];
  const made = await edge.commandAlone('support-bundle', ...flags);
  assert.equal(made.code, 0, made.err);
  const folder = join(edge.folder, 'unpacked-connector');
  assert.ok((await search(file, folder)).includes('log.txt'));
  const said = readFileSync(join(folder, 'sallyport-support/health.json'), 'utf8');
  assert.match(said, /The connector at 127\.0\.0\.1:\d+ did not answer/);
});

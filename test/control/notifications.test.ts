// Notifications as an owner sets them up: channels of every kind by the command line at a running edge, each tried against a
// receiver that is as strict as its maker's page; what goes wrong is told with its cure, and no secret is shown or kept open.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ChannelView, NotificationView } from '#api/notifications.ts';
import { startMailServer } from '../support/mail-server.ts';
import * as receivers from '../support/message-receivers.ts';
import { OwnEdge } from '../support/own-edge.ts';

let edge: OwnEdge;
let mail: Awaited<ReturnType<typeof startMailServer>>;
let other: Awaited<ReturnType<typeof receivers.startReceivers>>;
let signingKey = '';

before(async () => {
  mail = await startMailServer({
    security: 'none',
    refuse: (to) => (to.startsWith('nobody@') ? { code: 550, text: '5.1.1 no such user' } : undefined),
  });
  other = await receivers.startReceivers(() => signingKey);
  edge = await OwnEdge.start({
    config: {
      mail: { host: '127.0.0.1', port: mail.port, security: 'none', from: 'edge@example.com' },
      logLevel: 'debug',
    },
  });
});
after(async () => {
  await edge?.close();
  await other?.close();
  await mail?.close();
});

/** Runs `sallyport notify ...` and reads its JSON. */
async function notify<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await edge.command('notify', ...args, '--output', 'json');
  assert.equal(code, 0, out + err);
  return JSON.parse(out) as T;
}

function secretFile(text: string): string {
  const file = join(edge.folder, 'secret.txt');
  writeFileSync(file, `${text}\n`);
  return file;
}

async function add(name: string, kind: string, secret: string, ...flags: string[]) {
  return await notify<ChannelView & { signingKey: string | null }>(
    ...[
      'add',
      name,
      '--kind',
      kind,
      ...flags,
      ...(secret === '' ? [] : ['--secret-file', secretFile(secret)]),
    ],
  );
}

test('a channel of each kind, and a message that arrives by each', async () => {
  const tokenFile = join(edge.folder, 'token.txt');
  writeFileSync(tokenFile, receivers.ntfyToken);
  const hook = await add('hook', 'webhook', `${other.url}${receivers.webhookPath}`);
  assert.match(hook.signingKey ?? '', /^whsec_/);
  signingKey = hook.signingKey!;
  await add('phone', 'ntfy', receivers.ntfyTopic, '--server', other.url, '--token-file', tokenFile);
  await add('chat', 'telegram', receivers.botToken, '--server', other.url, '--chat=-100123');
  await add('room', 'matrix', receivers.matrixToken, '--server', `${other.url}/`, '--room', receivers.room);
  await add('team', 'slack', `${other.url}${receivers.slackPath}`);
  await add(
    'me',
    'mail',
    '',
    '--to',
    'ada@example.com,bob@example.com',
    '--quiet',
    '22:00-07:00 Europe/Berlin',
  );
  const tried = await edge.command('notify', 'test', 'hook');
  assert.match(tried.out, /has sent a message/);
  for (const channel of ['phone', 'chat', 'room', 'team', 'me'])
    assert.deepEqual(
      await edge.api.testChannel({ params: { channel } }),
      { isSent: true, detail: '' },
      channel,
    );
  assert.deepEqual(
    other.taken.map(({ by }) => by),
    ['webhook', 'ntfy', 'telegram', 'matrix', 'slack'],
  );
  for (const { by, text } of other.taken) assert.match(text, /this channel works/, by);
  assert.deepEqual(
    new Set(mail.mails.map(({ to }) => to[0])),
    new Set(['ada@example.com', 'bob@example.com']),
  );
  assert.match(mail.mails[0]!.text, /Nothing is wrong/);
  const listed = await edge.command('notify', 'list');
  assert.match(listed.out, /^phone +ntfy +127\.0\.0\.1:\d+ +warning .* good /m);
});

test('what does not get through is told with its reason, is a trouble itself, and is over when it works again', async () => {
  other.refuse({ status: 403, body: `{"error":"topic ${receivers.ntfyTopic} is reserved"}` });
  const refused = await edge.command('notify', 'test', 'phone');
  assert.equal(refused.code, 1);
  assert.match(
    refused.out,
    /did not get through: 127\.0\.0\.1:\d+ answered 403 \(.*topic \(secret\) is reserved/,
  );
  const status = await edge.api.getStatus();
  const trouble = status.troubles.find(({ noun }) => noun === 'channel');
  assert.equal(trouble?.title, 'The channel phone does not get through');
  assert.ok(trouble.sinceMs !== null && trouble.cure.includes('sallyport notify test phone'));
  await edge.api.testChannel({ params: { channel: 'phone' } });
  const again = await edge.api.getStatus();
  assert.ok(!again.troubles.some(({ noun }) => noun === 'channel'));
  await add('gone', 'mail', '', '--to', 'nobody@example.com');
  const mailed = await edge.api.testChannel({ params: { channel: 'gone' } });
  assert.match(mailed.detail, /5\.1\.1|550/);
  assert.equal((await edge.command('notify', 'remove', 'gone')).code, 0);
  const history = await notify<NotificationView[]>('history');
  assert.deepEqual([history[0]!.outcome, history.at(-1)!.channelName], ['tested', 'hook']);
  const described = ['atMs', 'channelId', 'channelName', 'detail', 'messageId', 'outcome', 'titles'];
  assert.deepEqual(Object.keys(history[0]!).toSorted(), described);
});

test('rules and mutes are set, shown, refused with a reason, and taken away', async () => {
  await notify('update', 'phone', '--least', 'error', '--quiet', 'Sat,Sun 00:00-24:00');
  const channels = await notify<ChannelView[]>('list');
  const phone = channels.find(({ name }) => name === 'phone')!;
  assert.deepEqual([phone.least, phone.quiet, phone.breaks], ['error', 'Sat,Sun 00:00-24:00', 'error']);
  const wrong = await edge.command('notify', 'update', 'phone', '--quiet', 'at night');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /must be hours such as "22:00-07:00 Europe\/Berlin"/);
  const twice = await edge.command(
    'notify',
    'add',
    'PHONE',
    '--kind',
    'ntfy',
    '--secret-file',
    secretFile('x'),
  );
  assert.match(twice.err, /channel phone already/);
  await notify('mute', 'nas.example.com', '--for', '8h');
  await edge.api.setMute({ body: { subject: 'tunnel:0b9c' } });
  assert.match(
    (await edge.command('notify', 'mutes')).out,
    /nas\.example\.com +2\d{3}-.*\n.*tunnel:0b9c +for good/,
  );
  await notify('unmute', 'nas.example.com');
  await edge.api.deleteMute({ params: { mute: 'tunnel:0b9c' } });
  assert.deepEqual((await edge.api.listMutes({})).items, []);
});

test('what opens anything is sealed at rest, and shown by no answer, no audit row, no export and no log', async () => {
  const secrets = [
    ...[receivers.webhookPath, receivers.slackPath, receivers.botToken, receivers.matrixToken],
    ...[receivers.ntfyToken, receivers.ntfyTopic, signingKey],
  ];
  const shown = [
    JSON.stringify(await edge.api.listChannels({})),
    JSON.stringify(await edge.api.listNotifications({})),
    JSON.stringify(await edge.api.listAudit({})),
    (await edge.api.exportLab({})).text,
    edge.running.stderr(),
  ];
  for (const text of shown) for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  for (const name of readdirSync(edge.dataDir)) {
    if (!statSync(join(edge.dataDir, name)).isFile()) continue;
    const bytes = readFileSync(join(edge.dataDir, name));
    for (const secret of secrets) assert.ok(!bytes.includes(secret), `${secret} in ${name}`);
  }
  // A copy of the same database opens nothing without the key file, and what was told is kept beside it.
  assert.ok(readdirSync(edge.dataDir).includes('seal.key'));
});

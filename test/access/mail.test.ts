// Mails against a real SMTP server: encrypted in both ways or refused, signed in, and every failure in a sentence with its cure.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { once } from 'node:events';
import { isSallyportError } from '#base/errors.ts';
import { createLog } from '#base/log.ts';
import { MailOutbox } from '#base/mail/mail-outbox.ts';
import { type MailSettings, sendMail } from '#base/mail/send-mail.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually, within } from '../support/eventually.ts';
import { type MailServerOptions, startMailServer } from '../support/mail-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-mail-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ca = createCertificate({ name: 'Test Mail CA', isCa: true });
const here = createCertificate({ name: 'localhost', names: ['localhost'], issuer: ca });
const elsewhere = createCertificate({ name: 'elsewhere', names: ['mail.example.net'], issuer: ca });
const caFile = fileOf('ca.pem', ca.cert);
const mail = {
  to: 'ada@example.com',
  subject: 'Grüße vom Rand',
  text: 'Eine Zeile.\n\nUnd ein Weg: https://x.example/\n',
};
const account = { user: 'edge@example.com', password: 'correct horse' };

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const settingsFor = (port: number, more: Partial<MailSettings> = {}): MailSettings => ({
  ...{
    host: 'localhost',
    port,
    security: 'starttls',
    from: 'edge@example.com',
    fromName: 'Ada’s Edge',
    caFile,
  },
  ...more,
});

async function serverFor(t: TestContext, options: MailServerOptions) {
  const server = await startMailServer(options);
  t.after(server.close);
  return server;
}

/** What sending fails with. */
async function faultOf(settings: MailSettings, given = mail): Promise<{ code: string; message: string }> {
  try {
    await within('an answer', 60_000, sendMail(given, settings));
  } catch (error) {
    assert.ok(isSallyportError(error), String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error;
  }
  throw new Error('the mail was sent');
}

for (const security of ['starttls', 'tls'] as const) {
  test(`a mail goes out by ${security}, signed in and encrypted`, async (t) => {
    const server = await serverFor(t, { security, tls: here, account });
    const passwordFile = fileOf('password', `${account.password}\n`);
    await sendMail(mail, settingsFor(server.port, { security, user: account.user, passwordFile }));
    const taken = await server.nth(1);
    assert.deepEqual(
      [taken.from, taken.to, taken.user],
      ['edge@example.com', ['ada@example.com'], account.user],
    );
    assert.equal(taken.isEncrypted, true);
    assert.equal(taken.text.replaceAll('\r\n', '\n').trim(), mail.text.trim());
    assert.match(taken.source, /^Auto-Submitted: auto-generated\r$/im);
    assert.match(taken.source, /^Content-Type: text\/plain; charset=utf-8\r$/im);
  });
}

test('without encryption only where its owner says so', async (t) => {
  const server = await serverFor(t, { security: 'none' });
  const refused = await faultOf(settingsFor(server.port, { security: 'starttls' }));
  assert.equal(refused.code, 'mail-refused');
  assert.match(refused.message, /No encrypted connection to the mail server localhost:\d+ .*STARTTLS.*\.$/);
  assert.equal(server.mails.length, 0);
  await sendMail(mail, settingsFor(server.port, { security: 'none' }));
  assert.equal((await server.nth(1)).isEncrypted, false);
});

test('a certificate for another name, or from a root that nobody knows, is no encryption', async (t) => {
  for (const [tls, more] of [
    [elsewhere, {}],
    [here, { caFile: undefined }],
  ] as const) {
    for (const security of ['starttls', 'tls'] as const) {
      const server = await serverFor(t, { security, tls });
      const { code, message } = await faultOf(settingsFor(server.port, { security, ...more }));
      assert.equal(code, 'mail-refused', message);
      assert.match(message, /No encrypted connection .*certificate.*mail\.caFile/);
      assert.equal(server.mails.length, 0);
    }
  }
});

test('a wrong password is named, and shown in no form', async (t) => {
  const server = await serverFor(t, { security: 'starttls', tls: here, account });
  const passwordFile = fileOf('wrong', 'wrong-horse');
  const { code, message } = await faultOf(settingsFor(server.port, { user: account.user, passwordFile }));
  assert.equal(code, 'mail-refused');
  assert.match(message, /could not sign in as edge@example.com .*mail\.user and mail\.passwordFile/);
  assert.doesNotMatch(message, /wrong-horse|d3JvbmctaG9yc2/);
  const missing = await faultOf(settingsFor(server.port, { user: account.user, passwordFile: '/nowhere' }));
  assert.equal(missing.code, 'file-unreadable');
});

test('a server that is away, silent, or busy is worth another try; one that refuses is not', async (t) => {
  const server = await serverFor(t, {
    ...{ security: 'starttls', tls: here },
    refuse: (to) =>
      to.startsWith('gone')
        ? { code: 550, text: '5.1.1 no such user' }
        : to.startsWith('later')
          ? { code: 451, text: '4.3.0 greylisted' }
          : undefined,
  });
  const settings = settingsFor(server.port);
  const gone = await faultOf(settings, { ...mail, to: 'gone@example.com' });
  assert.equal(gone.code, 'mail-refused');
  assert.match(gone.message, /no such user/);
  const later = await faultOf(settings, { ...mail, to: 'later@example.com' });
  assert.equal(later.code, 'mail-unreachable');
  assert.match(later.message, /greylisted.*another try/);
  await server.close();
  const away = await faultOf(settings);
  assert.equal(away.code, 'mail-unreachable');
  assert.match(away.message, /No connection to the mail server localhost:\d+ .*its name, its port/);
});

test('a server that hangs up before it greets is told apart from a refusal', async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined).end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const { code } = await faultOf(settingsFor((server.address() as AddressInfo).port));
  assert.equal(code, 'mail-unreachable');
});

test('no text smuggles in a recipient, a field or a second mail', async (t) => {
  const server = await serverFor(t, { security: 'none' });
  const settings = settingsFor(server.port, { security: 'none' });
  for (const bad of [
    { to: 'a@example.com, b@example.com' },
    { to: 'a@example.com\r\nRCPT TO:<b@example.com>' },
    { to: 'Ada <a@example.com>' },
    { to: '"a b"@example.com' },
    { to: 'nobody' },
    { subject: 'Hello\r\nBcc: b@example.com' },
    { subject: '' },
    { text: '' },
  ]) {
    assert.equal((await faultOf(settings, { ...mail, ...bad })).code, 'invalid', JSON.stringify(bad));
  }
  await sendMail({ ...mail, text: 'One.\n.\nRCPT TO:<b@example.com>\n..\nTwo.\n' }, settings);
  const taken = await server.nth(1);
  assert.deepEqual(taken.to, ['ada@example.com']);
  assert.match(taken.text, /One\.\r?\n\.\r?\nRCPT TO/);
  assert.equal(server.mails.length, 1);
});

test('the outbox answers at once, sends one after the other, tries again, and says what it gave up', async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'console', write: (line) => lines.push(line) });
  const tried: string[] = [];
  const faults: ('mail-unreachable' | 'mail-refused' | 'none')[] = [
    'mail-unreachable',
    'none',
    'mail-refused',
  ];
  const { SallyportError } = await import('#base/errors.ts');
  const outbox = new MailOutbox({
    ...{ clock, log, settings: () => settingsFor(1) },
    send({ to }) {
      tried.push(to);
      const fault = faults.shift() ?? 'mail-unreachable';
      return fault === 'none' ? Promise.resolve() : Promise.reject(new SallyportError(fault, 'It is away.'));
    },
  });
  for (const to of ['first@example.com', 'second@example.com', 'third@example.com']) {
    assert.equal(outbox.put({ ...mail, to }, 'a sign-in link'), true);
  }
  await eventually('the first try', () => lines.some((line) => line.includes('is tried again')));
  assert.deepEqual(tried, ['first@example.com']);
  clock.advance(5_000);
  await eventually('the third mail', () => tried.includes('third@example.com'));
  await eventually('its wait', () => lines.filter((line) => line.includes('is tried again')).length === 2);
  clock.advance(5_000);
  await eventually('its second try', () => tried.length === 5);
  await eventually('its wait', () => lines.filter((line) => line.includes('is tried again')).length === 3);
  clock.advance(60_000);
  await eventually('its end', () => lines.filter((line) => line.includes('was not sent')).length === 2);
  assert.deepEqual(tried.slice(1), [
    'first@example.com',
    'second@example.com',
    ...Array<string>(3).fill('third@example.com'),
  ]);
  for (let i = 0; i < 100; i++) outbox.put(mail, 'a sign-in link');
  const taken = Array.from({ length: 5 }, () => outbox.put(mail, 'a sign-in link'));
  assert.equal(taken.includes(false), true);
  assert.equal(
    lines.some((line) => line.includes('was dropped')),
    true,
  );
  assert.doesNotMatch(lines.join(''), /ada@example.com/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailSettingsSchema, withAbsoluteMailPaths } from './mail-settings.ts';

const least = { host: 'smtp.example.com', from: 'edge@example.com' };
const faultOf = (value: unknown): string =>
  mailSettingsSchema.safeParse(value).error?.issues[0]?.message ?? '';

test('the port follows from how the connection is encrypted, unless it is named', () => {
  assert.equal(mailSettingsSchema.parse(least).port, 587);
  assert.equal(mailSettingsSchema.parse({ ...least, security: 'tls' }).port, 465);
  assert.equal(mailSettingsSchema.parse({ ...least, security: 'none' }).port, 25);
  assert.equal(mailSettingsSchema.parse({ ...least, port: 2525 }).port, 2525);
});

test('a password is never sent where others can read it', () => {
  const account = { user: 'edge', passwordFile: 'smtp.password' };
  assert.match(faultOf({ ...least, ...account, security: 'none' }), /a password is not sent/);
  assert.equal(faultOf({ ...least, ...account, security: 'none', host: '127.0.0.1' }), '');
  assert.match(faultOf({ ...least, user: 'edge' }), /both "user" and "passwordFile"/);
});

test('a sender is one plain address and one line', () => {
  for (const from of ['edge', 'a@b, c@d', 'Edge <a@b.example>', 'a@b.example\r\nBcc: c@d.example']) {
    assert.match(faultOf({ ...least, from }), /must be a mail address/, from);
  }
  assert.match(faultOf({ ...least, fromName: 'Ada\r\nBcc: c@d.example' }), /must be one line/);
});

test('files are found from wherever the edge was started', () => {
  const mail = mailSettingsSchema.parse({ ...least, user: 'edge', passwordFile: 'p', caFile: 'ca.pem' });
  const { passwordFile, caFile } = withAbsoluteMailPaths(mail, (path) => `/etc/sallyport/${path}`);
  assert.deepEqual([passwordFile, caFile], ['/etc/sallyport/p', '/etc/sallyport/ca.pem']);
});

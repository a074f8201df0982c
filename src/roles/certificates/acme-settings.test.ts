import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { acmeSettingsOf } from './acme-settings.ts';

const settingsFor = (acme: string) => acmeSettingsOf(parseEdgeConfig(`acme: ${acme}\n`, 'edge.yml').acme!);

test('S0-19 the staging switch leads to the test system of the same authority, and its name says so', () => {
  const [live] = settingsFor('{}').authorities;
  assert.equal(live!.directoryUrl, 'https://acme-v02.api.letsencrypt.org/directory');
  assert.equal(live!.label, 'letsencrypt');
  const [staging] = settingsFor('{ staging: true }').authorities;
  assert.equal(staging!.directoryUrl, 'https://acme-staging-v02.api.letsencrypt.org/directory');
  assert.equal(staging!.label, 'letsencrypt (staging)');
});

test('an authority without a test system is refused while staging is on', () => {
  assert.throws(
    () => settingsFor('{ staging: true, authorities: [letsencrypt, sslcom] }'),
    /line 1: sslcom has no test system; leave it out while staging is on/,
  );
});

test('what belongs to withdrawn hostnames is kept for three hours, or for as long as the owner says', () => {
  assert.equal(settingsFor('{}').keepUnusedMs, 3 * 3_600_000);
  assert.equal(settingsFor('{ keepUnused: 0s }').keepUnusedMs, 0);
});

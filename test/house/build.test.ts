// The release build is made and both of its forms run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '#base/version.ts';

test('the bundle and the single executable say their version', () => {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const text = execFileSync(process.execPath, ['build.ts'], { cwd, encoding: 'utf8' });
  assert.equal(text.split(`sallyport version ${version}`).length - 1, 2);
});

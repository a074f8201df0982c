// `sallyport import` as it is run: what it prints where, what it writes, and how it ends.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sallyportCommand } from '../support/demo.ts';
import { startProcess } from '../support/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-import-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of the folder with this text. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs the command to its end, whatever that is. */
async function imported(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const running = startProcess(sallyportCommand, ['import', ...args]);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

const plain = 'blog.example.com {\n  reverse_proxy localhost:3000\n}\n';
const guarded = 'blog.example.com {\n  reverse_proxy localhost:3000\n  forward_auth auth:9091\n}\n';

test('what maps whole is printed, and the command ends well', async () => {
  const { code, stdout, stderr } = await imported([file('Caddyfile', plain)]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /hostname: blog\.example\.com/);
  assert.match(stderr, /Everything mapped/);
});

test('what does not map is named with its line on standard error, and the code is 3', async () => {
  const { code, stdout, stderr } = await imported([file('Caddyfile', guarded)]);
  assert.equal(code, 3);
  assert.match(stdout, /access: private/);
  assert.match(stderr, /line 3: forward_auth/);
});

test('for machines it is one JSON object', async () => {
  const { code, stdout } = await imported([file('Caddyfile', guarded), '--output', 'json']);
  assert.equal(code, 3);
  const { form, lab, unmapped } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(form, 'caddyfile');
  assert.partialDeepStrictEqual(lab, { routes: [{ hostname: 'blog.example.com', access: 'private' }] });
  assert.partialDeepStrictEqual(unmapped, [{ line: 3 }]);
});

test('it writes the file that it is told to, and prints no lab file then', async () => {
  const target = join(folder, 'lab.yml');
  const { code, stdout } = await imported([file('Caddyfile', plain), '-f', target]);
  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.match(readFileSync(target, 'utf8'), /service: http:\/\/localhost:3000/);
});

test('a file that is not there, is none of these, or cannot be told is refused with the cause', async () => {
  const refused = [
    [join(folder, 'absent'), /could not be read/],
    [file('bad.toml', 'serverAddr = \n'), /is no TOML/],
    [file('broken.Caddyfile', 'blog.example.com {\n  reverse_proxy a:1\n'), /line/],
  ] as const;
  for (const [path, cause] of refused) {
    const { code, stderr } = await imported([path]);
    assert.equal(code, 1, path);
    assert.match(stderr, cause, path);
  }
});

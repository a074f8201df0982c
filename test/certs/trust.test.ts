// `sallyport trust` on a real system's store and a real browser database, inside a mount namespace of its own, so that the
// machine stays as it is; and the page from which the root is fetched.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Demo, sallyportCommand, startDemo } from '../support/demo.ts';
import { isInstalled, run, startProcess } from '../support/process.ts';

let demo: Demo;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-trust-'));
  demo = await startDemo();
});
after(async () => {
  await demo.close();
  rmSync(folder, { recursive: true, force: true });
});

const url = (): string => `http://localhost:${demo.httpPort}`;
const blog = (): string => `https://blog.localhost:${demo.httpsPort}/`;

async function sallyport(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; text: string }> {
  const running = startProcess(sallyportCommand, args, { env });
  const code = await running.ended;
  return { code, text: running.stdout() + running.stderr() };
}

test('the root can be fetched from the plain listener, with a page that says how to trust it', async () => {
  const page = await run('curl', ['-sS', `${url()}/.well-known/sallyport/ca`]);
  assert.match(page, /Compare the fingerprint with what/);
  assert.equal(await run('curl', ['-sS', `${url()}/.well-known/sallyport/ca.pem`]), demo.ca);
  // Any host name will do: a phone may know the edge by its address alone.
  const host = ['-H', 'Host: 192.0.2.7'];
  assert.equal(await run('curl', ['-sS', ...host, `${url()}/.well-known/sallyport/ca.pem`]), demo.ca);
  const other = await run('curl', [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    `${url()}/.well-known/other`,
  ]);
  assert.equal(other, '308');
});

test('a root from the plain listener is trusted only by its fingerprint', async () => {
  const { text } = await sallyport(['trust', 'show', '--ca', demo.caFile]);
  const fingerprint = /SHA-256 {2}(\S+)/.exec(text)![1]!;
  const args = ['trust', 'install', '--url', url(), '--dry-run'];
  const without = await sallyport(args);
  assert.equal(without.code, 1);
  assert.match(without.text, /read without encryption; give --fingerprint/);
  const wrong = await sallyport([
    ...args,
    '--fingerprint',
    fingerprint.replace(/^../, fingerprint.startsWith('00') ? '01' : '00'),
  ]);
  assert.equal(wrong.code, 1);
  const right = await sallyport([...args, '--fingerprint', fingerprint]);
  assert.equal(right.code, 0, right.text);
});

test('a browser database trusts the root after the install, and does not after the uninstall', async (context) => {
  if (!(await isInstalled('certutil')))
    return context.skip('certutil is not installed; test/system-packages.sh installs it');
  const database = join(folder, '.pki/nssdb');
  mkdirSync(database, { recursive: true });
  await run('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
  const listed = (): Promise<string> => run('certutil', ['-L', '-d', `sql:${database}`]);
  const env = { HOME: folder, SUDO_USER: '' };
  const flags = ['--ca', demo.caFile, '--only', 'browsers'];
  const installed = await sallyport(['trust', 'install', ...flags], env);
  assert.equal(installed.code, 0, installed.text);
  assert.match(await listed(), /sallyport-[0-9a-f]{16}\s+C,,/);
  if (await isInstalled('chromium')) {
    const page = await run(
      'chromium',
      ['--headless', '--no-sandbox', '--disable-gpu', '--dump-dom', blog()],
      { env },
    );
    assert.match(page, /<article|<h1/, 'Chromium shows the page, and no warning');
    assert.doesNotMatch(page, /ERR_CERT|Your connection is not private/);
  }
  // A second time changes nothing and is no error.
  assert.equal((await sallyport(['trust', 'install', ...flags], env)).code, 0);
  const uninstalled = await sallyport(['trust', 'uninstall', ...flags], env);
  assert.equal(uninstalled.code, 0, uninstalled.text);
  assert.doesNotMatch(await listed(), /sallyport-/);
  assert.equal((await sallyport(['trust', 'uninstall', ...flags], env)).code, 0);
});

test("this system's programs trust the root after the install, and do not after the uninstall", async (context) => {
  const script = join(folder, 'in-namespace.sh');
  // Copies of the folders that are changed, seen by this process and its children only.
  writeFileSync(
    script,
    `set -e
for folder in /etc/ssl/certs /usr/local/share/ca-certificates; do
  copy="$1/$(basename $folder)"
  cp -a "$folder" "$copy"
  mount --bind "$copy" "$folder"
done
ask() { curl -sS -o /dev/null -w '%{http_code}' "$4" 2>/dev/null || echo " refused"; }
echo "before $(ask "$@")"
"$2" trust install --only system --ca "$3"
echo "installed $(ask "$@")"
"$2" trust uninstall --only system --ca "$3"
echo "after $(ask "$@")"
`,
  );
  const args = ['--mount', 'sh', script, folder, sallyportCommand, demo.caFile, blog()];
  const namespace = startProcess('unshare', args);
  const code = await namespace.ended;
  if (/Operation not permitted|unshare failed/.test(namespace.stderr()))
    return context.skip('no mount namespace can be made here: this needs root');
  assert.equal(code, 0, namespace.stdout() + namespace.stderr());
  const said = namespace.stdout();
  assert.match(said, /^before .*refused$/m);
  assert.match(said, /^installed 200$/m);
  assert.match(said, /^after .*refused$/m);
  assert.doesNotMatch(
    readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8'),
    new RegExp(demo.ca.split('\n')[1]!.slice(0, 40).replaceAll(/[+/]/g, '.')),
  );
});

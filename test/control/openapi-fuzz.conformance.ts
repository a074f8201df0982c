// The API fuzzed from its own description, by schemathesis, against a running edge over https: bad types, huge values, ids of
// nobody, undeclared methods. No answer is a fault of the edge, every one is as described, what the schemas refuse is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allScopes } from '#model/users/role.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { run, startProcess } from '../support/process.ts';
import { pythonIsMissing, pythonTool } from '../support/python-tool.ts';

const version = '4.32.5';
/**
 * `positive_data_acceptance` wants every request that fits the schemas to be done: not those for ids that are nobody's, names
 * that are taken, or versions that are past. `ignored_auth` asks again without the key, and is what the table of roles is for (roles.test.ts).
 */
const notChecked = 'positive_data_acceptance,ignored_auth';
/** Streams never end, and an issuer is another server. */
const notAsked = ['streamEvents', 'streamRequests', 'startIssuerSignIn', 'finishIssuerSignIn'];
const secondsWithKey = 45;
const secondsSignedIn = 30;

let edge: OwnEdge;
let command: readonly string[];

before(async () => {
  const tool = await pythonTool('schemathesis', version);
  assert.ok(tool, pythonIsMissing);
  command = tool;
  edge = await OwnEdge.start({ dashboard: 'localhost' });
  await edge.api.createUser({ body: { name: 'fuzzed', role: 'owner' } });
  await edge.api.createTunnel({ body: { name: 'home' } });
});
after(() => edge?.close());

/** Runs the fuzzer with these headers; fails with what it found. */
async function fuzz(seconds: number, headers: readonly string[], choice: readonly string[]): Promise<number> {
  const [program, ...args] = command;
  const running = startProcess(
    program!,
    [
      ...args,
      ...['run', `${edge.url}/api/v1/openapi.json`, '--tls-verify', edge.caFile, '--checks', 'all'],
      ...['--exclude-checks', notChecked, '--phases', 'examples,coverage,fuzzing', '--workers', '1'],
      ...['--max-time', String(seconds), '--seed', '1', '--warnings', 'off', '--output-sanitize', 'false'],
      ...headers.flatMap((header) => ['-H', header]),
      ...choice,
      ...notAsked.flatMap((id) => ['--exclude-operation-id', id]),
    ],
    // Its database of examples would be written where it runs.
    { cwd: edge.folder },
  );
  const code = await running.ended;
  assert.equal(code, 0, `${running.stdout()}\n${running.stderr()}`);
  const [, cases] = /^\s*(\d+) generated/m.exec(running.stdout()) ?? [];
  const [, tested] = /^\s*Tested: (\d+)/m.exec(running.stdout()) ?? [];
  const [, selected] = /^\s*Selected: (\d+)/m.exec(running.stdout()) ?? [];
  assert.ok(Number(tested) > 0 && tested === selected, running.stdout());
  return Number(cases);
}

test('with an owner’s API key, no request is answered otherwise than described', async (context) => {
  const { key } = await edge.api.createApiKey({
    body: { name: 'fuzz', user: 'fuzzed', scopes: allScopes },
  });
  const cases = await fuzz(secondsWithKey, [`Authorization: Bearer ${key}`], []);
  context.diagnostic(`${cases} requests`);
  assert.ok(cases > 100);
  // It was the API that was fuzzed, and not its refusal of a key that has gone.
  const me = await run('curl', [
    ...['-sf', '--cacert', edge.caFile, '--resolve', `localhost:${edge.port}:127.0.0.1`],
    ...['-H', `Authorization: Bearer ${key}`, `${edge.url}/api/v1/me`],
  ]);
  assert.match(me, /"name":"fuzz /);
  assert.doesNotMatch(edge.running.stderr(), /fault of the edge itself/);
});

test('signed in as a browser is, no request about oneself is answered otherwise than described', async (context) => {
  // A user of its own: whoever was fuzzed before may have another name by now.
  await edge.api.createUser({ body: { name: 'visitor', role: 'owner' } });
  const { url } = await edge.api.createUserLink({ params: { user: 'visitor' } });
  const token = new URL(url).hash.replace('#token=', '');
  const head = await run('curl', [
    ...['-s', '-D', '-', '--cacert', edge.caFile, '--resolve', `localhost:${edge.port}:127.0.0.1`],
    ...['--json', JSON.stringify({ token }), `${edge.url}/api/v1/sign-in/link`],
  ]);
  const [, cookie] = /^set-cookie: ([^;]+)/im.exec(head) ?? [];
  assert.ok(cookie, head);
  const cases = await fuzz(
    secondsSignedIn,
    [`Cookie: ${cookie}`, 'Sec-Fetch-Site: same-origin'],
    ['--include-path-regex', '^/me'],
  );
  context.diagnostic(`${cases} requests`);
  assert.ok(cases > 50);
  assert.doesNotMatch(edge.running.stderr(), /fault of the edge itself/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allScopes, scopesOf } from '#model/users/role.ts';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { exportLab } from '../lab-export.ts';
import { applyLab } from './lab-apply.ts';

const lab = `
tunnels:
  - name: home
    hostnames: ["*.home.example.com"]
    ingress:
      - hostname: blog.example.com
        service: http://localhost:3000
      - service: http_status:404
  - name: cabin
    management: local
routes:
  - hostname: blog.example.com
    tunnel: home
    cache:
      setCookie: strip
    compression: "off"
  - hostname: blog.example.com
    path: /admin
    tunnel: cabin
    isEnabled: false
settings:
  title: My lab
`;
const everything = { prune: false, isPlan: false, scopes: new Set(allScopes) };

test('a lab file makes everything in one change, and tells the tokens once', async () => {
  const { control } = await controlWorld();
  const plan = control.preview(applyLab(lab, { ...everything, isPlan: true }), tester).result;
  assert.deepEqual(
    plan.steps.map(({ action, noun, name }) => `${action} ${noun} ${name}`),
    [
      'create tunnel home',
      'change rule-set home',
      'create tunnel cabin',
      'create route blog.example.com',
      'create route blog.example.com/admin',
      'change setting settings',
    ],
  );
  assert.deepEqual(plan.tokens, []);
  assert.equal(control.state.tunnels.size, 0, 'a plan changes nothing');
  const { revision } = control.state;
  const done = await control.run(applyLab(lab, { ...everything, revision: plan.revision }), tester);
  assert.deepEqual(done.steps, plan.steps);
  assert.deepEqual(
    done.tokens.map(({ tunnel }) => tunnel),
    ['home', 'cabin'],
  );
  assert.equal(control.state.revision, revision + 1);
});

test('an export that is applied changes nothing, and applied elsewhere makes the same', async () => {
  const { control } = await controlWorld();
  await control.run(applyLab(lab, everything), tester);
  const text = exportLab(control.state);
  assert.deepEqual((await control.run(applyLab(text, { ...everything, prune: true }), tester)).steps, []);
  const other = await controlWorld({ seed: 99 });
  await other.control.run(applyLab(text, everything), tester);
  const body = (exported: string) => exported.split('\n').slice(2).join('\n');
  assert.equal(body(exportLab(other.control.state)), body(text));
});

test('what the file does not have stays, and is told, unless pruning was asked for', async () => {
  const { control } = await controlWorld();
  await control.run(applyLab(lab, everything), tester);
  const less = 'tunnels:\n  - name: home\n    hostnames: ["*.home.example.com"]\n';
  const kept = await control.run(applyLab(less, everything), tester);
  assert.deepEqual(kept.unlisted.map(({ name }) => name).toSorted(), [
    'blog.example.com',
    'blog.example.com/admin',
    'cabin',
  ]);
  assert.equal(control.state.routes.size, 2);
  await control.run(applyLab(less, { ...everything, prune: true }), tester);
  assert.deepEqual(
    [...control.state.tunnels.values()].map(({ name }) => name),
    ['home'],
  );
  assert.equal(control.state.routes.size, 0);
});

test('faults are told by line, and nothing is changed', async () => {
  const { control } = await controlWorld();
  for (const [text, path] of [
    ['tunnels:\n  - name: "two words"\n', 'line 2'],
    ['tunnels: [\n', 'line'],
    ['tunnel: []\n', 'line 1'],
    ['routes:\n  - hostname: a.b\n    tunnel: x\n    pfad: /\n', 'line 2'],
  ] as const) {
    assert.throws(
      () => applyLab(text, everything),
      (error: { facts: { faults: { path: string }[] } }) => error.facts.faults[0]!.path.startsWith(path),
    );
  }
  const missing = 'routes:\n  - hostname: a.example.com\n    tunnel: nowhere\n';
  assert.equal((await refusal(control.run(applyLab(missing, everything), tester))).code, 'not-found');
  assert.equal(control.state.routes.size, 0);
});

test('a file is no way around what somebody may do, and a stale plan is not applied', async () => {
  const { control } = await controlWorld();
  const admin = { ...everything, scopes: new Set(scopesOf('admin')) };
  assert.equal((await refusal(control.run(applyLab(lab, admin), tester))).code, 'forbidden');
  assert.equal(control.state.tunnels.size, 0);
  const stale = { ...everything, revision: control.state.revision - 1 };
  assert.equal((await refusal(control.run(applyLab(lab, stale), tester))).code, 'precondition-failed');
});

test('ten thousand routes are planned and applied as one change', async () => {
  const { control } = await controlWorld();
  const routes = Array.from(
    { length: 10_000 },
    (_, i) => `  - { hostname: n${i}.example.com, tunnel: home }`,
  );
  const big = `tunnels: [{ name: home }]\nroutes:\n${routes.join('\n')}\n`;
  await control.run(applyLab(big, everything), tester);
  assert.equal(control.state.routes.size, 10_000);
  assert.deepEqual((await control.run(applyLab(big, everything), tester)).steps, []);
});

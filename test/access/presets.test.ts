// Presets of products: what each opens and what stays closed, as decided by the very code that decides requests; and what an
// owner is shown of them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccessDecision, decideAccess, unknownVisit, type Visit } from '#http/access/access-decision.ts';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import { parseEdgeConfig } from '#config/edge-config.ts';
import {
  type AccessPolicy,
  accessPolicySchema,
  describePolicy,
  lineOfPolicy,
  parsePolicyLine,
  presetLines,
} from '#model/access/access-policy.ts';
import { accessPresets, presetNames } from '#model/presets/access-preset.ts';
import { presetRows } from './preset-rows.ts';

const stranger: Visit = { ...unknownVisit, address: '198.51.100.7' };

function decide(policy: AccessPolicy, row: string): AccessDecision {
  const [method, path] = row.split(' ') as [string, string];
  return decideAccess(compilePolicy(policy), { ...stranger, method, path });
}

const withPreset = (preset: string, rules: unknown = ['group:family']): AccessPolicy =>
  accessPolicySchema.parse({ rules, preset });

for (const name of presetNames) {
  describe(`the preset ${name}`, () => {
    const policy = withPreset(name);
    const { opens, stays } = presetRows[name];

    test('lets the requests of the product pass, and nothing of its pages, set-up or administration', () => {
      assert.deepEqual(
        opens.filter((row) => decide(policy, row).verdict !== 'allow'),
        [],
      );
      assert.deepEqual(
        stays.filter((row) => decide(policy, row).verdict !== 'sign-in'),
        [],
      );
      assert.equal(decide(policy, opens[0]!).by, `preset:${name}`);
    });

    test('has no opening that no row tries', () => {
      const untried = accessPresets[name].opens.filter(({ paths, methods }) => {
        const alone: AccessPolicy = [
          { allow: 'anyone', paths: [...paths], ...(methods === undefined ? {} : { methods: [...methods] }) },
        ];
        return !opens.some((row) => decide(alone, row).verdict === 'allow');
      });
      assert.deepEqual(untried, []);
    });

    test('opens for no spelling that a server might read as something else', () => {
      for (const row of opens) {
        const [method, path] = row.split(' ') as [string, string];
        const base = path.split('/')[1]!;
        for (const trick of [
          `/${base}/%2e%2e/admin`,
          `/${base}%2f..%2fadmin`,
          `/${base};/../admin`,
          `/${base}\\..\\admin`,
        ]) {
          assert.notEqual(decide(policy, `${method} ${trick}`).verdict, 'allow', `${method} ${trick}`);
        }
      }
    });

    test('has a source, a caution, and a word for each opening', () => {
      const { source, caution, title } = accessPresets[name];
      assert.ok(URL.canParse(source) && source.startsWith('https://'));
      assert.match(caution, /^[A-Z/].{30,}\.$/);
      assert.ok(title.length > 2);
      for (const { why } of accessPresets[name].opens) assert.ok(why.length > 8, why);
    });
  });
}

describe('a policy with a preset', () => {
  test('asks its own rules first: whoever they turn away stays out', () => {
    const policy = withPreset('jellyfin', [{ deny: 'ip:198.51.100.0/24' }, 'group:family']);
    assert.deepEqual(decide(policy, 'GET /socket'), {
      verdict: 'deny',
      rule: 1,
      by: 'ip:198.51.100.0/24',
      reason: 'denied',
    });
  });

  test('is private without rules, and may name several', () => {
    const policy = accessPolicySchema.parse({ preset: ['jellyfin', 'seerr'] });
    assert.equal(decide(policy, 'GET /').verdict, 'sign-in');
    assert.equal(decide(policy, 'GET /socket').by, 'preset:jellyfin');
    assert.equal(decide(policy, 'GET /api/v1/status').by, 'preset:seerr');
    assert.equal(describePolicy(policy), 'signed-in, preset:jellyfin, preset:seerr');
  });

  test('is a line on the command line and in the dashboard, and back', () => {
    for (const line of [
      'signed-in, preset:jellyfin',
      'group:family, ip:192.168.0.0/16, preset:gitea, preset:registry',
    ]) {
      const policy = parsePolicyLine(line);
      assert.ok(policy, line);
      assert.equal(lineOfPolicy(policy), line);
    }
    assert.deepEqual(parsePolicyLine('preset:immich'), accessPolicySchema.parse({ preset: 'immich' }));
    assert.equal(parsePolicyLine('private,preset:jellyfish'), undefined);
    assert.equal(parsePolicyLine(''), undefined);
    assert.equal(lineOfPolicy([{ allow: 'anyone', paths: '/share' }, 'signed-in']), undefined);
    for (const policy of ['public', 'private', ['group:family', 'ip:192.168.0.0/16'], ['signed-in']] as const)
      assert.deepEqual(parsePolicyLine(lineOfPolicy(policy as AccessPolicy)!), policy);
  });

  test('names the preset that was misspelt, and those there are', () => {
    const text =
      'certificates: [{cert: a, key: b}]\ntunnels: [{name: t, id: 00000000-0000-4000-8000-000000000001, publicKey: "x"}]\nroutes: [{hostname: a.example.com, tunnel: t, access: {preset: jellyfish}}]';
    assert.throws(
      () => parseEdgeConfig(text, 'edge.yml'),
      /line 3: .*preset.*one of .*jellyfin.*not "jellyfish"/,
    );
  });

  test('is shown whole: each path with its methods and the reason', () => {
    const lines = presetLines(withPreset('navidrome'));
    assert.deepEqual(lines, [
      'navidrome opens GET HEAD POST at /rest: Subsonic apps; name and password each time',
    ]);
  });
});

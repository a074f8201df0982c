// One schema for each step of a route: edge.yml, the lab file, the API (new and changed routes), the command line and the fields of
// the dashboard all hold the very same object, take the same settings to the same value, and refuse the same faults in the
// same words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { routeOperations } from '#api/routes.ts';
import { changedSteps } from '#cli/edge/route-steps.ts';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { labSchema } from '#model/lab.ts';
import {
  changedStepsShape,
  type RouteStepName,
  routeStepNames,
  routeStepSchemas,
  routeStepsShape,
} from '#model/routes/route-steps.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';

interface Sample {
  readonly good: unknown;
  /** Wrong in one place, which is named as in an error. */
  readonly bad: unknown;
  readonly at: string;
}

/** A step without a row does not compile. */
const samples: Readonly<Record<RouteStepName, Sample>> = {
  cache: { good: { setCookie: 'strip' }, bad: { setCookie: 'some' }, at: 'setCookie' },
  compression: { good: { codings: ['br'] }, bad: { codings: ['lzw'] }, at: 'codings.0' },
  redirects: {
    good: [{ path: '/a', to: '/b' }],
    bad: [{ path: '/a', to: '/b', status: 300 }],
    at: '0.status',
  },
  hsts: { good: { maxAge: '24h' }, bad: { maxAge: 'long' }, at: 'maxAge' },
  balance: { good: { policy: 'weighted' }, bad: { policy: 'dice' }, at: 'policy' },
  canonicalHost: { good: 'apex', bad: 'middle', at: '' },
  prefix: { good: { strip: '/a' }, bad: { strip: 'a' }, at: 'strip' },
  headers: { good: { security: 'basic' }, bad: { security: 'lax' }, at: 'security' },
  cors: { good: { origins: ['https://a.test'] }, bad: { origins: ['a.test/x'] }, at: 'origins.0' },
  maintenance: { good: { retryAfter: '1h' }, bad: { retryAfter: 'soon' }, at: 'retryAfter' },
  errorPages: { good: { folder: 'blog' }, bad: { folder: '../etc' }, at: 'folder' },
  limits: { good: { body: '10MiB' }, bad: { body: 'big' }, at: 'body' },
  rateLimits: {
    good: [{ requests: 5, window: '1m' }],
    bad: [{ requests: 0, window: '1m' }],
    at: '0.requests',
  },
  bandwidth: { good: { down: '2MiB' }, bad: { down: '1' }, at: 'down' },
  guard: { good: { ban: { after: 5 } }, bad: { ban: { after: 0 } }, at: 'ban.after' },
  trace: { good: { ratio: 0.5 }, bad: { ratio: 2 }, at: 'ratio' },
};

const createBody = routeOperations.createRoute.body!;
const changeBody = routeOperations.updateRoute.body!;

const key = `${'A'.repeat(43)}=`;
const id = '11111111-1111-4111-8111-111111111111';

/** Reads a step as a part of the product does; throws what that throws. */
type Reader = (name: RouteStepName, settings: unknown) => unknown;

const readers: Readonly<Record<string, Reader>> = {
  'edge.yml': (name, settings) => {
    const text = stringify({
      internalCa: true,
      tunnels: [{ name: 'home', id, publicKeys: [key] }],
      routes: [{ hostname: 'a.test', tunnel: 'home', [name]: settings }],
    });
    return parseEdgeConfig(text, 'edge.yml').routes[0]![name];
  },
  'the lab file': (name, settings) =>
    labSchema.parse({ routes: [{ hostname: 'a.test', tunnel: 'home', [name]: settings }] }).routes[0]![name],
  'the API for a new route': (name, settings) =>
    createBody.parse({ hostname: 'a.test', tunnel: 'home', [name]: settings })[name],
  'the API for a change': (name, settings) => changeBody.parse({ [name]: settings })[name],
  'the command line': (name, settings) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
    return changedSteps({ args: [], flags: new Map([[flag, text]]) })[name];
  },
};

for (const name of routeStepNames) {
  describe(name, () => {
    const { good, bad, at } = samples[name];
    const schema: z.ZodType = routeStepSchemas[name];

    test('is the same object in every schema', () => {
      assert.equal(routeStepsShape[name].unwrap(), schema);
      assert.equal(changedStepsShape[name].unwrap().unwrap(), schema);
      assert.equal(createBody.shape[name], routeStepsShape[name]);
      assert.equal(changeBody.shape[name], changedStepsShape[name]);
      assert.equal(labSchema.shape.routes.unwrap().element.shape[name], routeStepsShape[name]);
    });

    test('is read to the same value by each', () => {
      const wanted = schema.parse(good);
      for (const [who, read] of Object.entries(readers)) assert.deepEqual(read(name, good), wanted, who);
    });

    test('is refused by each at the same place, in the same words', () => {
      const issues = schema.safeParse(bad).error?.issues ?? [];
      const [issue] = plainIssues(issues);
      assert.ok(issue, 'it is wrong');
      assert.equal(issue.path.join('.'), at);
      for (const [who, read] of Object.entries(readers))
        assert.throws(
          () => read(name, bad),
          (error) => toldBy(error).includes(faultText(issue)),
          who,
        );
    });
  });
}

/** What an error says: a sentence, or the faults of a schema in the words that people read. */
function toldBy(error: unknown): string {
  const { issues } = error as { readonly issues?: readonly z.core.$ZodIssue[] };
  return issues ? plainIssues(issues).map(faultText).join('; ') : String(error);
}

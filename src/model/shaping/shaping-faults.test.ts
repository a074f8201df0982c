import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandwidthSchema } from './bandwidth.ts';
import { corsSchema } from './cors-rule.ts';
import { errorPagesSchema, pageKeyOfFile } from './error-pages.ts';
import { headerRulesSchema } from './header-rules.ts';
import { maintenanceSchema } from './maintenance.ts';
import { rateLimitsSchema } from './rate-limit.ts';
import { requestLimitsSchema } from './request-limits.ts';

/** What a schema says against a value, with where. */
function faultOf(
  schema: {
    safeParse(value: unknown): {
      error?: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } | undefined;
    };
  },
  value: unknown,
): string {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'none';
}

test('header changes: what belongs to the edge is refused, with the cure, and unknown variables with the known ones', () => {
  const set = (name: string, value: string) => ({ request: { set: { [name]: value } } });
  assert.equal(faultOf(headerRulesSchema, set('X-A', 'b {client_ip}')), 'none');
  for (const name of ['Host', 'content-length', 'X-Forwarded-For', 'X-Sallyport-User', 'Connection', 'a b'])
    assert.notEqual(faultOf(headerRulesSchema, set(name, 'x')), 'none', name);
  assert.match(
    faultOf(headerRulesSchema, { response: { remove: ['Host'] } }),
    /httpHostHeader in the ingress rule/,
  );
  assert.match(
    faultOf(headerRulesSchema, set('X-A', '{ip}')),
    /there is no variable \{ip\}; there are \{client_ip\}/,
  );
  for (const value of ['a\r\nX-B: c', 'a\nb', 'a\0', ' a'])
    assert.notEqual(faultOf(headerRulesSchema, set('X-A', value)), 'none', JSON.stringify(value));
});

test('CORS: "*" with credentials is refused, and so is what is no origin', () => {
  assert.match(faultOf(corsSchema, { origins: ['*'], credentials: true }), /^credentials: .*must be named/);
  for (const origin of ['app.example.com', 'https://a.example/', 'null', 'https://*'])
    assert.notEqual(faultOf(corsSchema, { origins: [origin] }), 'none', origin);
  assert.equal(faultOf(corsSchema, { origins: ['https://*.example.com', 'http://localhost:3000'] }), 'none');
});

test('limits are more than nothing and have units', () => {
  assert.equal(faultOf(requestLimitsSchema, { body: '10MiB', headerCount: 20 }), 'none');
  assert.match(faultOf(requestLimitsSchema, { body: '0' }), /^body: must be a size/);
  assert.match(faultOf(rateLimitsSchema, [{ requests: 0 }]), /requests/);
  assert.match(faultOf(rateLimitsSchema, [{ requests: 1, window: '0s' }]), /window: must be a duration/);
  assert.match(faultOf(bandwidthSchema, { down: '1KiB' }), /at least "16KiB"/);
  assert.match(faultOf(bandwidthSchema, {}), /needs down, up or both/);
  assert.match(faultOf(maintenanceSchema, { allow: ['192.168.0.0/99'] }), /address or a prefix/);
});

test('error pages: a folder is a plain name, and files are told by their status', () => {
  for (const folder of ['../etc', '/etc', 'a/b', '.hidden'])
    assert.notEqual(faultOf(errorPagesSchema, { folder }), 'none', folder);
  assert.notEqual(faultOf(errorPagesSchema, { pages: { 200: 'x' } }), 'none');
  assert.notEqual(faultOf(errorPagesSchema, { pages: { 404: 'x'.repeat(65_537) } }), 'none');
  assert.deepEqual(['404.html', '5xx.html', '200.html', '404.txt', '404'].map(pageKeyOfFile), [
    '404',
    '5xx',
    undefined,
    undefined,
    undefined,
  ]);
});

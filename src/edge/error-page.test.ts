import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, failureCodes } from '#http/exchange.ts';
import type { FailureCode } from '#http/exchange.ts';
import { renderFailure } from './error-page.ts';

const codes = Object.keys(failureCodes) as FailureCode[];

function fieldOf(fields: readonly string[], name: string): string | undefined {
  const at = fields.indexOf(name);
  return at < 0 ? undefined : fields[at + 1];
}

describe('an error answer', () => {
  for (const [accept, type] of [
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
    ['application/json', 'application/problem+json'],
    ['application/vnd.api+json', 'application/problem+json'],
    ['application/problem+json', 'application/problem+json'],
    ['*/*', 'text/plain; charset=utf-8'],
    ['', 'text/plain; charset=utf-8'],
    ['image/png', 'text/plain; charset=utf-8'],
  ] as const) {
    test(`to Accept: ${accept} is ${type}`, () => {
      const { fields } = renderFailure(failure('no-connector', ''), 'id', accept, 'a.test');
      assert.equal(fieldOf(fields, 'Content-Type'), type);
    });
  }

  test('says for each code what happened, marked and numbered, and never the detail', () => {
    for (const code of codes) {
      for (const accept of ['text/html', 'application/json', '*/*']) {
        const what = failure(code, 'dial tcp 10.1.2.3:8080: ECONNREFUSED');
        const { fields, body } = renderFailure(what, 'request-7', accept, 'a.test');
        const text = body.toString();
        assert.equal(fieldOf(fields, 'X-Sallyport-Error'), code);
        assert.equal(fieldOf(fields, 'X-Request-Id'), 'request-7');
        assert.ok(text.includes(code) && text.includes('request-7') && text.includes(String(what.status)));
        assert.ok(text.includes(failureCodes[code][1]));
        assert.doesNotMatch(text + fields.join(), /10\.1\.2\.3|ECONN|dial/);
      }
    }
  });

  test('in JSON is JSON', () => {
    const { body } = renderFailure(failure('origin-refused', 'x'), 'id', 'application/json', 'a.test');
    const { status, code, requestId } = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.deepEqual([status, code, requestId], [502, 'origin-refused', 'id']);
  });

  test('escapes what it shows', () => {
    const evil = `<script>"'&`;
    const { body } = renderFailure(failure('no-such-host', evil), evil, 'text/html', evil);
    const text = body.toString().replace(/<style>[^]*<\/style>/, '');
    assert.doesNotMatch(text, /<script>"/);
    assert.match(text, /&lt;script&gt;&quot;/);
  });

  test('tells when to come back, and what is allowed', () => {
    assert.equal(fieldOf(renderFailure(failure('draining', ''), 'id', '', '').fields, 'Retry-After'), '5');
    assert.ok(fieldOf(renderFailure(failure('method-not-allowed', ''), 'id', '', '').fields, 'Allow'));
    assert.equal(
      fieldOf(renderFailure(failure('no-such-host', ''), 'id', '', '').fields, 'Retry-After'),
      undefined,
    );
  });
});

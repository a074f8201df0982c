import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IngressRule, OriginRequest, Service } from '#model/ingress/ingress-rule.ts';
import { publishedRuleSchema } from '#model/ingress/published-rules.ts';
import { publishRule } from './published-rule.ts';

const originRequest: OriginRequest = {
  connectTimeoutMs: 30_000,
  tlsTimeoutMs: 10_000,
  tcpKeepAliveMs: 30_000,
  noHappyEyeballs: false,
  keepAliveConnections: 100,
  keepAliveTimeoutMs: 90_000,
  httpHostHeader: '',
  originServerName: '',
  matchSniToHost: false,
  caPool: '',
  noTlsVerify: false,
  disableChunkedEncoding: false,
  bastionMode: false,
  proxyAddress: '127.0.0.1',
  proxyPort: 0,
  proxyType: '',
  ipRules: [],
  http2Origin: false,
  proxyProtocol: '',
  access: { required: false, teamName: '', audTag: [] },
};

function rule(service: Service, own: Partial<OriginRequest> = {}): IngressRule {
  return { hostname: '*', path: '', service, originRequest: { ...originRequest, ...own } };
}

const http = (scheme: 'http' | 'https' | 'h2c', text = `${scheme}://x`): Service => ({
  kind: 'http',
  text,
  scheme,
  host: 'x',
  port: 1,
});
const unix = (isTls: boolean): Service => ({ kind: 'unix', text: 'unix:/x', path: '/x', isTls });

for (const [name, made, protocol, isTls, followsHost] of [
  ['http', rule(http('http')), 'http1', false, false],
  ['http with http2Origin (TLS only)', rule(http('http'), { http2Origin: true }), 'http1', false, false],
  ['https', rule(http('https')), 'http1', true, false],
  ['https with http2Origin', rule(http('https'), { http2Origin: true }), 'h2', true, false],
  ['https with matchSNItoHost', rule(http('https'), { matchSniToHost: true }), 'http1', true, true],
  [
    'https with both names',
    rule(http('https'), { matchSniToHost: true, originServerName: 'a' }),
    'http1',
    true,
    false,
  ],
  ['h2c', rule(http('h2c')), 'h2', false, false],
  ['unix', rule(unix(false)), 'http1', false, false],
  ['unix+tls', rule(unix(true)), 'http1', true, true],
  ['ssh', rule({ kind: 'tcp', text: 'ssh://x', scheme: 'ssh', host: 'x', port: 22 }), 'tcp', false, false],
  ['hello_world', rule({ kind: 'hello-world', text: 'hello_world' }), 'http1', false, false],
  ['bastion', rule({ kind: 'bastion', text: 'bastion' }), 'bastion', false, false],
  ['socks-proxy', rule({ kind: 'socks-proxy', text: 'socks-proxy' }), 'socks', false, false],
] as const) {
  test(`${name} is published as ${protocol}${isTls ? ' with TLS' : ''}`, () => {
    const published = publishRule(made);
    assert.deepEqual(
      [published.protocol, published.isTls, published.followsHost],
      [protocol, isTls, followsHost],
    );
    assert.equal(published.hostname, '');
    publishedRuleSchema.parse(published);
  });
}

test('a name and password in an address are not published', () => {
  assert.equal(publishRule(rule(http('http', 'http://user:secret@x'))).service, 'http://x');
});

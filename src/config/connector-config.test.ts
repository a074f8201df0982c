import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  discoverConfigFile,
  emptyConnectorConfig,
  parseConnectorConfig,
  requireValid,
} from './connector-config.ts';
import { matchIngress, validateIngress, validateIngressJson } from './ingress-commands.ts';
import { defaultOriginRequest } from './ingress-origin-request.ts';
import { singleOriginConfig } from './single-origin.ts';

const everyKey = `
tunnel: 11111111-2222-4333-8444-555555555555
cred-file: /etc/cloudflared/x.json
loglevel: debug
grace-period: 1m30s
ha-connections: 2
no-autoupdate: yes
tag: [a=b, c=d]
warp-routing: {enabled: true, connectTimeout: 5s, maxActiveFlows: 10, tcpKeepAlive: 30s}
originRequest:
  connectTimeout: 10s
  noTLSVerify: true
ingress:
  - hostname: app.example.com
    service: https://localhost:8000
    originRequest:
      connectTimeout: 1m
      tlsTimeout: 1s
      tcpKeepAlive: 1s
      noHappyEyeballs: true
      keepAliveTimeout: 1s
      keepAliveConnections: 1
      httpHostHeader: abc
      originServerName: a1
      matchSNItoHost: true
      caPool: /tmp/path0
      noTLSVerify: false
      disableChunkedEncoding: true
      bastionMode: false
      proxyAddress: interface
      proxyPort: 200
      proxyType: ""
      http2Origin: true
      proxyProtocol: v2
      ipRules: [{prefix: 10.0.0.0/8, ports: [80, 8080], allow: false}]
      access: {required: true, teamName: t, audTag: [x]}
  - service: http_status:404
`;

test('a rule overrides every key of originRequest, the file the defaults', () => {
  const config = requireValid(parseConnectorConfig(everyKey, 'yaml', ''));
  assert.deepEqual(config.rules[0]!.originRequest, {
    connectTimeoutMs: 60_000,
    tlsTimeoutMs: 1_000,
    tcpKeepAliveMs: 1_000,
    noHappyEyeballs: true,
    keepAliveConnections: 1,
    keepAliveTimeoutMs: 1_000,
    httpHostHeader: 'abc',
    originServerName: 'a1',
    matchSniToHost: true,
    caPool: '/tmp/path0',
    noTlsVerify: false,
    disableChunkedEncoding: true,
    bastionMode: false,
    proxyAddress: 'interface',
    proxyPort: 200,
    proxyType: '',
    ipRules: [{ prefix: '10.0.0.0/8', ports: [80, 8080], allow: false }],
    http2Origin: true,
    proxyProtocol: 'v2',
    access: { required: true, teamName: 't', audTag: ['x'] },
  });
  assert.deepEqual(config.rules[1]!.originRequest, {
    ...defaultOriginRequest,
    connectTimeoutMs: 10_000,
    noTlsVerify: true,
  });
});

test('flags may stand in the file, with their types', () => {
  const config = requireValid(parseConnectorConfig(everyKey, 'yaml', ''));
  assert.equal(config.tunnel, '11111111-2222-4333-8444-555555555555');
  assert.equal(config.credentialsFile, '/etc/cloudflared/x.json');
  assert.deepEqual(Object.fromEntries(config.flags), {
    loglevel: 'debug',
    'grace-period': 90_000,
    'ha-connections': 2,
    'no-autoupdate': true,
    tag: ['a=b', 'c=d'],
  });
});

test('TestUnmarshalRemoteConfigOverridesGlobal: JSON has whole seconds', () => {
  const json =
    '{"originRequest":{"connectTimeout":90},"ingress":[{"service":"https://x","originRequest":{"connectTimeout":10,"noTLSVerify":true}}]}';
  const config = requireValid(parseConnectorConfig(json, 'json', ''));
  assert.equal(config.rules[0]!.originRequest.connectTimeoutMs, 10_000);
  assert.equal(config.originRequest.connectTimeoutMs, 90_000);
});

for (const [text, stem] of [
  ['loglevel: [a]', 'loglevel must be a string'],
  ['ha-connections: four', 'ha-connections must be a whole number'],
  ['grace-period: 30', 'grace-period must be a duration with its unit'],
  ['no-autoupdate: "maybe"', 'no-autoupdate must be true or false'],
  ['ingress: {a: b}', 'ingress must be a list'],
  ['a: 1\na: 2', 'unique'],
  ['- a', 'the configuration must be a mapping'],
  ['ingress:\n\t- a', ''],
] as const) {
  test(`"${text.replaceAll('\n', ' ')}" is an error with a line`, () => {
    const errors = parseConnectorConfig(text, 'yaml', '').problems.filter(({ kind }) => kind === 'error');
    assert.ok(
      errors.some(({ message, line }) => message.includes(stem) && line !== undefined),
      JSON.stringify(errors),
    );
  });
}

test('anchors and merge keys work as in Go', () => {
  const yaml =
    'x: &d\n  connectTimeout: 3s\ningress:\n - hostname: a\n   service: http://x\n   originRequest: {<<: *d, noTLSVerify: true}\n - service: http_status:404\n   originRequest: *d\n';
  const { rules } = requireValid(parseConnectorConfig(yaml, 'yaml', ''));
  assert.deepEqual(
    rules.map(({ originRequest }) => originRequest.connectTimeoutMs),
    [3_000, 3_000],
  );
});

test('the file is found in the first folder that has one', () => {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
  mkdirSync(join(home, '.cloudflared'));
  writeFileSync(join(home, '.cloudflared', 'config.yaml'), '');
  assert.equal(discoverConfigFile(home), join(home, '.cloudflared', 'config.yaml'));
  writeFileSync(join(home, '.cloudflared', 'config.yml'), '');
  assert.equal(discoverConfigFile(home), join(home, '.cloudflared', 'config.yml'));
  rmSync(home, { recursive: true });
});

test('`tunnel ingress validate` and `rule` print what cloudflared prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));
  const file = join(folder, 'config.yml');
  const write = (text: string): void => writeFileSync(file, text);
  const rules =
    'ingress:\n  - hostname: a.example.com\n    path: ^/$\n    service: http://localhost:1\n  - service: http_status:404\n';
  write(rules);
  assert.deepEqual(validateIngress(file), { text: `Validating rules from ${file}\nOK\n`, exitCode: 0 });
  assert.deepEqual(matchIngress(file, 'https://a.example.com/'), {
    text: `Using rules from ${file}\nMatched rule #0\n\thostname: a.example.com\n\tpath: ^/$\n\tservice: http://localhost:1\n`,
    exitCode: 0,
  });
  assert.match(
    matchIngress(file, 'https://a.example.com').text,
    /Matched rule #1\n\tservice: http_status:404\nNote: /,
  );
  assert.deepEqual(matchIngress(file, 'a.example.com'), {
    text: "a.example.com doesn't have a hostname, consider adding a scheme\n",
    exitCode: 1,
  });
  write(`extra: 1\n${rules}`);
  assert.match(
    validateIngress(file).text,
    /Warning: unused keys detected in your config file. Here is a list of unused keys:\n {2}key "extra".*line 1/,
  );
  assert.equal(validateIngress(file).exitCode, 0);
  write('ingress:\n  - hostname: a\n    service: http://x\n');
  assert.match(
    validateIngress(file).text,
    /\nValidation failed: The last ingress rule must match all URLs .*\(line 2\)\n$/,
  );
  assert.equal(validateIngress(file).exitCode, 1);
  write('');
  assert.match(validateIngress(file).text, /The config file doesn't contain any ingress rules/);
  write(`url: http://x\n${rules}`);
  assert.match(validateIngress(file).text, /You can't set the --url flag/);
  assert.match(validateIngress(undefined).text, /^No configuration file was found\. /);
  assert.equal(validateIngress(join(folder, 'missing.yml')).exitCode, 1);
  rmSync(folder, { recursive: true });
});

test('`tunnel ingress validate --json` reads rules from the command line', () => {
  assert.deepEqual(validateIngressJson('{"ingress":[{"service":"http_status:404"}]}'), {
    text: 'Validating rules from cmdline flag --json\nOK\n',
    exitCode: 0,
  });
  assert.equal(validateIngressJson('{').exitCode, 1);
});

for (const [name, flags, service] of [
  ['--hello-world', [['hello-world', true]], 'hello_world'],
  ['--url', [['url', 'http://localhost:9090']], 'http://localhost:9090'],
  ['--unix-socket', [['unix-socket', '/run/a.sock']], 'unix:/run/a.sock'],
  ['--bastion', [['bastion', true]], 'bastion'],
  ['nothing', [], 'http_status:503'],
] as const) {
  test(`TestSingleOriginServices: ${name} makes one rule`, () => {
    const { rules } = singleOriginConfig(emptyConnectorConfig, new Map<string, string | boolean>(flags));
    assert.deepEqual(
      rules.map((rule) => rule.service.text),
      [service],
    );
  });
}

test('TestSingleOriginSetsConfig: flags fill originRequest', () => {
  const flags = new Map<string, string | number | boolean>([
    ['url', 'https://x'],
    ['proxy-connect-timeout', 1_000],
    ['no-tls-verify', true],
    ['http-host-header', 'example.com:8080'],
  ]);
  const { originRequest } = singleOriginConfig(emptyConnectorConfig, flags).rules[0]!;
  assert.equal(originRequest.connectTimeoutMs, 1_000);
  assert.equal(originRequest.noTlsVerify, true);
  assert.equal(originRequest.httpHostHeader, 'example.com:8080');
});

// cloudflared's tables for reading ingress rules (shared facts, tunnels.md 8a), by their names there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '#model/ingress/ingress-rule.ts';
import { parseConnectorConfig, requireValid } from './connector-config.ts';
import { defaultPortOf, isHttpScheme } from './ingress-service.ts';

function errorsOf(yaml: string): string[] {
  const { problems } = parseConnectorConfig(yaml, 'yaml', 'config.yml');
  return problems.filter(({ kind }) => kind === 'error').map(({ message }) => message);
}

function warningsOf(yaml: string): string[] {
  const { problems } = parseConnectorConfig(yaml, 'yaml', 'config.yml');
  return problems.filter(({ kind }) => kind === 'warning').map(({ message }) => message);
}

function servicesOf(yaml: string): Service[] {
  return requireValid(parseConnectorConfig(yaml, 'yaml', 'config.yml')).rules.map(({ service }) => service);
}

const fourOhFour = { kind: 'http-status', text: 'http_status:404', status: 404 };
const https = (port: number): object => ({
  kind: 'http',
  text: `https://localhost:${port}`,
  scheme: 'https',
  host: 'localhost',
  port,
});
const tcp = (text: string, scheme: string, host: string, port: number): object => ({
  kind: 'tcp',
  text,
  scheme,
  host,
  port,
});

const accepted: readonly [name: string, yaml: string, services: readonly object[]][] = [
  [
    'Multiple rules',
    'ingress:\n - hostname: tunnel1.example.com\n   service: https://localhost:8000\n - hostname: "*"\n   service: https://localhost:8001',
    [https(8000), https(8001)],
  ],
  [
    'Extra keys',
    'ingress:\n - hostname: "*"\n   service: https://localhost:8000\nextraKey: extraValue',
    [https(8000)],
  ],
  [
    'ws service',
    'ingress:\n - hostname: "*"\n   service: wss://localhost:8000',
    [{ ...https(8000), text: 'wss://localhost:8000' }],
  ],
  ['Hostname can be omitted', 'ingress:\n - service: https://localhost:8000', [https(8000)]],
  [
    'Unicode domain',
    'ingress:\n - hostname: môô.cloudflare.com\n   service: https://localhost:8000\n - service: https://localhost:8001',
    [https(8000), https(8001)],
  ],
  ['Valid HTTP status', 'ingress:\n - service: http_status:404', [fourOhFour]],
  [
    'Valid hello world service',
    'ingress:\n - service: hello_world',
    [{ kind: 'hello-world', text: 'hello_world' }],
  ],
  [
    'TCP services',
    'ingress:\n- hostname: tcp.foo.com\n  service: tcp://127.0.0.1\n- hostname: tcp2.foo.com\n  service: tcp://localhost:8000\n- service: http_status:404',
    [
      tcp('tcp://127.0.0.1', 'tcp', '127.0.0.1', 7864),
      tcp('tcp://localhost:8000', 'tcp', 'localhost', 8000),
      fourOhFour,
    ],
  ],
  ['SSH services', 'ingress:\n- service: ssh://127.0.0.1', [tcp('ssh://127.0.0.1', 'ssh', '127.0.0.1', 22)]],
  [
    'RDP services',
    'ingress:\n- service: rdp://127.0.0.1',
    [tcp('rdp://127.0.0.1', 'rdp', '127.0.0.1', 3389)],
  ],
  ['SMB services', 'ingress:\n- service: smb://127.0.0.1', [tcp('smb://127.0.0.1', 'smb', '127.0.0.1', 445)]],
  [
    'Other TCP services',
    'ingress:\n- service: ftp://127.0.0.1',
    [tcp('ftp://127.0.0.1', 'ftp', '127.0.0.1', 0)],
  ],
  [
    'SOCKS services',
    'ingress:\n- hostname: socks.foo.com\n  service: socks-proxy\n  originRequest:\n    ipRules:\n      - prefix: 1.1.1.0/24\n        ports: [80, 443]\n        allow: true\n      - prefix: 0.0.0.0/0\n        allow: false\n- service: http_status:404',
    [{ kind: 'socks-proxy', text: 'socks-proxy' }, fourOhFour],
  ],
  [
    "URL isn't necessary if using bastion",
    'ingress:\n- hostname: bastion.foo.com\n  originRequest:\n    bastionMode: true\n- service: http_status:404',
    [{ kind: 'bastion', text: 'bastion' }, fourOhFour],
  ],
  [
    'Bastion service',
    'ingress:\n- hostname: bastion.foo.com\n  service: bastion\n- service: http_status:404',
    [{ kind: 'bastion', text: 'bastion' }, fourOhFour],
  ],
  [
    'TestParseUnixSocket',
    'ingress:\n- service: unix:/tmp/echo.sock',
    [{ kind: 'unix', text: 'unix:/tmp/echo.sock', path: '/tmp/echo.sock', isTls: false }],
  ],
  [
    'TestParseUnixSocketTLS',
    'ingress:\n- service: unix+tls:/tmp/echo.sock',
    [{ kind: 'unix', text: 'unix+tls:/tmp/echo.sock', path: '/tmp/echo.sock', isTls: true }],
  ],
  [
    'ours: h2c',
    'ingress:\n- service: h2c://localhost:50051',
    [{ kind: 'http', text: 'h2c://localhost:50051', scheme: 'h2c', host: 'localhost', port: 50051 }],
  ],
  [
    'ours: IPv6',
    'ingress:\n- service: http://[::1]:8080',
    [{ kind: 'http', text: 'http://[::1]:8080', scheme: 'http', host: '::1', port: 8080 }],
  ],
];

for (const [name, yaml, services] of accepted) {
  test(`TestParseIngress: ${name}`, () => {
    assert.deepEqual(servicesOf(yaml), services);
  });
}

const refused: readonly [name: string, yaml: string, stem: string][] = [
  [
    'Invalid unicode domain',
    'ingress:\n - hostname: "\ufffd.cloudflare.com"\n   service: https://localhost:8000',
    'The last ingress rule must match all URLs',
  ],
  [
    'Invalid service',
    'ingress:\n - hostname: "*"\n   service: https://local host:8000',
    'invalid character " " in host name',
  ],
  [
    "Last rule isn't catchall",
    'ingress:\n - hostname: example.com\n   service: https://localhost:8000',
    'The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)',
  ],
  [
    'First rule is catchall',
    'ingress:\n - service: https://localhost:8000\n - hostname: example.com\n   service: https://localhost:8000',
    "Rule #1 is matching the hostname '', but this will match every hostname",
  ],
  [
    "Catch-all rule can't have a path",
    'ingress:\n - service: https://localhost:8001\n   path: /subpath1/(.*)/subpath2',
    'The last ingress rule must match all URLs',
  ],
  [
    'Invalid regex',
    'ingress:\n - hostname: example.com\n   service: https://localhost:8000\n   path: "*/subpath2"\n - service: https://localhost:8001',
    'Rule #1 has an invalid regex',
  ],
  [
    'Service must have a scheme',
    'ingress:\n - service: localhost:8000',
    'localhost:8000 is an invalid address, please make sure it has a scheme and a hostname',
  ],
  [
    'Wildcard not at start',
    'ingress:\n - hostname: "test.*.example.com"\n   service: https://localhost:8000\n - service: http_status:404',
    'Hostname patterns can have at most one wildcard character ("*")',
  ],
  [
    "Service can't have a path",
    'ingress:\n - service: https://localhost:8000/static/',
    "ingress rules don't support proxying to a different path on the origin service",
  ],
  [
    'ours: not even a slash',
    'ingress:\n - service: https://localhost:8000/',
    "ingress rules don't support proxying to a different path on the origin service",
  ],
  ['Invalid HTTP status', 'ingress:\n - service: http_status:asdf', 'invalid HTTP status code'],
  ['Invalid HTTP status code', 'ingress:\n - service: http_status:8080', 'invalid HTTP status code: 8080'],
  [
    'Hostname contains port',
    'ingress:\n - hostname: "test.example.com:443"\n   service: https://localhost:8000\n - hostname: "*"\n   service: https://localhost:8001',
    'Hostname cannot contain a port',
  ],
  [
    'TestParseAccessConfig: audTag without team',
    'ingress:\n - service: http_status:404\n   originRequest: {access: {required: true, audTag: [a]}}',
    'access.TeamName cannot be blank when access.audTags are present',
  ],
];

for (const [name, yaml, stem] of refused) {
  test(`TestParseIngress: ${name}`, () => {
    const errors = errorsOf(yaml);
    assert.ok(
      errors.some((message) => message.includes(stem)),
      errors.join('\n'),
    );
  });
}

for (const [name, access, isRequired] of [
  ['required with team and audience', '{required: true, teamName: t, audTag: [a, b]}', true],
  ['required with nothing else', '{required: true}', true],
  ['team only', '{required: true, teamName: t}', true],
  ['not required', '{required: false, audTag: [a]}', false],
] as const) {
  test(`TestParseAccessConfig: ${name}`, () => {
    const yaml = `ingress:\n - service: http_status:404\n   originRequest: {access: ${access}}`;
    const { rules } = requireValid(parseConnectorConfig(yaml, 'yaml', ''));
    assert.equal(rules[0]!.originRequest.access.required, isRequired);
  });
}

test('TestIsHTTPService', () => {
  assert.deepEqual(['http', 'https', 'ws', 'wss', 'tcp'].map(isHttpScheme), [true, true, true, true, false]);
});

test('TestAddPortIfMissing', () => {
  assert.deepEqual(['ssh', 'rdp', 'smb', 'tcp', 'ftp'].map(defaultPortOf), [22, 3389, 445, 7864, 0]);
});

test('every error of a file is reported, each with its line', () => {
  const { problems } = parseConnectorConfig(
    'ingress:\n - hostname: a:1\n   service: http://x/y\n - hostname: b\n   path: "("\n   service: nothing\n - service: http_status:1\n',
    'yaml',
    '',
  );
  const errors = problems.filter(({ kind }) => kind === 'error');
  assert.deepEqual(
    errors.map(({ line }) => line),
    [2, 2, 4, 4, 7],
  );
});

test('rules that can never be reached are pointed out, in either order of specific and wildcard', () => {
  const yaml = (first: string, second: string): string =>
    `ingress:\n - hostname: "${first}"\n   service: http://x\n - hostname: "${second}"\n   service: http://x\n - service: http_status:404\n`;
  assert.match(
    warningsOf(yaml('*.example.com', 'a.example.com')).join(),
    /Rule #2 \(a.example.com\) is never reached: rule #1/,
  );
  assert.match(warningsOf(yaml('a.example.com', 'a.example.com')).join(), /never reached/);
  assert.match(warningsOf(yaml('*.example.com', '*.b.example.com')).join(), /never reached/);
  assert.deepEqual(warningsOf(yaml('a.example.com', '*.example.com')), []);
  assert.deepEqual(warningsOf(yaml('*.b.example.com', '*.example.com')), []);
});

for (const [name, rule, stem] of [
  [
    'a bare wildcard',
    'hostname: "*x.com"\n   service: http://x',
    'which no request can have; write "*.x.com"',
  ],
  ['grpc', 'hostname: a\n   service: grpc://x:1', 'write h2c://'],
  ['tls', 'hostname: a\n   service: tls://x:1', 'carried as plain TCP without TLS'],
  ['an unknown scheme', 'hostname: a\n   service: gopher://x:1', 'not a known scheme'],
  ['a scheme without port', 'hostname: a\n   service: ftp://x', 'cannot be reached; add a port'],
  [
    'noTLSVerify on a public address',
    'hostname: a\n   service: https://8.8.8.8\n   originRequest: {noTLSVerify: true}',
    'public address 8.8.8.8',
  ],
  ['a bastion that may go nowhere', 'hostname: a\n   service: bastion', 'refuses every destination'],
] as const) {
  test(`${name} is accepted with a warning`, () => {
    const yaml = `ingress:\n - ${rule}\n - service: http_status:404\n`;
    assert.deepEqual(errorsOf(yaml), []);
    assert.ok(
      warningsOf(yaml).some((message) => message.includes(stem)),
      warningsOf(yaml).join(),
    );
  });
}

test('access at the top of the file applies to every rule, and says so', () => {
  const yaml = 'originRequest:\n  access: {required: true}\ningress:\n - service: http_status:404\n';
  assert.equal(
    requireValid(parseConnectorConfig(yaml, 'yaml', '')).rules[0]!.originRequest.access.required,
    true,
  );
  assert.match(warningsOf(yaml).join(), /applies to every rule/);
});

test('a misspelt access key is an error, never a rule that is open by mistake', () => {
  const yaml = (keys: string): string => `ingress:\n - service: http_status:404\n   originRequest: ${keys}\n`;
  assert.match(errorsOf(yaml('{acess: {required: true}}')).join(), /write access/);
  assert.match(errorsOf(yaml('{access: {require: true}}')).join(), /write required/);
  assert.deepEqual(errorsOf(yaml('{somethingElse: 1}')), []);
});

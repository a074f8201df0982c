// One origin given by flags (`--url`, `--unix-socket`, `--hello-world`, `--bastion`) instead of ingress rules: the same
// configuration as a file with a single rule, so that nothing downstream knows the difference.
import { SallyportError } from '#base/errors.ts';
import type { ConnectorConfig } from './connector-config.ts';
import { ingressMessages } from './ingress-rules.ts';
import type { FlagValue } from './connector-config-flags.ts';
import { mergeOriginRequest, type PartialOriginRequest } from './ingress-origin-request.ts';
import { parseService } from './ingress-service.ts';

/** What is served when nothing was named: cloudflared answers 503 to all. */
const nothingToServe = 'http_status:503';

/**
 * The configuration with its one rule.
 * @throws SallyportError 'config-invalid' when the origin cannot be used, or rules and `--url` stand together
 */
export function singleOriginConfig(
  config: ConnectorConfig,
  flags: ReadonlyMap<string, FlagValue>,
): ConnectorConfig {
  if (config.rules.length > 0)
    throw new SallyportError('config-invalid', `${ingressMessages.urlWithIngress}.`);
  const originRequest = mergeOriginRequest(config.originRequest, originRequestOf(flags));
  const text = serviceOf(flags);
  const result = parseService(text, originRequest.bastionMode);
  if ('error' in result) {
    throw new SallyportError('config-invalid', `The origin "${text}" cannot be served: ${result.error}.`);
  }
  return { ...config, rules: [{ hostname: '', path: '', service: result.service, originRequest }] };
}

/** Whether the flags name an origin at all. */
export function namesOrigin(flags: ReadonlyMap<string, FlagValue>): boolean {
  return serviceOf(flags) !== nothingToServe;
}

function serviceOf(flags: ReadonlyMap<string, FlagValue>): string {
  if (flags.get('hello-world') === true) return 'hello_world';
  if (flags.get('socks5') === true) return 'socks-proxy';
  if (flags.get('bastion') === true) return 'bastion';
  const socket = flags.get('unix-socket');
  if (typeof socket === 'string' && socket !== '') return `unix:${socket}`;
  const url = flags.get('url');
  return typeof url === 'string' && url !== '' ? withScheme(url) : nothingToServe;
}

/** `localhost:3000` means http, as in cloudflared. */
function withScheme(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/|^unix(\+tls)?:|^http_status:|^hello_world$/i.test(url)
    ? url
    : `http://${url}`;
}

function originRequestOf(flags: ReadonlyMap<string, FlagValue>): PartialOriginRequest {
  const made: Record<string, FlagValue> = {};
  for (const [flag, key] of Object.entries(originRequestKeys)) {
    const value = flags.get(flag);
    if (value !== undefined) made[key] = value;
  }
  return made as PartialOriginRequest;
}

/** Flags of the single origin and the `originRequest` key each one is. */
const originRequestKeys: Readonly<Record<string, keyof PartialOriginRequest>> = {
  'proxy-connect-timeout': 'connectTimeoutMs',
  'proxy-tls-timeout': 'tlsTimeoutMs',
  'proxy-tcp-keepalive': 'tcpKeepAliveMs',
  'proxy-no-happy-eyeballs': 'noHappyEyeballs',
  'proxy-keepalive-connections': 'keepAliveConnections',
  'proxy-keepalive-timeout': 'keepAliveTimeoutMs',
  'http-host-header': 'httpHostHeader',
  'origin-server-name': 'originServerName',
  'origin-ca-pool': 'caPool',
  'no-tls-verify': 'noTlsVerify',
  'no-chunked-encoding': 'disableChunkedEncoding',
  'http2-origin': 'http2Origin',
  bastion: 'bastionMode',
  'proxy-address': 'proxyAddress',
  'proxy-port': 'proxyPort',
};

// Which rules a connector runs: the file's `ingress`; or the one rule that --url and its relatives make; or, where
// nothing was said, a rule that answers 503 to everything.
import { SallyportError } from '#base/errors.ts';
import type { IngressRule } from '#model/ingress-rule.ts';
import type { ConnectorConfig } from './connector-config.ts';
import type { FlagValue } from './connector-config-flags.ts';
import { mergeOriginRequest, type PartialOriginRequest } from './ingress-origin-request.ts';
import { ingressMessages } from './ingress-rules.ts';
import { parseService } from './ingress-service.ts';

/** Flags by their long name, from command line, environment and file, already merged in that order. */
export type FlagValues = ReadonlyMap<string, FlagValue>;

/** The rules to run; `warning` is '' or a sentence for the log. */
export interface ChosenRules {
  readonly rules: readonly IngressRule[];
  readonly warning: string;
}

/**
 * The rules that configuration and flags ask for.
 * @throws SallyportError 'config-invalid' for --url beside `ingress`, or an address that is none
 */
export function chooseRules(config: ConnectorConfig, flags: FlagValues): ChosenRules {
  const service = singleService(flags);
  if (config.rules.length > 0) {
    if (flags.has('url')) throw new SallyportError('config-invalid', ingressMessages.urlWithIngress);
    return { rules: config.rules, warning: '' };
  }
  const originRequest = mergeOriginRequest(config.originRequest, originRequestFromFlags(flags));
  if (service !== undefined) return { rules: [ruleFor(service, originRequest)], warning: '' };
  return {
    rules: [ruleFor('http_status:503', originRequest)],
    warning:
      'No ingress rules were defined in provided config (if any) nor from the cli, ' +
      'so all incoming HTTP requests will be answered with 503',
  };
}

/** `--hello-world`, `--bastion`, `--url` and `--unix-socket`, in the order in which cloudflared looks at them. */
function singleService(flags: FlagValues): string | undefined {
  if (flags.get('hello-world') === true) return 'hello_world';
  if (flags.get('bastion') === true) return 'bastion';
  const url = flags.get('url');
  if (typeof url === 'string' && url !== '')
    return withoutPath(/^[A-Za-z][A-Za-z0-9+.-]*:/.test(url) ? url : `http://${url}`);
  const socket = flags.get('unix-socket');
  return typeof socket === 'string' && socket !== '' ? `unix:${socket}` : undefined;
}

/** `--url` may carry a path, which was never used; `localhost:8080` alone looks like a scheme. */
function withoutPath(url: string): string {
  const full = /^[^:/]+:\d+(\/|$)/.test(url) ? `http://${url}` : url;
  return full.replace(/^([^:]+:\/\/[^/?#]*).*$/, '$1');
}

function ruleFor(text: string, originRequest: IngressRule['originRequest']): IngressRule {
  const result = parseService(text, originRequest.bastionMode);
  if ('error' in result)
    throw new SallyportError('config-invalid', `Error validating origin URL: ${result.error}`);
  return { hostname: '', path: '', service: result.service, originRequest };
}

/** Flags that stand for keys of originRequest. */
const originFlags: readonly (readonly [flag: string, field: keyof PartialOriginRequest])[] = [
  ['proxy-connect-timeout', 'connectTimeoutMs'],
  ['proxy-tls-timeout', 'tlsTimeoutMs'],
  ['proxy-tcp-keepalive', 'tcpKeepAliveMs'],
  ['proxy-no-happy-eyeballs', 'noHappyEyeballs'],
  ['proxy-keepalive-connections', 'keepAliveConnections'],
  ['proxy-keepalive-timeout', 'keepAliveTimeoutMs'],
  ['http-host-header', 'httpHostHeader'],
  ['origin-server-name', 'originServerName'],
  ['origin-ca-pool', 'caPool'],
  ['no-tls-verify', 'noTlsVerify'],
  ['no-chunked-encoding', 'disableChunkedEncoding'],
  ['http2-origin', 'http2Origin'],
  ['bastion', 'bastionMode'],
  ['proxy-address', 'proxyAddress'],
  ['proxy-port', 'proxyPort'],
];

function originRequestFromFlags(flags: FlagValues): PartialOriginRequest {
  const found: Record<string, FlagValue> = {};
  for (const [flag, field] of originFlags) {
    const value = flags.get(flag);
    if (value !== undefined) found[field] = value;
  }
  if (flags.get('socks5') === true) found.proxyType = 'socks';
  return found as PartialOriginRequest;
}

// What of a rule the edge is told: enough to match requests and to speak to the origin, no address of the home network
// beyond the text its owner wrote.
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';

/** The published form of a rule. */
export function publishRule(rule: IngressRule): PublishedRule {
  const { service, originRequest } = rule;
  const isTls =
    service.kind === 'unix' ? service.isTls : service.kind === 'http' && service.scheme === 'https';
  const namesServer = originRequest.originServerName !== '';
  return {
    hostname: rule.hostname === '*' ? '' : rule.hostname,
    path: rule.path,
    service: withoutUser(service.text).slice(0, 4096),
    protocol: protocolOf(rule),
    ...(service.kind === 'udp' ? { isDatagram: true } : {}),
    isTls,
    hostHeader: originRequest.httpHostHeader,
    allowsChunked: !originRequest.disableChunkedEncoding,
    // A unix socket has no name of its own, so TLS over it names the request's host.
    followsHost: isTls && !namesServer && (originRequest.matchSniToHost || service.kind === 'unix'),
    isPerClient: originRequest.proxyProtocol !== '',
    requiresAccess: originRequest.access.required,
    ...(originRequest.access.audTag.length > 0
      ? { audiences: originRequest.access.audTag.slice(0, 100) }
      : {}),
    keepAliveConnections: Math.min(originRequest.keepAliveConnections, 100_000),
    keepAliveTimeoutMs: Math.round(originRequest.keepAliveTimeoutMs),
  };
}

/** A name and password in an address stay at home. */
function withoutUser(text: string): string {
  return text.replace(/^([^:/]+:\/\/)[^/]*@/, '$1');
}

function protocolOf({ service, originRequest }: IngressRule): PublishedRule['protocol'] {
  switch (service.kind) {
    case 'http':
      return service.scheme === 'h2c' || (service.scheme === 'https' && originRequest.http2Origin)
        ? 'h2'
        : 'http1';
    case 'unix':
    case 'http-status':
    case 'hello-world':
      return 'http1';
    case 'tcp':
    case 'udp':
      return 'tcp';
    case 'bastion':
      return 'bastion';
    case 'socks-proxy':
      return 'socks';
  }
}

// From a rule to the origin that serves it: where to connect, with which roots and protocol, or which built-in answers.
import type { IngressRule, Service } from '#model/ingress/ingress-rule.ts';
import { createBuiltInOrigin } from './built-in-origin.ts';
import { createDatagramOrigin } from './datagram-origin.ts';
import { createForwardOrigin } from './forward-origin.ts';
import type { Origin, OriginContext } from './origin.ts';
import type { OriginTarget, OriginTls } from './origin-dial.ts';
import type { OriginRoots } from './origin-roots.ts';
import { SocketOrigin } from './socket-origin.ts';

/**
 * Prepares the origin of a rule.
 * @throws SallyportError 'file-unreadable' or 'certificate-invalid' when the rule's caPool cannot be used
 */
export function createOrigin(rule: IngressRule, context: OriginContext): Origin {
  const { service } = rule;
  switch (service.kind) {
    case 'http':
    case 'unix':
    case 'tcp':
      return new SocketOrigin(rule, targetOf(rule, service, context), context);
    case 'udp':
      return createDatagramOrigin(rule, service, context);
    case 'http-status':
    case 'hello-world':
      return createBuiltInOrigin(rule, service, context);
    case 'bastion':
    case 'socks-proxy':
      return createForwardOrigin(rule, service.kind, context);
  }
}

type DialledService = Extract<Service, { kind: 'http' | 'unix' | 'tcp' }>;

function targetOf(rule: IngressRule, service: DialledService, context: OriginContext): OriginTarget {
  const { connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs } = rule.originRequest;
  const place =
    service.kind === 'unix' ? { host: service.path, port: 0 } : { host: service.host, port: service.port };
  const isTls =
    service.kind === 'unix' ? service.isTls : service.kind === 'http' && service.scheme === 'https';
  const tls = isTls ? tlsOf(rule, context.roots) : undefined;
  return { ...place, connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs, tls };
}

function tlsOf(rule: IngressRule, roots: OriginRoots): OriginTls {
  const { noTlsVerify, tlsTimeoutMs, http2Origin, caPool } = rule.originRequest;
  return {
    context: noTlsVerify && caPool === '' ? roots.none : roots.contextWith(caPool),
    verifies: !noTlsVerify,
    timeoutMs: tlsTimeoutMs,
    alpn: http2Origin ? 'h2' : 'http/1.1',
  };
}

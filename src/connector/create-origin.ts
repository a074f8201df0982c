// From a rule to the origin that serves it: where to connect, with which roots and protocol, or which built-in answers.
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { errorText, SallyportError } from '#base/errors.ts';
import type { IngressRule, Service } from '#model/ingress-rule.ts';
import { createBuiltInOrigin } from './built-in-origin.ts';
import { createForwardOrigin } from './forward-origin.ts';
import type { Origin, OriginContext } from './origin.ts';
import type { OriginTarget, OriginTls } from './origin-dial.ts';
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
      return new SocketOrigin(rule, targetOf(rule, service), context);
    case 'http-status':
    case 'hello-world':
      return createBuiltInOrigin(rule, service, context);
    case 'bastion':
    case 'socks-proxy':
      return createForwardOrigin(rule, service.kind, context);
  }
}

type DialledService = Extract<Service, { kind: 'http' | 'unix' | 'tcp' }>;

function targetOf(rule: IngressRule, service: DialledService): OriginTarget {
  const { connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs } = rule.originRequest;
  const place =
    service.kind === 'unix' ? { host: service.path, port: 0 } : { host: service.host, port: service.port };
  const isTls =
    service.kind === 'unix' ? service.isTls : service.kind === 'http' && service.scheme === 'https';
  const tls = isTls ? tlsOf(rule) : undefined;
  return { ...place, connectTimeoutMs, tcpKeepAliveMs, noHappyEyeballs, tls };
}

function tlsOf(rule: IngressRule): OriginTls {
  const { noTlsVerify, tlsTimeoutMs, http2Origin, caPool } = rule.originRequest;
  return {
    context: secureContext(caPool),
    verifies: !noTlsVerify,
    timeoutMs: tlsTimeoutMs,
    alpn: http2Origin ? 'h2' : 'http/1.1',
  };
}

/** The roots of Node and of the machine, where people install their own CA, and those of the file. */
function secureContext(caPool: string): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  if (caPool !== '') roots.add(readPool(caPool));
  try {
    return createSecureContext({ ca: [...roots] });
  } catch (error) {
    throw new SallyportError(
      'certificate-invalid',
      `The caPool ${caPool} does not hold PEM certificates (${errorText(error)}); name a file that does.`,
      { cause: error },
    );
  }
}

function readPool(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The caPool ${file} could not be read: ${errorText(error)}.`,
      {
        cause: error,
      },
    );
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new SallyportError(
    'certificate-invalid',
    `The caPool ${file} does not hold PEM certificates; name a file that does.`,
  );
}

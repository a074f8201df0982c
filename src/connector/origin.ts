// An origin as the connector serves it: whatever a rule's service is, it is handed streams and does the rest.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { IngressRule, Service } from '#model/ingress-rule.ts';
import type { OpenRequest, ResetReason, TunnelStream } from '#tunnel/stream.ts';
import { createBuiltInOrigin } from './built-in-origin.ts';
import { createForwardOrigin } from './forward-origin.ts';
import type { OriginTarget, OriginTls } from './origin-dial.ts';
import { SocketOrigin } from './socket-origin.ts';
import type { TickFlusher } from './tick-flusher.ts';

/** Serves the streams of one rule. */
export interface Origin {
  /** Takes a stream; `opened` is called once the origin is reached. The stream's handler is set before this returns. */
  serve(stream: TunnelStream, request: OpenRequest, opened: () => void): void;
  /** Frees what the origin holds; streams that are under way go on. */
  close(): void;
}

/** What origins share within one connector. */
export interface OriginContext {
  readonly clock: Clock;
  readonly flusher: TickFlusher;
  /** Plain sockets read into this; it never holds bytes between two reads. */
  readonly scratch: Buffer;
  readonly events: OriginEvents;
}

/** What is counted and logged about streams. */
export interface OriginEvents {
  streamOpened(): void;
  /** `reason` is '' after a proper end. */
  streamClosed(rule: IngressRule, reason: ResetReason | '', detail: string): void;
  originReached(tookMs: number): void;
}

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

/** The TLS server name for a stream; '' when there is none and the certificate must name the dialled address. */
export function serverNameOf(rule: IngressRule, requestHost: string): string {
  const { originServerName, matchSniToHost } = rule.originRequest;
  if (originServerName !== '') return originServerName;
  if (matchSniToHost || rule.service.kind === 'unix') return requestHost;
  if (rule.service.kind !== 'http') return '';
  return isIP(rule.service.host) === 0 ? rule.service.host : '';
}

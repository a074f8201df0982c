// The last steps of an explanation: the service at home, as it answered, or why it was not asked.
import type { ExplainStep } from '#model/live/explain.ts';
import { type FailureCode, failureCodes } from '#http/exchange.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { InnerAnswer } from '../own-requests/inner-request.ts';
import { step } from './step.ts';

/** Services that are bytes, not HTTP: visitors reach them by WebSocket only. */
export const streamProtocols: ReadonlySet<PublishedRule['protocol']> = new Set(['tcp', 'bastion', 'socks']);

/** What to do, by the edge's own error code. */
export const originCures: Partial<Record<FailureCode, string>> = {
  'origin-refused': 'Is the service running, and does the rule name the right port?',
  'origin-unreachable': 'Check the name and the port in the rule, and that the connector can reach them.',
  'origin-timeout': 'Is the service overloaded, or behind a firewall that swallows packets?',
  'origin-tls':
    'Check the certificate of the service, or set originServerName, caPool or noTLSVerify in the rule.',
  'origin-protocol': 'Does the port speak HTTP? A service that wants TLS needs https:// in the rule.',
  'origin-closed': "Look at the service's own log.",
  'connector-lost': 'The connector went away in the middle; try again, and look at its log.',
  loop: 'The rule leads back to this edge; name the service itself.',
};

/** Such a service is not asked. */
export function streamStep({ service, protocol }: PublishedRule): ExplainStep {
  return step('origin', {
    status: 'skipped',
    title: `${service} is not asked`,
    detail: `It is a ${protocol} service, which visitors reach by WebSocket ("cloudflared access" and its like), not by a web page.`,
  });
}

/** The request of `explain` is nobody's: a guard stops it where it stops every stranger. */
export function isGuarded({ facts }: ExplainStep): boolean {
  return facts['verdict'] !== undefined && facts['verdict'] !== 'allow';
}

/** A guarded service is not asked. */
export function unasked({ service }: PublishedRule): ExplainStep {
  return step('origin', {
    status: 'skipped',
    title: `${service} is not asked`,
    detail: 'The route is for those who may, and explain is nobody; open it in a browser.',
  });
}

/** What it answered, or how it failed. */
export function originStep(
  answer: InnerAnswer,
  { findLine }: { readonly findLine: (requestId: string) => LoggedRequest | undefined },
  { service, ms: tookMs }: { readonly service: string; readonly ms: number },
): ExplainStep {
  const line = findLine(answer.requestId);
  const facts = {
    requestId: answer.requestId,
    status: String(answer.status),
    ...(line?.openMs == null ? {} : { openedAfterMs: String(line.openMs) }),
    ...(line?.firstByteMs == null ? {} : { firstByteAfterMs: String(line.firstByteMs) }),
    ...fieldFacts(answer),
  };
  const ms = line?.ms ?? tookMs;
  const code = answer.failure?.code ?? (answer.fields.get('x-sallyport-error') as FailureCode | undefined);
  if (code !== undefined) {
    return step('origin', {
      status: 'failed',
      title: `${service} did not answer`,
      detail: `${failureCodes[code]?.[1] ?? code}${line?.detail ? ` (${line.detail})` : ''}`,
      cure: originCures[code] ?? '',
      ms,
      facts,
    });
  }
  const isBad = answer.status >= 500;
  return step('origin', {
    status: isBad ? 'warning' : 'ok',
    title: `${service} answered ${answer.status}`,
    detail: isBad ? 'The error is its own.' : redirectDetail(answer),
    cure: isBad ? "Look at the service's own log." : '',
    ms,
    facts,
  });
}

/** The cache has answered. */
export function notAsked(answer: InnerAnswer, ms: number): ExplainStep {
  return step('origin', {
    status: 'ok',
    title: `Not asked: the cache has answered ${answer.status}`,
    detail: '',
    ms,
    facts: { requestId: answer.requestId, status: String(answer.status), ...fieldFacts(answer) },
  });
}

function fieldFacts({ fields }: InnerAnswer): Record<string, string> {
  const wanted = ['server', 'content-type', 'location', 'cache-control', 'cdn-cache-control'];
  return Object.fromEntries(
    wanted.flatMap((name) => {
      const value = fields.get(name);
      return value === undefined ? [] : [[name, value.slice(0, 300)]];
    }),
  );
}

function redirectDetail({ status, fields }: InnerAnswer): string {
  const location = fields.get('location');
  return status >= 300 && status < 400 && location !== undefined ? `It sends visitors to ${location}.` : '';
}

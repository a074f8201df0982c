// Answers of the edge's own when something stands in the way: a page for browsers, JSON for programs, a line for
// curl. Each carries X-Sallyport-Error and the request id; nothing about the inside of the house leaves with it.
import { ListFields } from '#http/list-fields.ts';
import { failureCodes } from '#http/exchange.ts';
import { ownAnswerStatus } from './routes/uncached-answer.ts';
import type { Downstream, ExchangeFailure, FailureCode, RequestHead } from '#http/exchange.ts';

/** What a visitor can do about it, by code; the rest have nothing a visitor could do. */
const cures: Partial<Record<FailureCode, string>> = {
  'no-such-host': 'Check the address for a typing mistake.',
  'no-such-path': 'Check the address for a typing mistake.',
  'sign-in-required': 'Open it in a browser, or send a service token.',
  'access-denied': 'If you think you should: ask whoever runs it.',
  'no-connector': 'If this is your site: start the connector at home, or look at its log.',
  'origin-refused': 'If this is your site: is the service running, and does the rule name the right port?',
  'origin-timeout': 'Try again in a moment. If this is your site: the service took too long.',
  'origin-tls':
    'If this is your site: check the certificate of the service, or set originServerName or caPool.',
  'no-ingress': 'If this is your site: add an ingress rule for this hostname to the connector.',
  draining: 'Try again in a few seconds.',
  'rate-limited': 'Wait a moment and try again.',
  'body-too-large': 'Send less at once.',
  'connector-lost': 'Try again in a few seconds.',
  loop: 'If this is your site: the ingress rule leads back to the edge.',
};

/** Answers `request` with the failure through a front or an exchange. */
export function answerFailure(downstream: Downstream, request: RequestHead, failure: ExchangeFailure): void {
  const answer = renderFailure(failure, request.requestId, request.fields.get('accept') ?? '', request.host);
  const isHead = request.method === 'HEAD';
  downstream.respond({
    status: failure.status,
    fields: new ListFields(answer.fields),
    bodyKind: isHead ? 'none' : 'length',
    contentLength: answer.body.length,
  });
  if (!isHead) downstream.body(answer.body);
  downstream.end(null);
}

export interface ErrorAnswer {
  /** Flat list of names and values, without Content-Length. */
  readonly fields: readonly string[];
  readonly body: Buffer;
}

/** Renders a failure in the form the client prefers; `accept` is its Accept field or ''. */
export function renderFailure(
  failure: ExchangeFailure,
  requestId: string,
  accept: string,
  host: string,
): ErrorAnswer {
  const sentence = failure.sentence ?? failureCodes[failure.code][1];
  const cure = cures[failure.code] ?? '';
  const form = preferredForm(accept);
  const fields = [
    'Content-Type',
    contentTypes[form],
    'Cache-Control',
    'no-store',
    'X-Sallyport-Error',
    failure.code,
    'X-Request-Id',
    requestId,
    ...ownAnswerStatus,
  ];
  if (form === 'html') fields.push('Content-Security-Policy', pagePolicy);
  if (failure.status === 401) fields.push('WWW-Authenticate', `Bearer realm="${host}"`);
  if (failure.fields) fields.push(...failure.fields);
  else if (failure.status === 503) fields.push('Retry-After', '5');
  if (failure.status === 405) fields.push('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  const text = { failure, sentence, cure, requestId, host };
  return { fields, body: Buffer.from(renderers[form](text)) };
}

interface ErrorText {
  readonly failure: ExchangeFailure;
  readonly sentence: string;
  readonly cure: string;
  readonly requestId: string;
  readonly host: string;
}

/** Nothing runs, nothing is fetched, nobody frames it: a refusal is no bait either. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

type Form = 'html' | 'json' | 'plain';

const contentTypes: Record<Form, string> = {
  html: 'text/html; charset=utf-8',
  json: 'application/problem+json',
  plain: 'text/plain; charset=utf-8',
};

function preferredForm(accept: string): Form {
  if (accept.includes('text/html')) return 'html';
  return /application\/([a-z.+-]*\+)?json/.test(accept) ? 'json' : 'plain';
}

const renderers: Record<Form, (text: ErrorText) => string> = {
  plain: ({ failure, sentence, cure, requestId }) =>
    `${failure.status} ${sentence}${cure === '' ? '' : ` ${cure}`} (${failure.code}, request ${requestId})\n`,
  json: ({ failure, sentence, cure, requestId }) =>
    `${JSON.stringify({ status: failure.status, code: failure.code, title: sentence, detail: cure === '' ? undefined : cure, requestId })}\n`,
  html: renderPage,
};

function renderPage({ failure, sentence, cure, requestId, host }: ErrorText): string {
  const steps = hops(failure.code)
    .map(([name, state]) => `<li class="${state}"><b>${name}</b><span>${hopWords[state]}</span></li>`)
    .join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${failure.status} · ${escapeHtml(host)}</title>
<style>
:root{color-scheme:light dark;--bg:#f6f5f2;--ink:#23262b;--soft:#62676f;--card:#fff;--line:#d9d6cf;--ok:#2f7d4f;--bad:#b3372b}
@media(prefers-color-scheme:dark){:root{--bg:#16181c;--ink:#e8e6e1;--soft:#a0a5ad;--card:#1f2227;--line:#343840;--ok:#6cc08b;--bad:#f08a7d}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{box-sizing:border-box;width:min(36rem,100vw);padding:2rem 1.5rem}
p.status{margin:0;color:var(--soft);font-variant-numeric:tabular-nums}h1{font-size:1.45rem;line-height:1.3;margin:.2rem 0 .8rem;text-wrap:balance}
ol{list-style:none;display:flex;flex-wrap:wrap;gap:.5rem;margin:1.6rem 0;padding:0}
li{box-sizing:border-box;flex:1 1 5.5rem;background:var(--card);border:1px solid var(--line);border-top:3px solid var(--line);border-radius:.5rem;padding:.6rem .7rem}
li b{display:block;font-weight:600}li span{color:var(--soft);font-size:.9rem}li.ok{border-top-color:var(--ok)}li.bad{border-top-color:var(--bad)}
footer{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
</style></head><body><main>
<p class="status">${failure.status}</p><h1>${escapeHtml(sentence)}</h1>${cure === '' ? '' : `<p>${escapeHtml(cure)}</p>`}
<ol aria-label="Where the request got to">${steps}</ol>
<footer>${escapeHtml(failure.code)} · request ${escapeHtml(requestId)}</footer>
</main></body></html>
`;
}

type HopState = 'ok' | 'bad' | 'unknown';
const hopWords: Record<HopState, string> = { ok: 'works', bad: 'stopped here', unknown: 'not reached' };

/** How far the request got: edge, connector, service. */
function hops(code: FailureCode): Array<[string, HopState]> {
  const stoppedAt =
    code === 'no-connector' ||
    code === 'connector-lost' ||
    code === 'draining' ||
    code === 'rule-refused' ||
    code === 'no-ingress'
      ? 1
      : code.startsWith('origin-')
        ? 2
        : 0;
  return (['Edge', 'Connector', 'Service'] as const).map((name, i) => [
    name,
    i < stoppedAt ? 'ok' : i === stoppedAt ? 'bad' : 'unknown',
  ]);
}

/** Text as it stands in HTML and in its attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

// The steps that change header fields: on the way to the origin, on the way back, and what browsers want for other sites'
// scripts. On the way back they are outermost, so that the edge's own answers carry the fields too.
import { ChangedRequest } from '#http/changed-request.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { corsFields, corsLines, isPreflight } from '#http/shaping/cors.ts';
import { type CompiledChanges, compileChanges, variableValues } from '#http/shaping/header-changes.ts';
import type { CorsSettings } from '#model/shaping/cors-rule.ts';
import { type HeaderChanges, type HeaderRules, securityPresets } from '#model/shaping/header-rules.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import { stepBefore } from './step-before.ts';

/** The step of `headers.request`. */
export function requestHeadersStep(changes: HeaderChanges, next: RouteHandler): RouteHandler {
  const compiled = compileChanges(changes);
  return stepBefore('request headers', next, (exchange) => {
    const { request, clientAddress } = exchange;
    const lines = compiled.linesFor(() => variableValues(request, clientAddress));
    const fields = new EditedFields(request.fields, lines, compiled.omitted);
    exchange.request = new ChangedRequest(request, { fields });
    next.start(exchange);
  });
}

/** The step of `headers.response` and `headers.security`. */
export function responseHeadersStep(
  { response = {}, security }: HeaderRules,
  next: RouteHandler,
): RouteHandler {
  const changes = compileChanges(response);
  const preset = security === undefined ? [] : securityPresets[security];
  return stepBefore("answer's headers", next, (exchange) => {
    const { request } = exchange;
    exchange.front = new EditStep(exchange, (head) =>
      changed(head, changes, preset, () => variableValues(request, exchange.clientAddress)),
    );
    next.start(exchange);
  });
}

function changed(
  head: ResponseHead,
  { omitted, linesFor }: CompiledChanges,
  preset: readonly (readonly [string, string])[],
  values: Parameters<CompiledChanges['linesFor']>[0],
): ResponseHead {
  let fields = new EditedFields(head.fields, linesFor(values), omitted);
  const missing = preset.filter(([name]) => fields.get(name.toLowerCase()) === undefined);
  if (missing.length > 0)
    fields = new EditedFields(fields, missing.map(([name, value]) => `${name}: ${value}\r\n`).join(''));
  return new EditedHead(head, fields);
}

/** The step of `cors`: answers preflights, and has the last word about who may read. */
export function corsStep(settings: CorsSettings, next: RouteHandler): RouteHandler {
  return stepBefore('cors', next, (exchange) => {
    const { request } = exchange;
    if (isPreflight(request)) {
      exchange.respond({
        status: 204,
        fields: new EditedFields(new ListFields([]), corsLines(settings, request, 'preflight')),
        bodyKind: 'none',
        contentLength: -1,
      });
      return exchange.end(null);
    }
    const lines = corsLines(settings, request, 'answer');
    exchange.front = new EditStep(
      exchange,
      (head) => new EditedHead(head, new EditedFields(head.fields, lines, corsFields)),
    );
    next.start(exchange);
  });
}

/** Changes the head of the answer. */
class EditStep extends HeadStep {
  readonly #edit: (head: ResponseHead) => ResponseHead;

  constructor(exchange: Exchange, edit: (head: ResponseHead) => ResponseHead) {
    super(exchange, exchange.front);
    this.#edit = edit;
  }

  respond(head: ResponseHead): void {
    // A step further in may stand before this one for the whole answer.
    if (this.exchange.front === this) this.stepAside();
    this.front.respond(this.#edit(head));
  }
}

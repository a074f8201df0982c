// The step of a route with a path prefix: between its other steps and the origin, so that cache, log and access know a page by
// its public address, and only the origin sees its own. The request is written anew when it is sent, the answer's head when
// it comes; bodies are left alone, which `explain` checks for links that lead nowhere.
import { ChangedRequest } from '#http/changed-request.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { RequestHead, ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import {
  originPath,
  type PrefixRewrite,
  publicCookie,
  publicReference,
  publicRefresh,
  type SiteNames,
} from '#http/shaping/prefix-rewrite.ts';
import type { PathPrefixSettings } from '#model/shaping/path-prefix.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { HandlerHost, RouteHandler } from '../routes/route-handler.ts';
import { stepBefore } from './step-before.ts';

/** The settings, ready for use. */
export function prefixRewriteOf({
  strip = '',
  add = '',
  cookieDomain = '',
}: PathPrefixSettings): PrefixRewrite {
  return { strip, add, cookieDomain };
}

/** A host whose origin sees the other path. */
export function withPrefix(host: HandlerHost, rewrite: PrefixRewrite): HandlerHost {
  const forOrigin = (request: RequestHead): RequestHead => rewritten(request, rewrite);
  return {
    now: () => host.now(),
    background: (request, like, front) => host.background(request, like, front),
    forward(exchange) {
      if (originPath(rewrite, exchange.request.path) !== undefined) {
        exchange.forOrigin = forOrigin;
        exchange.front = new PrefixStep(exchange, rewrite);
      }
      host.forward(exchange);
    },
  };
}

/** Sends visitors of the bare prefix to the one with a slash, below which the page's relative links lead. */
export function slashStep(rewrite: PrefixRewrite, next: RouteHandler): RouteHandler {
  return stepBefore('bare prefix', next, (exchange) => {
    const { method, path, query } = exchange.request;
    const isRead = method === 'GET' || method === 'HEAD';
    if (path !== rewrite.strip || !isRead) return next.start(exchange);
    exchange.respond({
      status: 308,
      fields: new ListFields(['Location', `${path}/${query}`]),
      bodyKind: method === 'HEAD' ? 'none' : 'length',
      contentLength: 0,
    });
    exchange.end(null);
  });
}

function rewritten(request: RequestHead, rewrite: PrefixRewrite): RequestHead {
  const path = originPath(rewrite, request.path);
  if (path === undefined) return request;
  const fields =
    rewrite.strip === ''
      ? request.fields
      : new EditedFields(request.fields, `X-Forwarded-Prefix: ${rewrite.strip}\r\n`, forwardedPrefix);
  return new ChangedRequest(request, { fields, path });
}

const forwardedPrefix: ReadonlySet<string> = new Set(['x-forwarded-prefix']);

class PrefixStep extends HeadStep {
  readonly #rewrite: PrefixRewrite;

  constructor(exchange: Exchange, rewrite: PrefixRewrite) {
    super(exchange, exchange.front);
    this.#rewrite = rewrite;
  }

  respond(head: ResponseHead): void {
    this.stepAside();
    this.front.respond(this.#publicHead(head));
  }

  override switchProtocols(head: ResponseHead): void {
    this.stepAside();
    this.front.switchProtocols(this.#publicHead(head));
  }

  /** The head with the places in it as visitors know them. */
  #publicHead(head: ResponseHead): ResponseHead {
    const { request, target } = this.exchange;
    const names = { host: request.host, service: serviceOf(target?.rule.service ?? '') };
    const omitted = new Set<string>();
    let lines = '';
    head.fields.forEach((name, value) => {
      const lower = name.toLowerCase();
      if (!placeFields.has(lower)) return;
      const changed = this.#publicValue(lower, value, names);
      if (changed !== undefined) omitted.add(lower);
      lines += `${name}: ${changed ?? value}\r\n`;
    });
    if (omitted.size === 0) return head;
    const kept = lines
      .split(/(?<=\r\n)/)
      .filter((line) => omitted.has(line.slice(0, line.indexOf(':')).toLowerCase()));
    return new EditedHead(head, new EditedFields(head.fields, kept.join(''), omitted));
  }

  #publicValue(name: string, value: string, names: SiteNames): string | undefined {
    if (name === 'set-cookie') return publicCookie(this.#rewrite, value, names.host);
    if (name === 'refresh') return publicRefresh(this.#rewrite, value, names);
    return publicReference(this.#rewrite, value, names);
  }
}

const placeFields: ReadonlySet<string> = new Set(['location', 'content-location', 'refresh', 'set-cookie']);

/** `localhost:3000` of `http://localhost:3000`. */
function serviceOf(service: string): string {
  return /^(?:https?|h2c?):\/\/([^/?#]+)/i.exec(service)?.[1]?.toLowerCase() ?? '';
}

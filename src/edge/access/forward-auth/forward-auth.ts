// Answers proxies that ask who may pass (model/access/forward-auth.ts has the paths). The request that they ask about goes through the
// very step that guards routes; what would have gone on to an origin is answered with 200 and what the origin would have been
// told. Everything else is an answer for the visitor: to the sign-in, a challenge, a refusal, or one of the edge's own pages.
import { cidrSet, type CidrSet } from '#base/net/ip.ts';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import type { ResponseHead } from '#http/exchange.ts';
import { type ForwardAuth, forwardPaths } from '#model/access/forward-auth.ts';
import { reservedTunnelId } from '#model/local-tunnel.ts';
import { signInBase } from '#model/access/sign-in-passage.ts';
import type { Exchange } from '../../exchange.ts';
import { HeadStep } from '../../routes/head-step.ts';
import type { HandlerHost, RouteHandler } from '../../routes/route-handler.ts';
import { Router } from '../../routes/router.ts';
import type { AccessDesk } from '../visitors/access-desk.ts';
import { AccessHandler } from '../guards/access-handler.ts';
import { forwardedRequest, readAskedAbout } from './forwarded-request.ts';
import { answerShort } from '../doors/sign-in-answers.ts';

/** Names no connector: what is asked here ends in the edge. */
export const forwardTunnelId = reservedTunnelId(3);

export interface ForwardAuthOptions {
  readonly forward: ForwardAuth;
  readonly desk: AccessDesk;
  readonly host: HandlerHost;
  /** The edge's own pages on protected hostnames. */
  readonly pages: RouteHandler;
}

/** Told on every answer, so that a proxy which copies them never keeps what its visitor wrote. */
const identityNames = [
  ...['X-Sallyport-User', 'X-Sallyport-Email', 'X-Sallyport-Groups', 'X-Sallyport-Token'],
  'X-Sallyport-Assertion',
];

export class ForwardAuthHandler implements RouteHandler {
  readonly name = 'forward-auth';
  readonly #options: ForwardAuthOptions;
  readonly #from: CidrSet;
  /** The sites, for questions and for pages: they differ in what becomes of whoever may pass. */
  readonly #asked: Router;
  readonly #shown: Router;

  constructor(options: ForwardAuthOptions) {
    this.#options = options;
    this.#from = cidrSet(options.forward.from);
    this.#asked = routerOf(options, answerPass);
    this.#shown = routerOf(options, leadBack);
  }

  /** The sites and their policies, for the dry run. */
  get sites(): Router {
    return this.#asked;
  }

  start(exchange: Exchange): void {
    const { request } = exchange;
    // Whoever the socket says it is: a field that anybody can write must not make him a proxy.
    if (!this.#from.has(request.client.address)) {
      return exchange.fail('access-denied', `${request.client.address} is not in forwardAuth.from`, {
        sentence: 'Only the proxies that forwardAuth.from in edge.yml names may ask here.',
      });
    }
    const isPage = request.path === forwardPaths.visitorPages;
    if (!isPage && request.method !== 'GET')
      return exchange.fail('method-not-allowed', 'proxies ask with GET');
    const isOriginal = request.path === forwardPaths.authRequest;
    if (!isPage) exchange.front = new AskedFront(exchange, isOriginal);
    const about = readAskedAbout(request.fields, isOriginal ? 'original' : 'forwarded', this.#from);
    if (typeof about === 'string') return exchange.fail('bad-request', about, { sentence: about });
    if (isPage && about.method !== request.method) {
      const sentence = 'Pages are asked for with the method of the visitor.';
      return exchange.fail('bad-request', sentence, { sentence });
    }
    exchange.request = forwardedRequest(request, about);
    exchange.clientAddress = about.address;
    this.#decide(exchange, isPage);
  }

  #decide(exchange: Exchange, isPage: boolean): void {
    const { host, path } = exchange.request;
    const router = isPage ? this.#shown : this.#asked;
    if (!router.hasHost(host)) return refuse(exchange, host);
    if (path === signInBase || path.startsWith(`${signInBase}/`)) return this.#showPage(exchange, isPage);
    const match = router.match(host, path);
    if (match.kind === 'ambiguous')
      return exchange.fail('bad-request', 'the path belongs to several sites, by who reads it');
    if (match.kind !== 'found') return refuse(exchange, `${host}${path}`);
    match.handler!.start(exchange);
  }

  /** A page that is answered with 200 would let the request pass: only what leads on may be answered to a question. */
  #showPage(exchange: Exchange, isPage: boolean): void {
    const { path, method } = exchange.request;
    const leadsOn = path === `${signInBase}/sign-in` || path === `${signInBase}/sign-out`;
    if (isPage || (leadsOn && method === 'GET')) return this.#options.pages.start(exchange);
    exchange.fail('no-such-path', 'a page of the edge that the proxy has to hand on as a whole', {
      sentence: `The proxy of this site must hand on ${signInBase}/ as a whole; docs/forward-auth.md says how.`,
    });
  }
}

/** The sites' own table, guarded as routes are; nothing beside their policies happens on the way. */
function routerOf({ forward, desk, host }: ForwardAuthOptions, pass: (exchange: Exchange) => void): Router {
  const sites: HandlerHost = {
    now: () => host.now(),
    background: (...args) => host.background(...args),
    forward: pass,
  };
  const routes = forward.sites.map(({ hostname, path, access }) => ({
    ...{ hostname, path, access, tunnelId: forwardTunnelId },
  }));
  return new Router(routes, ({ access }) => {
    const policy = compilePolicy(access!);
    return new AccessHandler({ policy, desk, host: sites, open: undefined, closed: undefined });
  });
}

function refuse(exchange: Exchange, what: string): void {
  exchange.fail('access-denied', `forwardAuth lists no site for ${what}`, {
    sentence: `No site of forwardAuth in edge.yml is ${what}.`,
  });
}

/** May pass: who it is, and what of the visitor's own fields the service should see. */
function answerPass(exchange: Exchange): void {
  const told = fieldsIn(exchange.edgeLines?.added ?? '');
  const names = new Set(told.filter((_, i) => i % 2 === 0));
  const unsaid = identityNames.flatMap((name) => (names.has(name) ? [] : [name, '']));
  const rest = ['Cookie', 'Authorization'].flatMap((name) => {
    const value = exchange.request.fields.get(name.toLowerCase());
    return value === undefined ? [] : [name, value];
  });
  answerShort(exchange, 200, [...told, ...unsaid, ...rest]);
}

/** Led here because he might not, and may now: he has signed in meanwhile. */
function leadBack(exchange: Exchange): void {
  const { scheme, authority, path, query } = exchange.request;
  answerShort(exchange, 303, ['Location', `${scheme}://${authority}${path}${query}`]);
}

/** Lines, each ending in CRLF, as a flat list of names and values. */
function fieldsIn(lines: string): string[] {
  return lines.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(': ');
    return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 2)];
  });
}

/** Stands before the asking proxy's front: says what nginx understands, and promises no body that a GET would wait for. */
class AskedFront extends HeadStep {
  readonly #isPlain: boolean;

  /** `isPlain`: only 200, 401 and 403 are understood. */
  constructor(exchange: Exchange, isPlain: boolean) {
    super(exchange, exchange.front);
    this.#isPlain = isPlain;
  }

  respond(head: ResponseHead): void {
    // An answer to a HEAD that was asked about goes to a GET.
    const isEmpty = head.bodyKind === 'none';
    this.front.respond({
      status: this.#isPlain ? plainStatus(head.status) : head.status,
      fields: head.fields,
      bodyKind: isEmpty ? 'length' : head.bodyKind,
      contentLength: isEmpty ? 0 : head.contentLength,
    });
  }
}

/** A way to the sign-in is a 401 here; every other refusal of ours is a 403. */
function plainStatus(status: number): number {
  if (status >= 300 && status < 400) return 401;
  return status >= 400 && status < 500 && status !== 401 ? 403 : status;
}

// What the edge answers itself on every hostname with a protected route, below /.well-known/sallyport:
//
//   sign-in    the browser comes back from the dashboard's hostname with a hand-over, and gets its cookie
//   sign-out   takes the cookie back, and leads to where the session ends for all hostnames
//   share      a share link: its token is exchanged for a cookie
//   password   the form that asks for a page password
//   keys       the public keys of assertions
//
// and those of Cloudflare's shape at /cdn-cgi/access/certs, where their verifiers look for them below the issuer.
import { timingSafeEqual } from 'node:crypto';
import { isPublic } from '#http/access/compiled-policy.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import type { AssertionAlgorithm } from '#model/access/access-keys.ts';
import { forwardPaths } from '#model/access/forward-auth.ts';
import { dashboardTunnelId, reservedTunnelId } from '#model/local-tunnel.ts';
import {
  type HandOver,
  handOverMs,
  hashOfNonce,
  signInBase,
  visitMs,
  visitorPages,
} from '#model/access/sign-in-passage.ts';
import type { Exchange } from '../exchange.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import { formatCookie, readCookie, tryCookie, visitCookie } from './visitors/access-cookies.ts';
import type { AccessDesk } from './visitors/access-desk.ts';
import { forwardTunnelId } from './forward-auth/forward-auth.ts';
import { PasswordDoor } from './doors/password-door.ts';
import { answerShareLink } from './doors/share-link-path.ts';
import { answerShort } from './doors/sign-in-answers.ts';

/** Where Cloudflare publishes the keys of its assertions, below the issuer. */
export const certsPath = '/cdn-cgi/access/certs';

/** Names no connector: these paths end in the edge. */
export const accessTunnelId = reservedTunnelId(2);

/** The routes, with those of the edge's own answers beside every protected one, and where other proxies ask. */
export function withSignInPaths({
  routes,
  forwardAuth,
}: Pick<EdgeSnapshot, 'routes' | 'forwardAuth'>): readonly RouteEntry[] {
  const hosts = new Map(routes.flatMap((route) => (isPublic(route.access) ? [] : [[route.hostname, route]])));
  if (hosts.size === 0 && !forwardAuth) return routes;
  // The dashboard's hostname is the issuer.
  const issuers = routes.flatMap((route): [string, RouteEntry][] =>
    route.tunnelId === dashboardTunnelId ? [[route.hostname, route]] : [],
  );
  const entry = ([hostname, { hsts }]: readonly [string, RouteEntry], path: string): RouteEntry => ({
    ...{ hostname, path, tunnelId: accessTunnelId },
    ...(hsts === undefined ? {} : { hsts }),
  });
  const asked = issuers.flatMap(([hostname]) =>
    forwardAuth
      ? Object.values(forwardPaths).map((path) => ({
          hostname,
          path,
          tunnelId: forwardTunnelId,
          forwardAuth,
        }))
      : [],
  );
  return [
    ...routes,
    ...asked,
    ...[...hosts].map((host) => entry(host, signInBase)),
    ...[...new Map([...hosts, ...issuers])].map((host) => entry(host, certsPath)),
  ];
}

/** Whether the edge answers it itself. */
export function isOwnPath({ tunnelId }: RouteEntry): boolean {
  return tunnelId === accessTunnelId || tunnelId === forwardTunnelId;
}

/** Hostnames with a protected route. */
export function guardedHosts(routes: readonly RouteEntry[]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ hostname, access }) => (isPublic(access) ? [] : [hostname])));
}

/** A session that began at another edge of the store is known here within its next look at the store (400 ms), or two. */
const patience = { everyMs: 250, times: 6 } as const;

/** Hand-overs in flight that are remembered as used; each is forgotten when it has run out. */
const maxUsed = 10_000;

export class SignInPaths implements RouteHandler {
  readonly name = 'sign-in paths';
  readonly #desk: AccessDesk;
  readonly #door: PasswordDoor;
  /** When each may be forgotten, whatever the wall clock does, by its number; in the order of use. */
  readonly #used = new Map<string, number>();

  constructor(desk: AccessDesk) {
    this.#desk = desk;
    this.#door = new PasswordDoor(desk);
    const { mates, clock } = desk.options;
    mates?.hear('handOver', ({ number }) => this.#used.set(number, clock.nowMs() + 2 * handOverMs));
  }

  start(exchange: Exchange): void {
    const { request } = exchange;
    const isForm = request.path === `${signInBase}/share` || request.path === `${signInBase}/password`;
    const isPost = request.method === 'POST' && isForm;
    if (request.method !== 'GET' && request.method !== 'HEAD' && !isPost)
      return exchange.fail('method-not-allowed', '');
    switch (request.path) {
      case `${signInBase}/sign-in`:
        return this.#signIn(exchange, patience.times);
      case `${signInBase}/sign-out`:
        return this.#signOut(exchange);
      case `${signInBase}/share`:
        return answerShareLink(exchange, this.#desk, this.#urlOf(request.host, ''));
      case `${signInBase}/password`:
        if (!isPost) return exchange.fail('method-not-allowed', '');
        return this.#door.answer(exchange, this.#urlOf(request.host, ''));
      case `${signInBase}/keys`:
        return this.#showKeys(exchange);
      case certsPath:
        return this.#showKeys(exchange, 'RS256');
      default:
        return exchange.fail('no-such-path', 'the edge has no such page');
    }
  }

  #showKeys(exchange: Exchange, only?: AssertionAlgorithm): void {
    const { assertions, clock } = this.#desk.options;
    const keys = assertions.keySet(clock.wallMs(), only);
    answerShort(exchange, 200, ['Content-Type', 'application/jwk-set+json'], keys);
  }

  /**
   * A browser that comes without its nonce, late, or twice, starts again where it wanted to go: it may be signed in already.
   * `looks`: how often it may still be looked at whether its session is known by now.
   */
  #signIn(exchange: Exchange, looks: number): void {
    const { request } = exchange;
    const { passage, clock } = this.#desk.options;
    const text = new URLSearchParams(request.query).get('token') ?? '';
    const handOver = passage.readHandOver(text, clock.wallMs());
    if (!handOver || handOver.host !== request.host) {
      return exchange.fail('sign-in-failed', 'the hand-over is not valid here, or has run out');
    }
    const why = this.#refusal(exchange, handOver);
    if (why !== '') return exchange.fail('sign-in-failed', why);
    const { sessionId, userId } = handOver;
    if (!this.#desk.isAlive(sessionId, userId)) {
      if (looks === 0) return exchange.fail('sign-in-failed', 'the session has ended');
      clock.after(patience.everyMs, () => {
        if (!exchange.isFinished) this.#signIn(exchange, looks - 1);
      });
      return;
    }
    this.#used.set(handOver.number, clock.nowMs() + 2 * handOverMs);
    this.#desk.options.mates?.tell('handOver', { number: handOver.number });
    const { host, path } = handOver;
    const visit = passage.formatVisit({ host, sessionId, userId, issuedAtMs: clock.wallMs() });
    answerShort(exchange, 303, [
      ...['Location', this.#urlOf(host, path)],
      ...['Set-Cookie', formatCookie(visitCookie, visit, visitMs)],
      ...['Set-Cookie', formatCookie(tryCookie, '', 0)],
    ]);
  }

  #refusal(exchange: Exchange, { nonceHash, number }: HandOver): string {
    const nonce = readCookie(exchange.request.fields.get('cookie') ?? '', tryCookie);
    if (nonce === undefined || !isSame(hashOfNonce(nonce), nonceHash)) return 'another browser asked for it';
    this.#forget();
    return this.#used.has(number) || this.#used.size >= maxUsed ? 'the hand-over was used before' : '';
  }

  #forget(): void {
    const now = this.#desk.options.clock.nowMs();
    for (const [number, untilMs] of this.#used) {
      if (now < untilMs) break;
      this.#used.delete(number);
    }
  }

  #signOut(exchange: Exchange): void {
    const { dashboardUrl } = this.#desk.options;
    const url = dashboardUrl();
    const back = formatCookie(visitCookie, '', 0);
    if (url === '') return exchange.fail('no-such-path', 'there is nowhere to sign in');
    answerShort(exchange, 303, ['Location', `${url}${visitorPages}/sign-out`, 'Set-Cookie', back]);
  }

  /** The edge's own public port, whatever port the client named. */
  #urlOf(host: string, path: string): string {
    const port = this.#desk.httpsPortOf(host);
    return `https://${host}${port === 443 ? '' : `:${port}`}${path}`;
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

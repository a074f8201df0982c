// The step of a protected route: decides first, then lets the route's other steps go on, with word to the origin of who it
// is. What only some may see is kept in the cache only where the policy says so.
import { ChangedRequest } from '#http/changed-request.ts';
import {
  type AccessDecision,
  accessReasons,
  decideAccess,
  isWho,
  unknownVisit,
  type Visit,
} from '#http/access/access-decision.ts';
import type { CompiledPolicy } from '#http/access/compiled-policy.ts';
import { parseSubject } from '#model/access/access-subject.ts';
import { EditedFields } from '#http/edited-fields.ts';
import { failure, type RequestHead } from '#http/exchange.ts';
import { renewVisitAfterMs, visitMs } from '#model/access/sign-in-passage.ts';
import type { Exchange } from '../../exchange.ts';
import type { HandlerHost, RouteHandler } from '../../routes/route-handler.ts';
import { formatCookie, visitCookie, withoutOwnCookies } from '../visitors/access-cookies.ts';
import { type AccessDesk, basicTokenOf, bearerOf } from '../visitors/access-desk.ts';
import { meshNames } from '../addresses/mesh-source.ts';
import type { CertificateJudgement } from '../certificates/client-authorities.ts';
import { FrontWithCookie } from './front-with-cookie.ts';
import { askForPassword } from '../doors/password-door.ts';
import { askToSignIn, canFollow } from '../doors/sign-in-answers.ts';
import type { AccessGrant } from '../visitors/access-grant.ts';
import type { Visitor } from '../visitors/visitor.ts';

export interface AccessHandlerOptions {
  readonly policy: CompiledPolicy;
  readonly desk: AccessDesk;
  readonly host: HandlerHost;
  /** The route's other steps, for what everybody may see. */
  readonly open: RouteHandler | undefined;
  /** The same for what only some may: without a cache, unless the policy shares it. */
  readonly closed: RouteHandler | undefined;
}

export class AccessHandler implements RouteHandler {
  readonly name = 'access';
  readonly #options: AccessHandlerOptions;
  readonly #form: string;

  constructor(options: AccessHandlerOptions) {
    this.#options = options;
    this.#form = options.policy.identity.join(' ');
  }

  /** For what all may keep; what only some get goes the same way, without the cache. */
  get next(): RouteHandler | undefined {
    return this.#options.open;
  }

  get policy(): CompiledPolicy {
    return this.#options.policy;
  }

  /** HOT. */
  start(exchange: Exchange): void {
    const { desk, policy } = this.#options;
    const asksCertificate = policy.certificates.length > 0;
    const { certificate } = exchange.request.client;
    const judged = asksCertificate ? desk.judge(certificate) : undefined;
    const known = desk.visitorOf(exchange.request);
    const visitor = known ?? (judged && desk.holderOf(certificate, judged));
    const visit = this.#visitOf(exchange, visitor, judged);
    const decision = decideAccess(policy, visit);
    exchange.grant = this.#grantOf(exchange, decision, visitor);
    if (decision.verdict === 'allow') {
      if (known && judged && judged.subject !== '')
        exchange.edgeLines?.add(`X-Sallyport-Certificate: ${judged.subject}\r\n`);
      this.#letThrough(exchange, decision, { visitor, wallMs: visit.wallMs });
    } else
      this.#turnAway(exchange, decision, {
        visitor: known,
        visit,
        certificateFault: certificateFault(decision, judged),
      });
  }

  /** What is noted of the decision, for the log and for the day that its ground is taken away. */
  #grantOf(
    { request, clientAddress }: Exchange,
    decision: AccessDecision,
    visitor: Visitor | undefined,
  ): AccessGrant {
    const { desk } = this.#options;
    const { passes } = desk;
    const { rule, by, verdict } = decision;
    if (rule === 0) return { rule: '', visitor };
    if (verdict === 'allow' && by === 'link') {
      const { id } = passes.openingLink(request)!;
      return { rule: `${rule} ${by} ${id.slice(0, 8)}`, visitor, pass: () => passes.isLinkAlive(id) };
    }
    if (verdict === 'allow' && by.startsWith('password:')) {
      const { name, version } = passes.passwordNamed(by.slice('password:'.length).toLowerCase())!;
      const isSame = (): boolean => passes.passwordNamed(name)?.version === version;
      return { rule: `${rule} ${by}`, visitor, pass: isSame };
    }
    if (verdict === 'allow' && by.startsWith('certificate:')) {
      const { certificate } = request.client;
      return { rule: `${rule} ${by}`, visitor, pass: () => desk.judge(certificate).names.length > 0 };
    }
    if (verdict === 'allow' && by.startsWith('address-of:')) {
      const subject = parseSubject(by);
      const isTrusted = (): boolean =>
        subject?.kind === 'address-of' &&
        desk.neighboursAt(clientAddress)?.some((user) => isWho(user, subject.whom)) === true;
      return { rule: `${rule} ${by}`, visitor, pass: isTrusted };
    }
    return { rule: `${rule} ${by}`, visitor };
  }

  #visitOf(
    exchange: Exchange,
    visitor: Visitor | undefined,
    judged: CertificateJudgement | undefined,
  ): Visit {
    const { request, clientAddress } = exchange;
    const { desk, policy } = this.#options;
    return {
      ...unknownVisit,
      method: request.method,
      path: request.path,
      address: clientAddress,
      wallMs: desk.options.clock.wallMs(),
      user: visitor?.asUser,
      token: visitor?.token?.name.toLowerCase(),
      certificates: judged?.names ?? unknownVisit.certificates,
      country: policy.asksCountry ? desk.countries.countryOf(clientAddress) : undefined,
      mesh: policy.asksMesh ? meshNames(desk.options.mesh, request.client, clientAddress) : undefined,
      neighbours: policy.asksNeighbours ? desk.neighboursAt(clientAddress) : undefined,
      hasLink: policy.asksLink && desk.passes.openingLink(request) !== undefined,
      passwords: policy.passwords.length === 0 ? [] : desk.passes.passwordsGiven(request),
    };
  }

  #letThrough(
    exchange: Exchange,
    { by }: AccessDecision,
    { visitor, wallMs }: { readonly visitor: Visitor | undefined; readonly wallMs: number },
  ): void {
    const { host, open, closed, policy } = this.#options;
    const { request } = exchange;
    exchange.request = withoutProof(request, visitor);
    if (visitor) {
      this.#renew(exchange, visitor, wallMs);
      if (visitor.token) this.#holdToken(exchange, request, visitor.token.id);
      exchange.edgeLines?.add(this.#linesFor(request, visitor, wallMs));
    }
    const steps = by === 'anyone' || policy.cache === 'shared' ? open : closed;
    if (steps) steps.start(exchange);
    else host.forward(exchange);
  }

  #linesFor(request: RequestHead, visitor: Visitor, wallMs: number): string {
    const { desk, policy } = this.#options;
    const { assertions, dashboardUrl } = desk.options;
    return assertions.linesFor(visitor, {
      audience: policy.audience === '' ? request.host : policy.audience,
      identity: policy.identity,
      form: this.#form,
      issuer: () => dashboardUrl() || `https://${request.host}`,
      wallMs,
    });
  }

  /** A cookie that is used is exchanged before it runs out. */
  #renew(exchange: Exchange, { user, sessionId, issuedAtMs }: Visitor, now: number): void {
    const { passage } = this.#options.desk.options;
    const { host, upgrade } = exchange.request;
    if (!user || upgrade !== '' || now - issuedAtMs < renewVisitAfterMs) return;
    const text = passage.formatVisit({ host, sessionId, userId: user.id, issuedAtMs: now });
    exchange.front = new FrontWithCookie(exchange, formatCookie(visitCookie, text, visitMs));
  }

  /**
   * A client that sent name and password gets a cookie for them, good for a while: it may use the field for the service's own
   * from then on. A page of another site, or a link in a mail, can make a browser send them (`https://name:key@host/`), and
   * must not sign it in as somebody else.
   */
  #holdToken(exchange: Exchange, asked: RequestHead, id: string): void {
    const { fields, upgrade, scheme } = asked;
    const field = fields.get('authorization');
    if (upgrade !== '' || scheme !== 'https' || field === undefined || !basicTokenOf(field)) return;
    const site = fields.get('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin') return;
    const cookie = this.#options.desk.passes.cookieForToken(asked, id);
    if (cookie !== undefined) exchange.front = new FrontWithCookie(exchange, cookie);
  }

  #turnAway(
    exchange: Exchange,
    { verdict, reason }: AccessDecision,
    { visitor, visit, certificateFault }: TurnedAway,
  ): void {
    const { desk, policy } = this.#options;
    const who = visitor ? visitor.name : 'nobody known';
    const detail = `${accessReasons[reason]} (${who})${certificateFault === '' ? '' : `: ${certificateFault}`}`;
    const canSignIn = verdict === 'sign-in' && visitor === undefined;
    const names = policy.passwords.filter((name) => opens(policy, visit, { passwords: [name] }));
    const isPerson = canFollow(exchange.request);
    if (names.length > 0 && isPerson) return askForPassword(exchange, desk, { names, canSignIn });
    if (canSignIn && isPerson) return askToSignIn(exchange, desk, detail);
    const wantsToken =
      visitor === undefined && policy.tokens.some((token) => opens(policy, visit, { token }));
    if (canSignIn || names.length > 0 || (wantsToken && !hasProof(exchange.request)))
      exchange.abort({
        ...failure('sign-in-required', detail),
        fields: wantsToken ? basicChallenge(exchange.request) : [],
      });
    else
      exchange.fail('access-denied', detail, certificateFault === '' ? {} : { sentence: certificateFault });
  }
}

/** Why a certificate does not help, in words for whoever has it or not; '' where no rule could have let it through. */
function certificateFault({ rule }: AccessDecision, judged: CertificateJudgement | undefined): string {
  if (judged === undefined || rule !== 0) return '';
  return judged.why === '' ? 'This page takes other client certificates than yours.' : judged.why;
}

interface TurnedAway {
  /** Whoever it is beside its certificate. */
  readonly visitor: Visitor | undefined;
  readonly visit: Visit;
  /** Why the client certificate is worth nothing, where one is asked for. */
  readonly certificateFault: string;
}

/** Whether the visit would pass with this; asked only of those who are turned away. */
function opens(policy: CompiledPolicy, visit: Visit, more: Partial<Visit>): boolean {
  return decideAccess(policy, { ...visit, ...more }).verdict === 'allow';
}

/** Whether something like a service token was sent: a wrong one is refused, none is asked for. */
function hasProof({ fields }: RequestHead): boolean {
  return fields.get('authorization') !== undefined || fields.get('cf-access-client-id') !== undefined;
}

/** For git, curl and their kin, which send name and password only when asked. A browser would ask the person in a box. */
function basicChallenge({ fields, host }: RequestHead): readonly string[] {
  if (fields.get('sec-fetch-mode') !== undefined) return [];
  return ['WWW-Authenticate', `Basic realm="${host}", charset="UTF-8"`];
}

const authorization: ReadonlySet<string> = new Set(['authorization']);
const cookie: ReadonlySet<string> = new Set(['cookie']);
const both: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/** HOT. */
function restOf(cookies: string, visitor: Visitor | undefined): string {
  if (visitor === undefined) return withoutOwnCookies(cookies);
  if (visitor.cookies !== cookies) {
    visitor.cookiesOfService = withoutOwnCookies(cookies);
    visitor.cookies = cookies;
  }
  return visitor.cookiesOfService;
}

/** The request without what proved it: an origin that is broken into must not collect cookies and tokens of the edge. */
export function withoutProof(request: RequestHead, visitor: Visitor | undefined): RequestHead {
  const { fields } = request;
  const cookies = fields.get('cookie');
  const hasOwnCookie = cookies !== undefined && cookies.includes('__Host-sallyport-');
  const authorized = visitor?.token === undefined ? undefined : fields.get('authorization');
  const hasBearer = (bearerOf(authorized) ?? basicTokenOf(authorized)) !== undefined;
  if (!hasOwnCookie && !hasBearer) return request;
  const rest = hasOwnCookie ? restOf(cookies, visitor) : '';
  const lines = rest === '' ? '' : `Cookie: ${rest}\r\n`;
  const omitted = hasOwnCookie ? (hasBearer ? both : cookie) : authorization;
  return new ChangedRequest(request, { fields: new EditedFields(fields, lines, omitted) });
}

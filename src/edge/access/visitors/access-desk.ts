// What all protected routes share: who is known (the directory, and the texts that prove it), where browsers sign in, and
// how origins are told. Everything is in memory; a request asks nobody.
import { createHash, type X509Certificate } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { createPageLook, type PageLook, plainLook } from '#base/pages/page-look.ts';
import type { Random } from '#base/random.ts';
import type { VisitingUser } from '#http/access/access-decision.ts';
import type { CompiledPolicy } from '#http/access/compiled-policy.ts';
import type { RequestHead } from '#http/exchange.ts';
import {
  type AccessDirectory,
  type DirectorySession,
  type DirectoryToken,
  type DirectoryUser,
  emptyDirectory,
} from '#model/access/access-state.ts';
import { type AccessVisit, type Passage, visitMs } from '#model/access/sign-in-passage.ts';
import type { PassTexts } from '#model/access/access-pass.ts';
import type { AssertionSigner } from './assertion.ts';
import { AccessPasses } from './access-passes.ts';
import type { AccessGrant } from './access-grant.ts';
import { readCookie, visitCookie } from './access-cookies.ts';
import { type CertificateJudgement, ClientAuthorities } from '../certificates/client-authorities.ts';
import { type CountrySource, noCountries } from '../addresses/country-database.ts';
import type { MeshSource } from '../addresses/mesh-source.ts';
import type { Mates } from '../../mates/mates.ts';
import { TrustedAddresses } from '../addresses/trusted-addresses.ts';
import { Visitor, visitingUser } from './visitor.ts';

export interface AccessDeskOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly passage: Passage;
  readonly passTexts: PassTexts;
  readonly assertions: AssertionSigner;
  /** `https://sallyport.example.com/base`; '' where nobody can sign in. */
  readonly dashboardUrl: () => string;
  /** Port of public https URLs. */
  readonly httpsPort: () => number;
  /** The same of a site that another proxy serves; absent, or undefined: it is served here. */
  readonly sitePort?: (host: string) => number | undefined;
  /** One more browser opens a counted link: whether it may. Rejects while the control plane is away. */
  readonly useShareLink: (id: string) => Promise<boolean>;
  /** Absent: no address has a country. */
  readonly countries?: CountrySource;
  /** Absent: this edge carries no mesh, and nobody knows who a node is. */
  readonly mesh?: MeshSource;
  /** Authorities of client certificates; absent: there are none. */
  readonly authorities?: () => ClientAuthorities;
  /** The other processes of the edge: guesses and hand-overs count over all of them. */
  readonly mates?: Mates | undefined;
  /** Why an authority of edge.yml is not among them. */
  readonly authorityFault?: (name: string) => string | undefined;
}

/** Cookies and tokens that are kept as read; the oldest go. */
const maxKept = 4_096;

export class AccessDesk {
  readonly options: AccessDeskOptions;
  /** What browsers hold beside a sign-in. */
  readonly passes: AccessPasses;
  /** Of the pages that visitors see. */
  look: PageLook = plainLook;
  readonly #listeners = new Set<() => void>();
  #users = new Map<string, DirectoryUser>();
  #sessions = new Map<string, DirectorySession>();
  /** By hash, and by id. */
  #tokens = new Map<string, DirectoryToken>();
  #tokensById = new Map<string, DirectoryToken>();
  #trusted = new TrustedAddresses(emptyDirectory);
  /** By connection; who has nothing but a certificate. */
  readonly #byCertificate = new WeakMap<X509Certificate, Visitor>();
  /** By the text of the cookie or token; only good ones. */
  #kept = new Map<string, Visitor>();

  constructor(options: AccessDeskOptions) {
    this.options = options;
    this.passes = new AccessPasses(options.passTexts, () => options.clock.wallMs());
    this.apply(emptyDirectory);
  }

  /** Knows these from now on, and nobody else; whoever is gone is told so by `listen`. */
  apply(directory: AccessDirectory): void {
    const { users, sessions, tokens } = directory;
    this.passes.apply(directory);
    this.look = createPageLook(directory.look);
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#sessions = new Map(sessions.map((session) => [session.id, session]));
    this.#tokens = new Map(tokens.map((token) => [token.hash, token]));
    this.#tokensById = new Map(tokens.map((token) => [token.id, token]));
    this.#trusted = new TrustedAddresses(directory);
    this.#kept.clear();
    for (const listener of this.#listeners) listener();
  }

  /** The keys have changed: what was read with those of before is read again. */
  forgetTexts(): void {
    this.#kept.clear();
    this.passes.forgetTexts();
  }

  /** Calls back after each change of the directory. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A user by name or vouched mail address, whatever the case; for the dry run. */
  findUser(name: string): DirectoryUser | undefined {
    const wanted = name.toLowerCase();
    return [...this.#users.values()].find(
      (user) =>
        user.name.toLowerCase() === wanted || (user.email !== '' && user.email.toLowerCase() === wanted),
    );
  }

  /** Whoever a request proves to be. HOT for what is kept. */
  visitorOf(request: RequestHead): Visitor | undefined {
    return this.#byToken(request) ?? this.#byCookie(request) ?? this.#byHeldToken(request);
  }

  /** Port of public https URLs of a hostname. */
  httpsPortOf(host: string): number {
    return this.options.sitePort?.(host) ?? this.options.httpsPort();
  }

  get countries(): CountrySource {
    return this.options.countries ?? noCountries;
  }

  /** What the client's certificate is worth. */
  judge(certificate: X509Certificate | undefined): CertificateJudgement {
    const authorities = this.options.authorities?.() ?? noAuthorities;
    return authorities.judge(certificate, this.options.clock.wallMs());
  }

  /** A visitor who is nobody but the holder of a good certificate. */
  holderOf(certificate: X509Certificate | undefined, judged: CertificateJudgement): Visitor | undefined {
    if (!certificate || judged.names.length === 0) return undefined;
    const known = this.#byCertificate.get(certificate);
    if (known?.subject === judged.subject) return known;
    const visitor = new Visitor({ certificate, subject: judged.subject });
    this.#byCertificate.set(certificate, visitor);
    return visitor;
  }

  /** Users with a sign-in at the address within the last day; undefined for what is no address. */
  neighboursAt(address: string): readonly VisitingUser[] | undefined {
    const ids = this.#trusted.userIdsAt(address, this.options.clock.wallMs());
    return ids?.flatMap((id) => {
      const user = this.#users.get(id);
      return user ? [visitingUser(user)] : [];
    });
  }

  /** What rules of a policy ask that this edge cannot tell, each with its cure; they open nothing. */
  lacks(policy: CompiledPolicy): string[] {
    const { mesh } = this.options;
    return [
      ...(policy.asksCountry && this.countries.fault !== '' ? [this.countries.fault] : []),
      ...this.#lacksAuthorities(policy),
      ...(policy.asksMesh && !mesh ? ['This edge carries no mesh; rules about it let nobody through.'] : []),
    ];
  }

  #lacksAuthorities({ certificates }: CompiledPolicy): string[] {
    const { authorities, authorityFault } = this.options;
    const named = new Set(certificates.flatMap((name) => (name === '*' ? [] : [name.split('/', 1)[0]!])));
    return [...named]
      .filter((name) => authorities?.().has(name) !== true)
      .map(
        (name) =>
          authorityFault?.(name) ??
          `This edge knows no authority "${name}" of client certificates; add it to access.authorities in edge.yml.`,
      );
  }

  /** Whether a session is good now for this user. */
  isAlive(sessionId: string, userId: string): boolean {
    const session = this.#sessions.get(sessionId);
    return (
      session !== undefined &&
      session.userId === userId &&
      this.options.clock.wallMs() < session.untilMs &&
      this.#users.has(userId)
    );
  }

  /** Whether what let an exchange through is still good. */
  isGrantGood({ visitor, pass }: AccessGrant): boolean {
    if (pass !== undefined && !pass()) return false;
    return visitor === undefined || this.isGood(visitor);
  }

  /** Whether a visitor may still be taken for whom he was. */
  isGood({ user, token, sessionId, certificate }: Visitor): boolean {
    if (certificate) return this.judge(certificate).names.length > 0;
    if (user) return this.isAlive(sessionId, user.id);
    return token !== undefined && this.#isTokenGood(this.#tokens.get(token.hash));
  }

  #byCookie(request: RequestHead): Visitor | undefined {
    const field = request.fields.get('cookie');
    const text = field === undefined ? undefined : readCookie(field, visitCookie);
    if (text === undefined) return undefined;
    const key = `${request.host} ${text}`;
    const kept = this.#kept.get(key);
    if (kept && this.#isFresh(kept) && this.isGood(kept)) return kept;
    if (kept) this.#kept.delete(key);
    const visit = this.options.passage.readVisit(text);
    const visitor = visit && this.#visitorBehind(visit, request.host);
    return visitor && this.#keep(key, visitor);
  }

  /** A client that has sent its token as name and password at this hostname before (docs/access.md, "Programs"). */
  #byHeldToken(request: RequestHead): Visitor | undefined {
    for (const id of this.passes.tokensHeld(request)) {
      const token = this.#tokensById.get(id);
      if (this.#isTokenGood(token)) return this.#visitorWith(token);
    }
    return undefined;
  }

  #visitorWith(token: DirectoryToken): Visitor {
    const key = `token ${token.hash}`;
    return this.#kept.get(key) ?? this.#keep(key, new Visitor({ token }));
  }

  #visitorBehind({ host, sessionId, userId, issuedAtMs }: AccessVisit, asked: string): Visitor | undefined {
    if (host !== asked || !this.isAlive(sessionId, userId)) return undefined;
    const visitor = new Visitor({ user: this.#users.get(userId)!, sessionId, issuedAtMs });
    return this.#isFresh(visitor) ? visitor : undefined;
  }

  #isFresh({ token, issuedAtMs }: Visitor): boolean {
    if (token) return true;
    const ageMs = this.options.clock.wallMs() - issuedAtMs;
    // A clock that was set back must not make cookies of the future last longer.
    return ageMs < visitMs && ageMs > -visitMs;
  }

  /** The pair that cloudflared's clients send, a bearer, or name and password of clients that know nothing else. */
  #byToken({ fields }: RequestHead): Visitor | undefined {
    const pairId = fields.get('cf-access-client-id');
    const authorization = fields.get('authorization');
    const basic = pairId === undefined ? basicTokenOf(authorization) : undefined;
    const clientId = pairId ?? basic?.name;
    const secret =
      pairId === undefined
        ? (basic?.secret ?? bearerOf(authorization))
        : fields.get('cf-access-client-secret');
    if (secret === undefined || secret.length > 200) return undefined;
    const hash = createHash('sha256').update(secret).digest('base64url');
    const token = this.#tokens.get(hash);
    if (!this.#isTokenGood(token)) return undefined;
    const isNamed =
      clientId === token.clientId || (basic && clientId?.toLowerCase() === token.name.toLowerCase());
    if (clientId !== undefined && !isNamed) return undefined;
    return this.#visitorWith(token);
  }

  #isTokenGood(token: DirectoryToken | undefined): token is DirectoryToken {
    return (
      token !== undefined && (token.expiresAtMs === null || this.options.clock.wallMs() < token.expiresAtMs)
    );
  }

  #keep(key: string, visitor: Visitor): Visitor {
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, visitor);
    return visitor;
  }
}

const noAuthorities = new ClientAuthorities([]);

/** Name and token of a Basic field (RFC 7617), if its password looks like one of ours; services have passwords, too. */
export function basicTokenOf(
  field: string | undefined,
): { readonly name: string; readonly secret: string } | undefined {
  const [, encoded] =
    field === undefined ? [] : (/^Basic +([A-Za-z0-9+/]{1,400}={0,2}) *$/i.exec(field) ?? []);
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const [name, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  return colon >= 0 && /^sp_[A-Za-z0-9]{1,190}$/.test(secret) ? { name, secret } : undefined;
}

/** The token of an Authorization field, if it looks like one of ours; other applications have bearers, too. */
export function bearerOf(field: string | undefined): string | undefined {
  const [, text] = field === undefined ? [] : (/^Bearer +(sp_[A-Za-z0-9]{1,190}) *$/i.exec(field) ?? []);
  return text;
}

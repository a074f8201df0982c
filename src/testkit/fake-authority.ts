// A certificate authority in memory, for what a real one does not do on demand: limits, silence, odd answers, clocks that
// differ, months that pass. It is a WebClient, checks signatures and nonces as an authority must, and issues real
// certificates. Pebble judges the protocol (test/certs); this one plays the bad days.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { readElements, readInside } from '#base/der-read.ts';
import { type WebAnswer, type WebClient, WebError, type WebRequest } from '#base/net/web-client.ts';
import { certificateFacts, renewalIdOf } from '#certs/certificate-facts.ts';
import {
  authorityKeyIdentifier,
  leafBasicConstraints,
  subjectAltName,
  writeCertificate,
} from '#certs/x509-write.ts';
import { createCertificate, type TestCertificate } from './certificates.ts';
import { seededRandom } from './seeded-random.ts';

/** What an order asked for. */
export interface SeenOrder {
  readonly names: readonly string[];
  readonly profile: string | undefined;
  readonly replaces: string | undefined;
  /** Wall time of the authority. */
  readonly atMs: number;
  /** Set when it has been issued. */
  certPem?: string;
}

/** A challenge that the authority looks at. */
export interface SeenChallenge {
  readonly type: string;
  readonly name: string;
  readonly token: string;
}

/** An answer of an error kind. */
export interface FakeProblem {
  readonly status: number;
  readonly type: string;
  readonly detail?: string;
  /** Seconds, or whatever else is to stand in Retry-After. */
  readonly retryAfter?: string;
}

interface Order {
  readonly seen: SeenOrder;
  readonly account: string;
  status: 'pending' | 'ready' | 'valid' | 'invalid';
  readonly authorizations: Authorization[];
}

interface Authorization {
  readonly name: string;
  status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  readonly token: string;
  problem?: object;
}

interface Account {
  readonly key: KeyObject;
  readonly thumbprint: string;
}

const dayMs = 86_400_000;

export interface FakeAuthorityOptions {
  readonly clock: Clock;
  /** Host of its URLs; `ca.example` by default. */
  readonly host?: string;
  /** What a validator finds for a token by HTTP-01; undefined for nothing. Other methods are taken for valid. */
  readonly look: (challenge: SeenChallenge) => Promise<string | undefined>;
}

export class FakeAuthority {
  readonly directoryUrl: string;
  readonly orders: SeenOrder[] = [];
  readonly requests: string[] = [];
  /** Takes no connections. */
  isAway = false;
  /** Life of what it issues. */
  lifeMs = 90 * dayMs;
  /** How far its clock is ahead of ours. */
  aheadMs = 0;
  /** Good nonces that it refuses, counted down. */
  refusesNonces = 0;
  /** Answers a new order with a problem. */
  onNewOrder: ((order: SeenOrder) => FakeProblem | undefined) | undefined;
  /** Says that a name is not to be validated. */
  onValidation: ((name: string, type: string) => FakeProblem | void) | undefined;
  /** Window for a certificate, by its PEM; without one the authority knows no renewal information. */
  renewalWindow: ((certPem: string) => { start: Date; end: Date } | undefined) | undefined;
  readonly #options: FakeAuthorityOptions;
  readonly #ca: TestCertificate;
  readonly #random = seededRandom(7);
  readonly #nonces = new Set<string>();
  readonly #accounts = new Map<string, Account>();
  readonly #orders: Order[] = [];

  constructor(options: FakeAuthorityOptions) {
    this.#options = options;
    this.directoryUrl = `https://${options.host ?? 'ca.example'}/directory`;
    this.#ca = createCertificate({ name: 'fake authority', isCa: true });
  }

  readonly web: WebClient = async (request) => {
    if (this.isAway) throw new WebError('ECONNREFUSED', 'connect ECONNREFUSED');
    const { pathname, search } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    const answer = await this.#route(request, pathname, search.slice(1));
    const nonce = this.#random.bytes(12).toString('base64url');
    this.#nonces.add(nonce);
    const date = new Date(this.#nowMs).toUTCString();
    return { ...answer, headers: { date, 'replay-nonce': nonce, ...answer.headers } };
  };

  /** Forgets accounts and orders, as one that was made anew. */
  forget(): void {
    this.#accounts.clear();
    this.#orders.length = 0;
  }

  get #nowMs(): number {
    return this.#options.clock.wallMs() + this.aheadMs;
  }

  #url(path: string): string {
    return new URL(path, this.directoryUrl).href;
  }

  async #route(request: WebRequest, path: string, type: string): Promise<WebAnswer> {
    if (path === '/directory') return json(200, this.#directory());
    if (path === '/nonce') return { status: 200, headers: {}, body: Buffer.alloc(0) };
    if (path.startsWith('/renewal/')) return this.#renewalInfo(path.slice('/renewal/'.length));
    const signed = this.#verified(request);
    if ('problem' in signed) return problem(signed.problem);
    const [, kind, number = '', part = ''] = path.split('/');
    if (kind === 'account') return this.#newAccount(signed.key);
    const order = this.#orders[Number(number)];
    if (kind === 'new-order') return this.#newOrder(signed.account, signed.payload);
    if (!order) return problem({ status: 404, type: 'malformed', detail: 'no such order' });
    if (kind === 'order') return this.#order(order);
    if (kind === 'authorization') return this.#authorization(order, Number(part), signed.payload);
    if (kind === 'challenge') return this.#challenge(order, Number(part), type);
    if (kind === 'finalize') return this.#finalize(order, signed.payload);
    return { status: 200, headers: {}, body: Buffer.from(order.seen.certPem!) };
  }

  #directory(): object {
    const renewal = this.renewalWindow ? { renewalInfo: this.#url('/renewal') } : {};
    const services = { newNonce: this.#url('/nonce'), newAccount: this.#url('/account') };
    return {
      ...services,
      newOrder: this.#url('/new-order'),
      ...renewal,
      meta: { profiles: { short: 'six days' } },
    };
  }

  #verified(
    request: WebRequest,
  ): { key: KeyObject; account: string; payload: Record<string, unknown> } | { problem: FakeProblem } {
    const jws = JSON.parse(String(request.body)) as { protected: string; payload: string; signature: string };
    const header = decode(jws.protected) as { nonce: string; url: string; kid?: string; jwk?: object };
    if (header.url !== request.url)
      return { problem: { status: 400, type: 'malformed', detail: 'url differs' } };
    if (!this.#nonces.delete(header.nonce) || this.refusesNonces-- > 0) {
      this.refusesNonces = Math.max(0, this.refusesNonces);
      return { problem: { status: 400, type: 'badNonce' } };
    }
    const known = header.kid === undefined ? undefined : this.#accounts.get(header.kid);
    if (header.kid !== undefined && !known) return { problem: { status: 400, type: 'accountDoesNotExist' } };
    const key = known?.key ?? createPublicKey({ key: header.jwk as never, format: 'jwk' });
    const signature = Buffer.from(jws.signature, 'base64url');
    const text = Buffer.from(`${jws.protected}.${jws.payload}`);
    if (!verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
      return { problem: { status: 400, type: 'malformed', detail: 'bad signature' } };
    }
    const payload = jws.payload === '' ? {} : (decode(jws.payload) as Record<string, unknown>);
    return { key, account: header.kid ?? '', payload };
  }

  #newAccount(key: KeyObject): WebAnswer {
    const { crv, kty, x, y } = key.export({ format: 'jwk' });
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    const url = this.#url(`/account/${thumbprint}`);
    const isKnown = this.#accounts.has(url);
    this.#accounts.set(url, { key, thumbprint });
    return json(isKnown ? 200 : 201, { status: 'valid' }, { location: url });
  }

  #newOrder(account: string, payload: Record<string, unknown>): WebAnswer {
    const { identifiers, profile, replaces } = payload as {
      identifiers: { value: string }[];
      profile?: string;
      replaces?: string;
    };
    const seen: SeenOrder = {
      names: identifiers.map(({ value }) => value),
      profile,
      replaces,
      atMs: this.#nowMs,
    };
    const refused = this.onNewOrder?.(seen);
    if (refused) return problem(refused);
    this.orders.push(seen);
    const authorizations = seen.names.map((name): Authorization => ({
      ...{ name, status: 'pending' },
      token: this.#random.bytes(24).toString('base64url'),
    }));
    const order: Order = { seen, account, status: 'pending', authorizations };
    this.#orders.push(order);
    const location = this.#url(`/order/${this.#orders.length - 1}`);
    return json(201, this.#orderBody(order), { location });
  }

  #orderBody(order: Order): object {
    const number = this.#orders.indexOf(order);
    return {
      status: order.status,
      identifiers: order.seen.names.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map((_, i) => this.#url(`/authorization/${number}/${i}`)),
      finalize: this.#url(`/finalize/${number}`),
      ...(order.status === 'valid' ? { certificate: this.#url(`/certificate/${number}`) } : {}),
    };
  }

  #order(order: Order): WebAnswer {
    if (order.status === 'pending') {
      if (order.authorizations.every(({ status }) => status === 'valid')) order.status = 'ready';
      else if (order.authorizations.some(({ status }) => status !== 'valid' && status !== 'pending'))
        order.status = 'invalid';
    }
    return json(200, this.#orderBody(order));
  }

  #authorization(order: Order, part: number, payload: Record<string, unknown>): WebAnswer {
    const authorization = order.authorizations[part]!;
    if (payload['status'] === 'deactivated' && authorization.status === 'pending')
      authorization.status = 'deactivated';
    const url = this.#url(`/challenge/${this.#orders.indexOf(order)}/${part}`);
    const types = authorization.name.startsWith('*.') ? ['dns-01'] : ['http-01', 'tls-alpn-01', 'dns-01'];
    const challenges = types.map((type) => ({
      ...{ type, url: `${url}?${type}`, status: 'pending', token: authorization.token },
      ...(authorization.problem ? { error: authorization.problem } : {}),
    }));
    return json(200, {
      status: authorization.status,
      identifier: { type: 'dns', value: authorization.name.replace(/^\*\./, '') },
      ...(authorization.name.startsWith('*.') ? { wildcard: true } : {}),
      challenges,
    });
  }

  async #challenge(order: Order, part: number, type: string): Promise<WebAnswer> {
    const authorization = order.authorizations[part]!;
    const { name, token } = authorization;
    const refused = this.onValidation?.(name, type);
    const { thumbprint } = this.#accounts.get(order.account)!;
    const found = await this.#options.look({ type, name, token });
    if (!refused && (found === undefined || found === `${token}.${thumbprint}`))
      authorization.status = 'valid';
    else {
      authorization.status = 'invalid';
      const { type: kind = 'unauthorized', detail = 'the answer is another one' } = refused ?? {};
      authorization.problem = { type: `urn:ietf:params:acme:error:${kind}`, detail };
    }
    return json(200, {});
  }

  #finalize(order: Order, payload: Record<string, unknown>): WebAnswer {
    if (order.status !== 'ready') return problem({ status: 403, type: 'orderNotReady' });
    const [info] = readInside(Buffer.from(String(payload['csr']), 'base64url'));
    const [, , spki] = readElements(info!.value);
    order.seen.certPem = this.#issue(
      order.seen.names,
      createPublicKey({ key: spki!.whole, format: 'der', type: 'spki' }),
    );
    order.status = 'valid';
    return json(200, this.#orderBody(order));
  }

  #issue(names: readonly string[], publicKey: KeyObject): string {
    const { certPem } = writeCertificate({
      subject: 'fake',
      issuer: this.#ca.name,
      notBeforeMs: this.#nowMs,
      notAfterMs: this.#nowMs + this.lifeMs,
      publicKey,
      // Only the certificate is handed out; whoever asked for it has the key.
      subjectKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      signingKey: this.#ca.privateKey,
      random: this.#random,
      extensions: [
        leafBasicConstraints(),
        subjectAltName(names),
        authorityKeyIdentifier(createPublicKey(this.#ca.privateKey)),
      ],
    });
    return certPem + this.#ca.cert;
  }

  #renewalInfo(id: string): WebAnswer {
    const order = this.orders.find(({ certPem }) => certPem && renewalIdOf(certificateFacts(certPem)) === id);
    const window = order && this.renewalWindow?.(order.certPem!);
    if (!window) return problem({ status: 404, type: 'malformed' });
    const suggestedWindow = { start: window.start.toISOString(), end: window.end.toISOString() };
    return json(200, { suggestedWindow }, { 'retry-after': '21600' });
  }
}

function json(status: number, value: object, headers: WebAnswer['headers'] = {}): WebAnswer {
  return { status, headers, body: Buffer.from(JSON.stringify(value)) };
}

function problem({ status, type, detail = '', retryAfter }: FakeProblem): WebAnswer {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return json(status, { type: `urn:ietf:params:acme:error:${type}`, detail }, headers);
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

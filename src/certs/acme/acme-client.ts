// One account at one certificate authority, spoken to by ACME (RFC 8555): directory, nonces, signed requests, and a method
// for each thing an order needs. It keeps no schedule and retries nothing but refused nonces; what to do about a failure
// is for whoever called. docs/adr/0007-own-acme-client.md says why this is not a library.
import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { version } from '#base/version.ts';
import { type WebAnswer, type WebClient, WebError, type WebRequest } from '#base/net/web-client.ts';
import { AcmeError, isProblem, parseJson, readRetryAfter, refusal, unreachable } from './acme-error.ts';
import {
  type AuthorizationResource,
  authorizationSchema,
  type Directory,
  directorySchema,
  type OrderResource,
  orderSchema,
  type RenewalInfoResource,
  renewalInfoSchema,
} from './acme-resources.ts';
import {
  accountThumbprint,
  bindExternalAccount,
  type ExternalAccount,
  signRequest,
} from './signed-request.ts';

export interface AcmeClientOptions {
  /** The directory's URL, which is the authority's identity. */
  readonly directoryUrl: string;
  readonly web: WebClient;
  readonly clock: Clock;
  /** The account's P-256 key. */
  readonly accountKey: KeyObject;
  /** Known from an earlier registration. */
  readonly accountUrl?: string;
}

export interface Registration {
  /** '' for none. */
  readonly email: string;
  readonly externalAccount: ExternalAccount | undefined;
}

export interface NewOrder {
  readonly names: readonly string[];
  readonly profile: string | undefined;
  /** ARI id of the certificate that this one follows (RFC 9773 section 5). */
  readonly replaces: string | undefined;
}

/** A resource with where it is and how long to wait before it is looked at again. */
export interface Located<T> {
  readonly url: string;
  readonly resource: T;
  readonly retryAfterMs: number | undefined;
}

/** What an authority's Date field said about our clock. */
export interface ClockReading {
  /** How far its clock was ahead of ours. */
  readonly aheadMs: number;
  /** Our wall and monotonic time at that moment. */
  readonly wallMs: number;
  readonly nowMs: number;
}

/** Authorities refuse good nonces at times, Pebble on purpose; this many in a row is no accident. */
const maxNonceRetries = 20;
/** Unused nonces kept; they go stale, so few. */
const maxNonces = 10;
/** A directory is read again after a day: authorities add services to it. */
const directoryLifeMs = 86_400_000;

/** See the head of the file. */
export class AcmeClient {
  readonly authority: string;
  readonly thumbprint: string;
  readonly #options: AcmeClientOptions;
  readonly #nonces: string[] = [];
  #accountUrl: string | undefined;
  #directory: { readonly value: Directory; readonly readMs: number } | undefined;
  #clockReading: ClockReading | undefined;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
    this.#accountUrl = options.accountUrl;
    this.authority = new URL(options.directoryUrl).host;
    this.thumbprint = accountThumbprint(options.accountKey);
  }

  get accountUrl(): string | undefined {
    return this.#accountUrl;
  }

  /** The authority's clock as its last answer told it; undefined before the first. */
  get clockReading(): ClockReading | undefined {
    return this.#clockReading;
  }

  async directory(signal: AbortSignal): Promise<Directory> {
    const { clock, directoryUrl } = this.#options;
    if (this.#directory && clock.nowMs() - this.#directory.readMs < directoryLifeMs)
      return this.#directory.value;
    const answer = await this.#ask('its directory', { url: directoryUrl, method: 'GET' }, signal);
    const value = this.#read(directorySchema, answer, 'directory');
    this.#directory = { value, readMs: clock.nowMs() };
    return value;
  }

  /** Makes an account for the key, or finds the one it has; the terms of service count as agreed to. */
  async register(registration: Registration, signal: AbortSignal): Promise<string> {
    const { newAccount } = await this.directory(signal);
    const { email, externalAccount } = registration;
    const binding =
      externalAccount === undefined
        ? {}
        : {
            externalAccountBinding: bindExternalAccount(
              externalAccount,
              this.#options.accountKey,
              newAccount,
            ),
          };
    const answer = await this.#post('an account', newAccount, signal, {
      withKey: true,
      payload: {
        termsOfServiceAgreed: true,
        ...(email === '' ? {} : { contact: [`mailto:${email}`] }),
        ...binding,
      },
    });
    const url = this.#location(answer, 'account');
    this.#accountUrl = url;
    return url;
  }

  async newOrder(order: NewOrder, signal: AbortSignal): Promise<Located<OrderResource>> {
    const { newOrder } = await this.directory(signal);
    const payload = {
      identifiers: order.names.map((value) => ({ type: 'dns', value })),
      ...(order.profile === undefined ? {} : { profile: order.profile }),
      ...(order.replaces === undefined ? {} : { replaces: order.replaces }),
    };
    const answer = await this.#post('an order', newOrder, signal, { payload });
    return this.#located(orderSchema, answer, this.#location(answer, 'order'));
  }

  async order(url: string, signal: AbortSignal): Promise<Located<OrderResource>> {
    return this.#located(orderSchema, await this.#post('to show an order', url, signal), url);
  }

  async authorization(url: string, signal: AbortSignal): Promise<Located<AuthorizationResource>> {
    return this.#located(authorizationSchema, await this.#post('to show an authorization', url, signal), url);
  }

  /** Tells the authority that a challenge's answer is in place. */
  async answerChallenge(url: string, signal: AbortSignal): Promise<void> {
    await this.#post('a challenge', url, signal, { payload: {} });
  }

  /** Gives up an authorization that is still pending, so that it does not count against the account's limits. */
  async deactivateAuthorization(url: string, signal: AbortSignal): Promise<void> {
    await this.#post('to drop an authorization', url, signal, { payload: { status: 'deactivated' } });
  }

  /** Asks for the certificate; `request` is a CSR in DER. */
  async finalize(
    order: Located<OrderResource>,
    request: Buffer,
    signal: AbortSignal,
  ): Promise<Located<OrderResource>> {
    const payload = { csr: request.toString('base64url') };
    const answer = await this.#post('the certificate request', order.resource.finalize, signal, { payload });
    return this.#located(orderSchema, answer, order.url);
  }

  /** The certificate with its chain, PEM. */
  async certificate(url: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#post('the certificate', url, signal, {
      accept: 'application/pem-certificate-chain',
    });
    return answer.body.toString('latin1');
  }

  /** Revokes a certificate of this account; `reason` is a CRLReason, 1 for a key that was exposed. */
  async revoke(certificate: Buffer, reason: number, signal: AbortSignal): Promise<void> {
    const { revokeCert } = await this.directory(signal);
    if (revokeCert === undefined) {
      throw new AcmeError('authority-refused', `${this.authority} offers no way to revoke certificates.`);
    }
    const payload = { certificate: certificate.toString('base64url'), reason };
    await this.#post('to revoke a certificate', revokeCert, signal, { payload });
  }

  /** When the authority would like to see a certificate renewed; undefined where it does not say. */
  async renewalInfo(id: string, signal: AbortSignal): Promise<Located<RenewalInfoResource> | undefined> {
    const { renewalInfo } = await this.directory(signal);
    if (renewalInfo === undefined) return undefined;
    const url = `${renewalInfo.replace(/\/$/, '')}/${id}`;
    return this.#located(
      renewalInfoSchema,
      await this.#ask('renewal information', { url, method: 'GET' }, signal),
      url,
    );
  }

  async #post(
    what: string,
    url: string,
    signal: AbortSignal,
    { payload, withKey, accept }: { payload?: object; withKey?: boolean; accept?: string } = {},
  ): Promise<WebAnswer> {
    const kid = withKey ? undefined : this.#account();
    for (let attempt = 0; ; attempt++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce(signal));
      const body = signRequest(this.#options.accountKey, { url, nonce, kid }, payload);
      const headers = {
        'Content-Type': 'application/jose+json',
        ...(accept === undefined ? {} : { Accept: accept }),
      };
      try {
        return await this.#ask(what, { url, method: 'POST', headers, body }, signal);
      } catch (error) {
        if (!isProblem(error, 'badNonce') || attempt >= maxNonceRetries) throw error;
      }
    }
  }

  #account(): string {
    if (this.#accountUrl !== undefined) return this.#accountUrl;
    throw new AcmeError('authority-refused', `There is no account at ${this.authority} yet.`);
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal);
    const answer = await this.#ask('a nonce', { url: newNonce, method: 'HEAD' }, signal);
    const nonce = answer.headers['replay-nonce'];
    if (typeof nonce === 'string') return nonce;
    throw new AcmeError('authority-unreachable', `${this.authority} gave no nonce; it is asked again later.`);
  }

  /** One request; anything but success is an AcmeError. */
  async #ask(what: string, request: WebRequest, signal: AbortSignal): Promise<WebAnswer> {
    const { web, clock } = this.#options;
    let answer: WebAnswer;
    try {
      answer = await web(
        { ...request, headers: { 'User-Agent': `sallyport/${version}`, ...request.headers } },
        signal,
      );
    } catch (error) {
      throw error instanceof WebError ? unreachable(this.authority, error) : error;
    }
    const nonce = answer.headers['replay-nonce'];
    // The one that was asked for belongs to whoever asked.
    if (typeof nonce === 'string' && request.method !== 'HEAD' && this.#nonces.length < maxNonces)
      this.#nonces.push(nonce);
    const dateMs = Date.parse(String(answer.headers['date'] ?? ''));
    if (!Number.isNaN(dateMs)) {
      const aheadMs = dateMs - clock.wallMs();
      this.#clockReading = { aheadMs, wallMs: clock.wallMs(), nowMs: clock.nowMs() };
    }
    if (answer.status < 200 || answer.status > 299)
      throw refusal(what, this.authority, answer, clock.wallMs());
    return answer;
  }

  #located<T extends z.ZodType>(schema: T, answer: WebAnswer, url: string): Located<z.output<T>> {
    const retryAfterMs = readRetryAfter(answer.headers['retry-after'], this.#options.clock.wallMs());
    return { url, resource: this.#read(schema, answer, 'resource'), retryAfterMs };
  }

  #read<T extends z.ZodType>(schema: T, answer: WebAnswer, what: string): z.output<T> {
    const result = schema.safeParse(parseJson(answer.body));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new AcmeError(
      'authority-unreachable',
      `${this.authority} answered with a ${what} that makes no sense (${issue?.path.join('.')}: ${issue?.message}); is the address that of an ACME directory?`,
    );
  }

  #location(answer: WebAnswer, what: string): string {
    const { location } = answer.headers;
    if (typeof location === 'string' && URL.canParse(location)) return location;
    throw new AcmeError(
      'authority-unreachable',
      `${this.authority} made an ${what} without saying where it is.`,
    );
  }
}

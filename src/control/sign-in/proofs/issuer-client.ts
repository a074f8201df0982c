// Speaking to OpenID Connect issuers: authorization code with PKCE, state and nonce. The protocol is openid-client's, which
// is loaded with the first sign-in; here stands which parts of it are used, and what of an issuer's word is taken.
import type { Configuration, IDToken, UserInfoResponse } from 'openid-client';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { OidcIssuer } from '#model/access/oidc-issuer.ts';
import type { IssuerClaims } from '../../commands/issuer-users.ts';

export interface IssuerClientsOptions {
  readonly clock: Clock;
  /** Reads a client secret. */
  readonly readSecretFile: (file: string, what: string) => Promise<string>;
}

/** What one sign-in is held together by; kept until the browser comes back. */
export interface IssuerRound {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** What came of it. `reason` is for the log. */
export type IssuerAnswer<T> =
  | { readonly kind: 'good'; readonly value: T }
  | { readonly kind: 'bad'; readonly error: 'unreachable' | 'refused'; readonly reason: string };

interface Known {
  /** The settings it was made from: others make another. */
  readonly settings: string;
  readonly untilMs: number;
  readonly configuration: Promise<Configuration>;
  secret: string;
}

/** How long what an issuer says of itself is believed; its keys are looked up anew when an unknown one signs. */
const believedMs = 3_600_000;
/** A browser waits meanwhile. */
const timeoutS = 10;
/** Groups of one user that are looked at. */
const maxGroups = 1_000;

export class IssuerClients {
  readonly #options: IssuerClientsOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: IssuerClientsOptions) {
    this.#options = options;
  }

  /** The address that the browser is led to. */
  async begin(issuer: OidcIssuer, round: IssuerRound): Promise<IssuerAnswer<string>> {
    try {
      const { configuration } = this.#client(issuer);
      const client = await import('openid-client');
      const url = client.buildAuthorizationUrl(await configuration, {
        redirect_uri: round.redirectUri,
        scope: [...new Set(['openid', ...issuer.scopes])].join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(round.verifier),
        code_challenge_method: 'S256',
        state: round.state,
        nonce: round.nonce,
      });
      return { kind: 'good', value: url.href };
    } catch (error) {
      this.#known.delete(issuer.id);
      return { kind: 'bad', error: 'unreachable', reason: reasonOf(error) };
    }
  }

  /** Who came back, by what the issuer signed. */
  async finish(
    issuer: OidcIssuer,
    round: IssuerRound,
    query: Readonly<Record<string, string>>,
  ): Promise<IssuerAnswer<IssuerClaims>> {
    try {
      const known = this.#client(issuer);
      const configuration = await known.configuration;
      if (issuer.clientSecretFile !== undefined) {
        known.secret = await this.#options.readSecretFile(
          issuer.clientSecretFile,
          `the secret for ${issuer.name}`,
        );
      }
      const claims = await claimsOf(issuer, configuration, { round, query });
      return { kind: 'good', value: claims };
    } catch (error) {
      return {
        kind: 'bad',
        error: isUnreachable(error) ? 'unreachable' : 'refused',
        reason: reasonOf(error),
      };
    }
  }

  #client(issuer: OidcIssuer): Known {
    const settings = JSON.stringify(issuer);
    const now = this.#options.clock.nowMs();
    const found = this.#known.get(issuer.id);
    if (found && found.settings === settings && now < found.untilMs) return found;
    const known: Known = {
      settings,
      untilMs: now + believedMs,
      configuration: discover(issuer, () => known.secret),
      secret: '',
    };
    // Whoever waits for it hears of a failure; nobody else has to.
    known.configuration.catch(() => this.#known.delete(issuer.id));
    this.#known.set(issuer.id, known);
    return known;
  }
}

async function discover(issuer: OidcIssuer, secret: () => string): Promise<Configuration> {
  const client = await import('openid-client');
  const url = new URL(issuer.issuer);
  return await client.discovery(
    url,
    issuer.clientId,
    undefined,
    (server, metadata, body, headers) => {
      if (issuer.clientSecretFile === undefined) return client.None()(server, metadata, body, headers);
      // OpenID Connect Discovery, section 3: an issuer that names no method takes Basic.
      const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
      const isBasic = methods.includes('client_secret_basic');
      const authenticate = isBasic ? client.ClientSecretBasic(secret()) : client.ClientSecretPost(secret());
      return authenticate(server, metadata, body, headers);
    },
    { timeout: timeoutS, ...(url.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}) },
  );
}

/** Checks the answer (state, issuer, code, PKCE, nonce, signature, audience, times) and reads who it is. */
async function claimsOf(
  issuer: OidcIssuer,
  configuration: Configuration,
  { round, query }: { readonly round: IssuerRound; readonly query: Readonly<Record<string, string>> },
): Promise<IssuerClaims> {
  const client = await import('openid-client');
  const cameBackTo = new URL(round.redirectUri);
  cameBackTo.search = new URLSearchParams(query).toString();
  const tokens = await client.authorizationCodeGrant(configuration, cameBackTo, {
    pkceCodeVerifier: round.verifier,
    expectedState: round.state,
    expectedNonce: round.nonce,
    idTokenExpected: true,
  });
  const signed = tokens.claims()!;
  const isWhole =
    signed.email !== undefined &&
    (Object.keys(issuer.roles).length === 0 || claimAt(signed, issuer.groupsClaim) !== undefined);
  const canAsk = configuration.serverMetadata().userinfo_endpoint !== undefined;
  const said =
    isWhole || !canAsk ? {} : await client.fetchUserInfo(configuration, tokens.access_token, signed.sub);
  return readClaims(issuer, signed, { ...said, ...signed });
}

function readClaims(
  { groupsClaim }: OidcIssuer,
  { sub }: IDToken,
  claims: IDToken | UserInfoResponse,
): IssuerClaims {
  const email = textOf(claims.email).trim();
  return {
    subject: sub,
    email: email.includes('@') && email.length <= 254 ? email : null,
    // Some issuers write it as a text.
    isEmailVerified: [true, 'true'].includes(claims.email_verified as boolean | string),
    userName: textOf(claims.preferred_username),
    displayName: textOf(claims.name),
    groups: groupsIn(claimAt(claims, groupsClaim)),
    saysGroups: claimAt(claims, groupsClaim) !== undefined,
  };
}

/** A claim by its name, or by dots into objects. */
function claimAt(claims: object, name: string): unknown {
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  return name
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      claims,
    );
}

function groupsIn(claim: unknown): string[] {
  const list: unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.slice(0, maxGroups).filter((group): group is string => typeof group === 'string');
}

function textOf(claim: unknown): string {
  return typeof claim === 'string' ? claim : '';
}

/** fetch's own failures (a TypeError) and timeouts; all others are answers. */
function isUnreachable(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return error instanceof TypeError || code === 'OAUTH_TIMEOUT' || cause?.code === 'OAUTH_TIMEOUT';
}

/** The words of the error and of what it came from; never parameters or bodies, which hold codes and tokens. */
function reasonOf(error: unknown): string {
  const { error: oauthError, error_description: words, cause } = error as Record<string, unknown>;
  const parts = [
    errorText(error),
    textOf(oauthError),
    textOf(words),
    cause instanceof Error ? cause.message : '',
  ];
  return parts
    .filter((part) => part !== '')
    .join(': ')
    .slice(0, 300);
}

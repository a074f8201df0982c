// Handlers of signing in with an OpenID Connect issuer: lead the browser there, take it back, let its user in. What ties the
// two halves together is a ticket, found by `state`, good once, for ten minutes, and only in the browser that began: it
// holds a cookie of its own, Lax, because the issuer's page is what leads it back.
//
// A browser is at the other end, not a program: whatever goes wrong leads to the sign-in page with a word from a fixed list,
// never a text that somebody else could have written into the address.
import type { IssuerError } from '#api/account.ts';
import { apiBase } from '#api/operation.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { OidcIssuer } from '#model/access/oidc-issuer.ts';
import type { User } from '#model/users/user.ts';
import { changeAccount, hasWayIn } from '../../commands/account.ts';
import {
  type Admission,
  admitIdentity,
  type IssuerClaims,
  linkIdentity,
} from '../../commands/issuer-users.ts';
import type { Command } from '../../command.ts';
import type { CallContext, Handlers, Redirection } from '../../http/handler.ts';
import { userView } from '../accounts/account-view.ts';
import { finishSignIn } from '../finish-sign-in.ts';
import { actorOf } from '../sessions/identify.ts';
import type { IssuerRound } from './issuer-client.ts';
import { ownAccount, requireRecentSignIn } from '../accounts/own-account.ts';
import { createSecret, hashSecret, isSameSecret } from './secret.ts';
import { type CookieKind, formatCookie, readCookie } from '../sessions/session-cookie.ts';
import type { SignInParts } from '../sign-in-parts.ts';

type Ids = 'startIssuerSignIn' | 'finishIssuerSignIn' | 'removeIdentity';

const issuerCookie: CookieKind = { suffix: '-issuer', sameSite: 'Lax' };
const ticketPurpose = 'issuer';
const signInPath = '/sign-in';
/** Time to sign in there, with a second factor. */
const roundMs = 10 * 60_000;

/** What is kept, sealed, while the browser is away. */
interface Round extends IssuerRound {
  readonly issuerId: string;
  /** Hash of the cookie of the browser that began. */
  readonly browser: string;
  readonly returnTo: string;
  /** Who links an account instead of signing in. */
  readonly linkUserId: string | null;
}

/** Makes them. */
export function issuerHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, lastUses } = parts;
  return {
    startIssuerSignIn: ({ params, query }, context) =>
      guarded(parts, context, async () => {
        const issuer = findIssuer(parts, params.issuer);
        const linkUserId = query.link === undefined ? null : linkingUser(parts, context);
        return await begin(parts, { issuer, linkUserId, returnTo: query.returnTo ?? '/' }, context);
      }),
    finishIssuerSignIn: ({ params, query }, context) =>
      guarded(parts, context, () =>
        finish(parts, { issuer: findIssuer(parts, params.issuer), query }, context),
      ),
    async removeIdentity({ body }, context) {
      const { user } = ownAccount(control.state, context);
      const change = (present: User): Partial<User> => {
        const identities = present.identities.filter(
          ({ issuer, subject }) => issuer !== body.issuer || subject !== body.subject,
        );
        if (identities.length === present.identities.length) {
          throw new SallyportError('not-found', 'This account is not linked with yours.');
        }
        if (hasWayIn({ ...present, identities })) return { identities };
        throw new SallyportError('conflict', 'This account is your only way in; set a password first.');
      };
      const command = changeAccount(user.id, { action: 'unlinked account', change });
      return userView(await control.run(command, context.caller), await lastUses.read());
    },
  };
}

interface Beginning {
  readonly issuer: OidcIssuer;
  readonly linkUserId: string | null;
  readonly returnTo: string;
}

async function begin(parts: SignInParts, beginning: Beginning, context: CallContext): Promise<Redirection> {
  const { openings, random, clock, control, seal, place, issuers } = parts;
  const { issuer, linkUserId, returnTo } = beginning;
  openings.begin({ address: context.request.address });
  const [state, nonce, verifier, browser] = [1, 2, 3, 4].map(() => createSecret(random)) as [
    string,
    string,
    string,
    string,
  ];
  const redirectUri = `${dashboardBase(parts)}${apiBase}/sign-in/oidc/${issuer.id}/callback`;
  const round: Round = {
    ...{ redirectUri, state, nonce, verifier, returnTo, linkUserId },
    issuerId: issuer.id,
    browser: hashSecret(browser),
  };
  const answer = await issuers!.begin(issuer, round);
  if (answer.kind === 'bad') return failed(parts, { issuer, user: undefined, ...answer }, context);
  await control.store.putTicket({
    hash: hashSecret(state),
    purpose: ticketPurpose,
    data: seal.seal(JSON.stringify(round), ticketPurpose),
    expiresAtMs: clock.wallMs() + roundMs,
  });
  context.addHeader('Set-Cookie', formatCookie(place(), issuerCookie, { value: browser, maxAgeMs: roundMs }));
  return { location: answer.value };
}

interface Finish {
  readonly issuer: OidcIssuer;
  readonly query: Readonly<Record<string, string>>;
}

async function finish(
  parts: SignInParts,
  { issuer, query }: Finish,
  context: CallContext,
): Promise<Redirection> {
  const { limits, issuers } = parts;
  const receipt = limits.begin({ address: context.request.address });
  const round = await takeRound(parts, issuer, query['state'] ?? '', context);
  if (!round) {
    const reason = 'the state is unknown, used, too old, or of another browser';
    return failed(parts, { issuer, user: undefined, error: 'too-late', reason }, context);
  }
  const answer = await issuers!.finish(issuer, round, query);
  if (answer.kind === 'bad') return failed(parts, { issuer, user: undefined, ...answer }, context);
  receipt.takeBack();
  return await admit(parts, { issuer, round, claims: answer.value }, context);
}

interface Arrival {
  readonly issuer: OidcIssuer;
  readonly round: Round;
  readonly claims: IssuerClaims;
}

async function admit(
  parts: SignInParts,
  { issuer, round, claims }: Arrival,
  context: CallContext,
): Promise<Redirection> {
  const { control, log } = parts;
  const { linkUserId } = round;
  const linking = linkUserId === null ? undefined : control.state.users.get(linkUserId);
  const command: Command<Admission> =
    linkUserId === null ? admitIdentity(issuer, claims) : linkIdentity(linkUserId, issuer, claims);
  // The issuer's word makes the change; for a link it is the user himself who asked.
  const actor = linking ? actorOf(linking) : ({ kind: 'system', id: issuer.id, name: issuer.name } as const);
  const admission = await control.run(command, { ...context.caller, actor });
  if (admission.kind === 'refused') {
    const { user, error } = admission;
    // Who has lost his groups has lost what he got for them.
    if (error === 'no-role' && user) await control.store.endSessionsOf(user.id);
    await failed(parts, { issuer, user, error, reason: errorReasons[error] ?? error }, context);
    return errorPage(parts, error, linkUserId === null ? signInPath : round.returnTo);
  }
  const { user, keptOwner } = admission;
  if (keptOwner)
    log.warn('The last owner stays owner, whatever his groups say', { user: user.name, issuer: issuer.id });
  if (linkUserId === null) await finishSignIn(parts, { user, method: 'oidc', by: issuer.id }, context);
  return { location: `${dashboardBase(parts)}${round.returnTo}` };
}

/** For the audit log. */
const errorReasons: Readonly<Partial<Record<IssuerError, string>>> = {
  'no-account': 'nobody is linked with this account, and new users are not allowed',
  'no-role': 'the groups give no role',
  disabled: 'the user is disabled',
  taken: 'the account is linked with another user',
};

/** The round that a browser comes back from; its cookie is taken back either way. */
async function takeRound(
  { control, clock, seal, place }: SignInParts,
  issuer: OidcIssuer,
  state: string,
  { request, addHeader }: CallContext,
): Promise<Round | undefined> {
  const browser = readCookie(place(), issuerCookie, request.header('cookie'));
  addHeader('Set-Cookie', formatCookie(place(), issuerCookie, { value: '', maxAgeMs: 0 }));
  if (browser === undefined) return undefined;
  const ticket = await control.store.takeTicket(hashSecret(state), ticketPurpose, clock.wallMs());
  if (!ticket) return undefined;
  const round = JSON.parse(seal.open(ticket.data, ticketPurpose)) as Round;
  return round.issuerId === issuer.id && isSameSecret(round.browser, hashSecret(browser)) ? round : undefined;
}

interface Failure {
  readonly issuer: OidcIssuer;
  readonly user: User | undefined;
  readonly error: IssuerError;
  readonly reason: string;
}

async function failed(parts: SignInParts, failure: Failure, { caller }: CallContext): Promise<Redirection> {
  const { issuer, user, error, reason } = failure;
  await parts.failures.note({ user, method: issuer.id, reason }, caller);
  return errorPage(parts, error);
}

/** Leads to the sign-in page with a word, whatever was thrown. */
async function guarded(
  parts: SignInParts,
  { request }: CallContext,
  work: () => Promise<Redirection>,
): Promise<Redirection> {
  try {
    return await work();
  } catch (error) {
    const { requestId } = request;
    parts.log.warn('A sign-in with an issuer did not work', { requestId, error: errorText(error) });
    if (isSallyportError(error, 'too-many-requests')) return errorPage(parts, 'too-many');
    const isOurs = isSallyportError(error) && error.code !== 'store-unavailable' && error.code !== 'internal';
    return errorPage(parts, isOurs ? 'refused' : 'internal');
  }
}

function errorPage(parts: SignInParts, error: IssuerError, path = signInPath): Redirection {
  const mark = path.includes('?') ? '&' : '?';
  return { location: `${dashboardBase(parts)}${path}${mark}error=${error}` };
}

function dashboardBase({ place }: SignInParts): string {
  const { origin, basePath } = place();
  return `${origin}${basePath}`;
}

/** @throws SallyportError 'not-found' */
function findIssuer({ oidc }: SignInParts, id: string): OidcIssuer {
  const found = oidc?.issuers().find((issuer) => issuer.id === id);
  if (found) return found;
  throw new SallyportError('not-found', `There is no issuer "${id}" in edge.yml.`);
}

/** @throws SallyportError 'forbidden' */
function linkingUser({ control, clock }: SignInParts, context: CallContext): string {
  const { user, session } = ownAccount(control.state, context);
  requireRecentSignIn(session, clock);
  return user.id;
}

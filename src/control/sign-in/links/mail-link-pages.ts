// The pages of a one-time link by mail, without script: where a visitor asks for it, and where the link leads. The link itself
// signs nobody in: programs that look at mails follow links, so it leads to a button.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AttemptLimits } from '#base/secrets/attempt-limits.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { PageLook } from '#base/pages/page-look.ts';
import type { Markup } from '#base/pages/plain-page.ts';
import type { SignInAsk } from '#model/access/sign-in-passage.ts';
import type { User } from '#model/users/user.ts';
import type { ApiRequest, CallContext } from '../../http/handler.ts';
import { nobody } from '../../http/handler.ts';
import { refuseForgery } from '../../http/same-origin.ts';
import { failSignIn, finishSignIn } from '../finish-sign-in.ts';
import { mailLinkMs, mailLinkRules, type MailLinks } from './mail-links.ts';
import { readForm } from '../read-form.ts';
import { useCode } from '../proofs/second-factor.ts';
import type { SignInParts } from '../sign-in-parts.ts';
import { formatCookie, readCookie } from '../sessions/session-cookie.ts';
import { html, sendPage } from '../visitor-page-html.ts';

/** A call as these pages need it. */
export interface MailLinkCall {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly context: CallContext;
  readonly title: string;
  readonly look: PageLook;
  /** `:8443` where sites have another port than 443. */
  readonly portSuffix: string;
}

/** The link in a mail comes from elsewhere, where a strict cookie would stay behind. */
const nonceCookie = { suffix: '-mail', sameSite: 'Lax' } as const;

const gone =
  'This link has been used or has run out, or another browser asked for it. Open it in the browser in which you asked, or ask for a new one.';

export class MailLinkPages {
  readonly #parts: SignInParts;
  readonly #links: MailLinks;
  readonly #limits: AttemptLimits;

  constructor(parts: SignInParts, links: MailLinks) {
    this.#parts = parts;
    this.#links = links;
    this.#limits = new AttemptLimits(parts.clock, mailLinkRules);
  }

  /** Asks for the address; `path` is this page. */
  showAsk({ response, title, look }: MailLinkCall, ask: SignInAsk, path: string, trouble = ''): void {
    const body = html`<h1>${title}</h1>
      <p>A link by mail signs you in to go on to ${ask.host}.</p>
      ${noteOf(trouble)}
      <form method="post" action="${path}">
        <label
          ><span>Mail address</span
          ><input name="address" type="email" autocomplete="email" required autofocus maxlength="254"
        /></label>
        <button>Send me a link</button>
      </form>`;
    const status = trouble === '' ? 200 : 429;
    sendPage(response, look, { status, title: `${title}: sign in by mail`, body });
  }

  /** Takes the address, and says the same whoever it is. */
  async takeAsk(call: MailLinkCall, ask: SignInAsk, path: string): Promise<void> {
    refuseForgery(call.request, nobody);
    const address = ((await readForm(call.message)).get('address') ?? '').trim();
    try {
      this.#limits.begin({ address: call.request.address, account: address.toLowerCase() });
    } catch (error) {
      if (!isSallyportError(error, 'too-many-requests')) throw error;
      return this.showAsk(call, ask, path, errorText(error));
    }
    const nonce = this.#nonceOf(call.request) ?? this.#links.createNonce();
    const cookie = formatCookie(this.#parts.place(), nonceCookie, { value: nonce, maxAgeMs: mailLinkMs });
    call.response.appendHeader('Set-Cookie', cookie);
    const body = html`<h1>Look into your mail</h1>
      <p>
        If ${address} is known here, a link is on its way. Open it in this browser, within 15 minutes. You may
        close this page.
      </p>`;
    sendPage(call.response, call.look, { title: `${call.title}: sign in by mail`, body });
    this.#links.ask(address, nonce, ask);
  }

  /** Where the link leads. */
  showLink(call: MailLinkCall, trouble = '', status = 200): void {
    const { response, query, title, look, request } = call;
    const token = query.get('token') ?? '';
    if (this.#nonceOf(request) === undefined || !isToken(token)) return showGone(call);
    const body = html`<h1>${title}</h1>
      <p>This link signs you in, once.</p>
      ${noteOf(trouble)}
      <form method="post">
        <input type="hidden" name="token" value="${token}" />
        <label
          ><span>Code, if you have an authenticator</span
          ><input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20"
        /></label>
        <button>Sign in</button>
      </form>`;
    sendPage(response, look, { status, title: `${title}: sign in`, body });
  }

  /** Signs in, and leads on to the page that was wanted. */
  async takeLink(call: MailLinkCall): Promise<void> {
    refuseForgery(call.request, nobody);
    const form = await readForm(call.message);
    const [token, code] = [form.get('token') ?? '', form.get('code') ?? ''];
    const nonce = this.#nonceOf(call.request);
    const receipt = this.#parts.limits.begin({ address: call.request.address });
    const target = nonce === undefined ? undefined : await this.#links.redeem(token, nonce);
    const user = target && this.#parts.control.state.users.get(target.userId);
    if (!target || !user || user.isDisabled) return await this.#refuse(call, user);
    const { seal, clock } = this.#parts;
    const use = {
      action: 'used a code',
      change: (present: User) => useCode(present, seal, { code, nowMs: clock.wallMs() }),
    };
    try {
      await finishSignIn(
        this.#parts,
        { user, method: 'mail', ...(user.totpSecret === null ? {} : { use }) },
        call.context,
      );
    } catch (error) {
      if (!isSallyportError(error, 'unauthenticated')) throw error;
      await this.#links.giveBack(token, nonce!, target);
      return this.showLink({ ...call, query: new URLSearchParams({ token }) }, errorText(error), 401);
    }
    receipt.takeBack();
    const body = html`<h1>Signed in</h1>
      <p>Going on to ${target.host}.</p>`;
    const { host, port, path } = target;
    const portSuffix = port === undefined ? call.portSuffix : port === 443 ? '' : `:${port}`;
    const next = `https://${host}${portSuffix}${path}`;
    sendPage(call.response, call.look, { title: call.title, body, next });
  }

  async #refuse(call: MailLinkCall, user: User | undefined): Promise<void> {
    const reason = user
      ? 'the user is disabled'
      : 'the link is used up, has run out, or is of another browser';
    try {
      await failSignIn(this.#parts, { user, method: 'mail', reason, answer: gone }, call.context);
    } catch (error) {
      if (!isSallyportError(error, 'unauthenticated')) throw error;
      showGone(call);
    }
  }

  #nonceOf(request: ApiRequest): string | undefined {
    const nonce = readCookie(this.#parts.place(), nonceCookie, request.header('cookie'));
    return nonce !== undefined && isToken(nonce) ? nonce : undefined;
  }
}

function showGone({ response, title, look }: MailLinkCall): void {
  const body = html`<h1>${title}</h1>
    <p class="bad" role="alert">${gone}</p>`;
  sendPage(response, look, { status: 401, title, body });
}

/** What was wrong, above a form; nothing where nothing was. */
export function noteOf(trouble: string): Markup {
  return trouble === '' ? html`` : html`<p class="bad" role="alert">${trouble}</p>`;
}

/** As createSecret makes them. */
export function isToken(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

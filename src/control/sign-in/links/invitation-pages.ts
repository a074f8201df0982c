// Where an invitation by mail leads: a page without script, on which whoever was invited signs in once and chooses a password
// for the next time. Looking at it signs nobody in: programs that look at mails follow links.
import { errorText, isSallyportError } from '#base/errors.ts';
import { visitorPages } from '#model/access/sign-in-passage.ts';
import type { User } from '#model/users/user.ts';
import { nobody } from '../../http/handler.ts';
import { refuseForgery } from '../../http/same-origin.ts';
import { failSignIn, finishSignIn } from '../finish-sign-in.ts';
import { isToken, type MailLinkCall, noteOf } from './mail-link-pages.ts';
import { requireUncommonPassword } from '../proofs/password-rule.ts';
import { readForm } from '../read-form.ts';
import type { SignInParts } from '../sign-in-parts.ts';
import { html, sendPage } from '../visitor-page-html.ts';

/** The page's name below `visitorPages`. */
export const invitationPage = '/invitation';

/** Where an invitation with this token leads, below the dashboard's address. */
export function invitationPath(token: string): string {
  return `${visitorPages}${invitationPage}?token=${token}`;
}

/** As the API takes one (NIST SP 800-63B, 5.1.1). */
const shortestPassword = 12;
const longestPassword = 256;

const gone = 'This invitation has been used or has run out; ask whoever sent it for another.';

export class InvitationPages {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** Shows the form; `token` is part of the address, and of the form, so that the form goes to an address without it. */
  show({ response, query, title, look }: MailLinkCall, trouble = '', status = 200): void {
    const token = query.get('token') ?? '';
    if (!isToken(token)) return sendPage(response, look, { status: 401, title, body: goneBody(title) });
    const path = `${this.#parts.place().basePath}${visitorPages}${invitationPage}`;
    const body = html`<h1>${title}</h1>
      <p>You are invited. This signs you in, once; with a password you can come back.</p>
      ${noteOf(trouble)}
      <form method="post" action="${path}">
        <input type="hidden" name="token" value="${token}" />
        <label
          ><span>Password for the next time, of at least ${String(shortestPassword)} characters</span
          ><input
            name="password"
            type="password"
            autocomplete="new-password"
            minlength="${String(shortestPassword)}"
            maxlength="${String(longestPassword)}"
        /></label>
        <button>Sign in</button>
      </form>`;
    sendPage(response, look, { status, title: `${title}: invitation`, body });
  }

  /** Signs in, and keeps the password if one was chosen; what is wrong with it uses nothing up. */
  async take(call: MailLinkCall): Promise<void> {
    refuseForgery(call.request, nobody);
    const form = await readForm(call.message);
    const [token, password] = [form.get('token') ?? '', form.get('password') ?? ''];
    const again = { ...call, query: new URLSearchParams({ token }) };
    if (password !== '' && (password.length < shortestPassword || password.length > longestPassword))
      return this.show(again, `A password has at least ${shortestPassword} characters.`, 422);
    const { limits, links, control } = this.#parts;
    const receipt = limits.begin({ address: call.request.address });
    const userId = await links.redeem(token);
    const user = userId === undefined ? undefined : control.state.users.get(userId);
    if (!user || user.isDisabled) return await this.#refuse(call, user);
    try {
      await this.#signIn(call, user, password);
    } catch (error) {
      if (!isSallyportError(error, 'invalid') && !isSallyportError(error, 'conflict')) throw error;
      await links.giveBack(token, user.id);
      return this.show(again, errorText(error), 422);
    }
    receipt.takeBack();
    this.#welcome(call, user);
  }

  async #signIn({ context }: MailLinkCall, user: User, password: string): Promise<void> {
    if (password === '') return void (await finishSignIn(this.#parts, { user, method: 'link' }, context));
    requireUncommonPassword(password, user);
    const passwordHash = await this.#parts.passwords.hash(password);
    // Whoever has a password already keeps it: an invitation is for those who have none.
    const change = (present: User): Partial<User> => (present.passwordHash === null ? { passwordHash } : {});
    const use = { action: 'set password', change };
    await finishSignIn(this.#parts, { user, method: 'link', use }, context);
  }

  #welcome({ response, title, look }: MailLinkCall, { displayName, name }: User): void {
    const { basePath } = this.#parts.place();
    const body = html`<h1>Welcome, ${displayName || name}</h1>
      <p>
        You are signed in, at every site here that you may see. Open the one you want, or close this page.
      </p>
      <a class="way" href="${`${basePath}/account`}">Your account</a>`;
    sendPage(response, look, { title, body });
  }

  async #refuse({ response, title, look, context }: MailLinkCall, user: User | undefined): Promise<void> {
    const reason = user ? 'the user is disabled' : 'the invitation is used up, has run out, or never was';
    try {
      await failSignIn(this.#parts, { user, method: 'link', reason, answer: gone }, context);
    } catch (error) {
      if (!isSallyportError(error, 'unauthenticated')) throw error;
      sendPage(response, look, { status: 401, title, body: goneBody(title) });
    }
  }
}

function goneBody(title: string): ReturnType<typeof html> {
  return html`<h1>${title}</h1>
    <p class="bad" role="alert">${gone}</p>`;
}

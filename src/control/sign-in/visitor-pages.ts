// Where visitors of protected sites sign in: pages on the dashboard's hostname, below /access. Whoever is signed in already
// is led on at once, with a hand-over for the one site that asked (model/access/sign-in-passage.ts). What a page leads to was signed
// by the edge: no address that somebody wrote into a link is ever followed.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiBase } from '#api/operation.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import { createPageLook, type PageLook } from '#base/pages/page-look.ts';
import { createUuid } from '#base/text/uuid.ts';
import { lookOf } from '#model/setting.ts';
import { handOverMs, type SignInAsk, signInBase, visitorPages } from '#model/access/sign-in-passage.ts';
import { describeRequest, type Identify } from '../http/api-server.ts';
import type { ApiRequest, CallContext, Handlers, Identity } from '../http/handler.ts';
import { nobody } from '../http/handler.ts';
import { refuseForgery } from '../http/same-origin.ts';
import { invitationPage, InvitationPages } from './links/invitation-pages.ts';
import { type MailLinkCall, MailLinkPages } from './links/mail-link-pages.ts';
import { MailLinks } from './links/mail-links.ts';
import { readForm } from './read-form.ts';
import { createSecret } from './proofs/secret.ts';
import type { SignInParts, VisitorOptions } from './sign-in-parts.ts';
import { html, pageHeaders, sendPage } from './visitor-page-html.ts';

/** The ways in that it needs. */
export interface VisitorWays extends VisitorOptions {
  readonly signInWithPassword: Handlers<'signInWithPassword'>['signInWithPassword'];
  readonly identify: Identify;
}

interface Call {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
}

export class VisitorPages {
  readonly #parts: SignInParts;
  readonly #ways: VisitorWays;
  readonly #invitations: InvitationPages;
  /** Undefined where no mail goes out. */
  readonly #mail: { readonly links: MailLinks; readonly pages: MailLinkPages } | undefined;

  constructor(parts: SignInParts, ways: VisitorWays) {
    this.#parts = parts;
    this.#ways = ways;
    this.#invitations = new InvitationPages(parts);
    const { outbox } = parts;
    const links = outbox && new MailLinks({ ...parts, outbox });
    this.#mail = links && { links, pages: new MailLinkPages(parts, links) };
  }

  /** Answers a request below `visitorPages`; false for one that is elsewhere. */
  answer(message: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (path !== visitorPages && !path.startsWith(`${visitorPages}/`)) return false;
    const target = message.url ?? '/';
    const mark = target.indexOf('?');
    const call: Call = {
      ...{ message, response },
      request: describeRequest(message, false, () => createUuid(this.#parts.random)),
      query: new URLSearchParams(mark < 0 ? '' : target.slice(mark)),
    };
    this.#answer(call, path.slice(visitorPages.length)).catch((error: unknown) => this.#fail(call, error));
    return true;
  }

  async #answer(call: Call, page: string): Promise<void> {
    const isPost = call.message.method === 'POST';
    const isRead = call.message.method === 'GET' || call.message.method === 'HEAD';
    if (page === '/sign-in' && isRead) return await this.#showSignIn(call);
    if (page === '/sign-in' && isPost) return await this.#signIn(call);
    if (page === '/sign-out' && isRead) return this.#showSignOut(call);
    if (page === '/sign-out' && isPost) return await this.#signOut(call);
    if (page === invitationPage && isRead) return this.#invitations.show(this.#mailCallOf(call));
    if (page === invitationPage && isPost) return await this.#invitations.take(this.#mailCallOf(call));
    if (isPost || isRead) if (await this.#answerMail(call, page, isPost)) return;
    throw new SallyportError('not-found', 'There is no such page.');
  }

  /** The pages of links by mail, where there is a mail server. */
  async #answerMail(call: Call, page: string, isPost: boolean): Promise<boolean> {
    if (this.#mail?.links.isOpen !== true) return false;
    const { pages } = this.#mail;
    const own = this.#mailCallOf(call);
    if (page === '/mail') {
      const ask = this.#askOf(call);
      const path = this.#pathOf(call, 'mail');
      if (!ask) this.#showStale(call);
      else if (isPost) await pages.takeAsk(own, ask, path);
      else pages.showAsk(own, ask, path);
      return true;
    }
    if (page !== '/mail-link') return false;
    if (isPost) await pages.takeLink(own);
    else pages.showLink(own);
    return true;
  }

  #mailCallOf(call: Call): MailLinkCall {
    const port = this.#ways.httpsPort();
    const portSuffix = port === 443 ? '' : `:${port}`;
    return { ...call, context: this.#contextOf(call), title: this.#title, look: this.#look, portSuffix };
  }

  async #showSignIn(call: Call): Promise<void> {
    const ask = this.#askOf(call);
    if (!ask) return this.#showStale(call);
    const identity = await this.#identityOf(call);
    if (identity.user && identity.session) return await this.#handOver(call, ask, identity);
    // A strict cookie stays behind when another site's link led here; a page of our own asks once more.
    const isFromElsewhere = call.request.header('sec-fetch-site') === 'cross-site';
    if (isFromElsewhere && call.query.get('again') === null) {
      const body = html`<h1>${this.#title}</h1>
        <p>One moment.</p>`;
      return sendPage(call.response, this.#look, {
        title: this.#title,
        body,
        next: `${this.#pathOf(call)}&again=1`,
      });
    }
    this.#showForm(call, ask, { name: '', trouble: '', wantsCode: false });
  }

  /** Signed in: the browser gets a text that is good once, at one hostname, for a minute, in this browser only. */
  async #handOver({ response }: Call, ask: SignInAsk, { user, session }: Identity): Promise<void> {
    await this.#ways.announced();
    const { random, clock } = this.#parts;
    const { passage, httpsPort } = this.#ways;
    const token = passage.formatHandOver({
      ...ask,
      expiresAtMs: clock.wallMs() + handOverMs,
      sessionId: session!.id,
      userId: user!.id,
      number: createSecret(random),
    });
    const number = ask.port ?? httpsPort();
    const port = number === 443 ? '' : `:${number}`;
    const location = `https://${ask.host}${port}${signInBase}/sign-in?token=${token}`;
    response.writeHead(303, { ...pageHeaders, Location: location }).end();
  }

  async #signIn(call: Call): Promise<void> {
    const ask = this.#askOf(call);
    if (!ask) return this.#showStale(call);
    // Another site's page must not sign this browser in as somebody else (login CSRF).
    refuseForgery(call.request, nobody);
    const form = await readForm(call.message);
    const [name, password, code] = ['name', 'password', 'code'].map((key) => form.get(key) ?? '');
    const context = this.#contextOf(call);
    try {
      const body = { name: name!, password: password!, ...(code === '' ? {} : { totp: code! }) };
      const { state } = (await this.#ways.signInWithPassword({ body } as never, context)) as {
        state: string;
      };
      if (state === 'totp') return this.#showForm(call, ask, { name: name!, trouble: '', wantsCode: true });
    } catch (error) {
      if (!isSallyportError(error) || error.code === 'internal') throw error;
      return this.#showForm(call, ask, { name: name!, trouble: errorText(error), wantsCode: code !== '' });
    }
    const body = html`<h1>Signed in</h1>
      <p>Going on to ${ask.host}.</p>`;
    sendPage(call.response, this.#look, { title: this.#title, body, next: this.#pathOf(call) });
  }

  #showForm(
    call: Call,
    ask: SignInAsk,
    {
      name,
      trouble,
      wantsCode,
    }: { readonly name: string; readonly trouble: string; readonly wantsCode: boolean },
  ): void {
    const path = this.#pathOf(call);
    const base = this.#parts.place().basePath;
    const back = encodeURIComponent(path.slice(base.length));
    const issuers = this.#parts.oidc?.issuers() ?? [];
    const ways = issuers.map(
      (issuer) =>
        html`<a class="way" href="${`${base}${apiBase}/sign-in/oidc/${issuer.id}?returnTo=${back}`}"
          >Sign in with ${issuer.name}</a
        >`,
    );
    const byMail =
      this.#mail?.links.isOpen === true
        ? html`<a class="way" href="${this.#pathOf(call, 'mail')}">Send me a link by mail</a>`
        : html``;
    const note = trouble === '' ? html`` : html`<p class="bad" role="alert">${trouble}</p>`;
    const code = html`<label
      ><span>Code${wantsCode ? '' : ', if you have an authenticator'}</span
      ><input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20"
    /></label>`;
    const body = html`<h1>${this.#title}</h1>
      <p>Sign in to go on to ${ask.host}.</p>
      ${note}
      <form method="post" action="${path}">
        <label
          ><span>Name</span
          ><input name="name" value="${name}" autocomplete="username" required maxlength="254"
        /></label>
        <label
          ><span>Password</span
          ><input name="password" type="password" autocomplete="current-password" required maxlength="1000"
        /></label>
        ${code}<button>Sign in</button>
      </form>
      ${ways} ${byMail} <a class="way" href="${`${base}/sign-in?next=${back}`}">Passkey and other ways</a>`;
    const status = trouble === '' ? 200 : 401;
    sendPage(call.response, this.#look, { status, title: `${this.#title}: sign in`, body });
  }

  #showSignOut({ response }: Call): void {
    const path = `${this.#parts.place().basePath}${visitorPages}/sign-out`;
    const body = html`<h1>${this.#title}</h1>
      <p>End your sign-in at every site of this edge, in this browser.</p>
      <form method="post" action="${path}"><button>Sign out</button></form>`;
    sendPage(response, this.#look, { title: `${this.#title}: sign out`, body });
  }

  async #signOut(call: Call): Promise<void> {
    const identity = await this.#identityOf(call);
    refuseForgery(call.request, identity);
    if (identity.session) {
      await this.#parts.control.store.endSession(identity.session.id);
      call.response.appendHeader('Set-Cookie', this.#parts.sessions.clearingCookie);
    }
    const body = html`<h1>Signed out</h1>
      <p>You may close this page.</p>`;
    sendPage(call.response, this.#look, { title: this.#title, body });
  }

  #showStale({ response }: Call): void {
    const body = html`<h1>${this.#title}</h1>
      <p>
        This page is too old, or its address is not whole. Go back to the site you wanted, and open it again.
      </p>`;
    sendPage(response, this.#look, { status: 400, title: this.#title, body });
  }

  #fail({ response, message, request }: Call, error: unknown): void {
    message.resume();
    if (response.headersSent) return void response.destroy();
    const isKnown = isSallyportError(error) && error.code !== 'internal';
    if (!isKnown) {
      const { requestId } = request;
      this.#parts.log.error('A page for visitors failed', { requestId, error: errorText(error) });
    }
    const body = html`<h1>${this.#title}</h1>
      <p>${isKnown ? errorText(error) : 'The edge has a fault; its log tells more.'}</p>`;
    const status = isKnown ? (error.code === 'not-found' ? 404 : 403) : 500;
    sendPage(response, this.#look, { status, title: this.#title, body });
  }

  /** What the owner calls it; while he has said nothing, where it stands. */
  get #title(): string {
    return lookOf(this.#parts.control.state.settings).name || this.#parts.place().hostname;
  }

  get #look(): PageLook {
    return createPageLook(lookOf(this.#parts.control.state.settings));
  }

  #askOf({ query }: Call): SignInAsk | undefined {
    return this.#ways.passage.readAsk(query.get('ask') ?? '', this.#parts.clock.wallMs());
  }

  /** This page again; what it asks was signed and is plain text. */
  #pathOf({ query }: Call, page = 'sign-in'): string {
    return `${this.#parts.place().basePath}${visitorPages}/${page}?ask=${encodeURIComponent(query.get('ask') ?? '')}`;
  }

  /** A browser's; programs have no business here. */
  #identityOf({ request }: Call): Promise<Identity> {
    return this.#ways.identify(request, 'request');
  }

  #contextOf({ request, response }: Call): CallContext {
    return {
      identity: nobody,
      caller: { actor: nobody.actor, address: request.address, requestId: request.requestId },
      request,
      signal: new AbortController().signal,
      addHeader: (name, value) => response.appendHeader(name, value),
    };
  }
}

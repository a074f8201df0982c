// The page that asks for a page password, and where its form goes. What it asks for is signed: the page it leads back to, and
// which passwords open that. A right one becomes a pass in a cookie of this hostname; guesses are slowed down by client and
// by what is asked for. Hashing happens off this thread, a few at a time.
import { AttemptLimits } from '#base/secrets/attempt-limits.ts';
import { isSallyportError } from '#base/errors.ts';
import { isPasswordOf } from '#base/secrets/password-hash.ts';
import { html } from '#base/pages/plain-page.ts';
import type { RequestHead } from '#http/exchange.ts';
import type { DoorAsk } from '#model/access/access-pass.ts';
import type { DirectoryPassword } from '#model/access/access-state.ts';
import { longestPagePassword } from '#model/access/page-password.ts';
import { askMs, maxReturnLength, signInBase, visitMs } from '#model/access/sign-in-passage.ts';
import type { Exchange } from '../../exchange.ts';
import { SharedAttempts } from '../../mates/shared-attempts.ts';
import type { AccessDesk } from '../visitors/access-desk.ts';
import { readForm } from './form-reader.ts';
import { answerPage, answerShort, signInUrl } from './sign-in-answers.ts';

/** Hashes at once: each takes 19 MiB and a thread of the pool for some 60 ms. */
const maxHashing = 2;
/** Forms that wait for their turn; more are asked to come back. */
const maxWaiting = 32;

/** Shows the page. `canSignIn`: a sign-in might open it, too. */
export function askForPassword(
  exchange: Exchange,
  desk: AccessDesk,
  { names, canSignIn }: { readonly names: readonly string[]; readonly canSignIn: boolean },
): void {
  const { request } = exchange;
  const path = `${request.path}${request.query}`;
  const ask = {
    host: request.host,
    path: path.length > maxReturnLength ? '/' : path,
    names: [...names],
    expiresAtMs: desk.options.clock.wallMs() + askMs,
  };
  const signIn = canSignIn ? signInUrl(exchange, desk) : undefined;
  showDoor(exchange, desk, { ask, status: 401, trouble: '', signIn });
}

interface Door {
  readonly ask: DoorAsk;
  readonly status: number;
  readonly trouble: string;
  readonly signIn?: { readonly url: string; readonly setCookie: string } | undefined;
  readonly waitS?: number;
}

function showDoor(exchange: Exchange, desk: AccessDesk, { ask, status, trouble, signIn, waitS }: Door): void {
  const note = trouble === '' ? html`` : html`<p class="bad" role="alert">${trouble}</p>`;
  const other = signIn ? html`<a class="way" href="${signIn.url}">Sign in instead</a>` : html``;
  const body = html`<h1>${ask.host}</h1>
    <p>This page has a password.</p>
    ${note}
    <form method="post" action="${`${signInBase}/password`}">
      <input type="hidden" name="ask" value="${desk.options.passTexts.formatDoor(ask)}" />
      <label
        ><span>Page password</span
        ><input
          name="password"
          type="password"
          autocomplete="off"
          required
          autofocus
          maxlength="${String(longestPagePassword)}"
      /></label>
      <button>Open</button>
    </form>
    ${other}`;
  const fields = [
    ...(status === 401 ? ['WWW-Authenticate', `Bearer realm="${ask.host}"`, 'Vary', 'Cookie, Accept'] : []),
    ...(waitS === undefined ? [] : ['Retry-After', String(waitS)]),
    ...(signIn ? ['Set-Cookie', signIn.setCookie] : []),
  ];
  answerPage(exchange, desk, { status, title: ask.host, body, fields });
}

export class PasswordDoor {
  readonly #desk: AccessDesk;
  readonly #limits: SharedAttempts;
  readonly #turns = new HashTurns();

  constructor(desk: AccessDesk) {
    this.#desk = desk;
    const { clock, random, mates } = desk.options;
    this.#limits = new SharedAttempts(new AttemptLimits(clock, doorRules), { random, mates });
  }

  /** Takes the form. */
  answer(exchange: Exchange, siteUrl: string): void {
    if (isForeign(exchange.request)) return exchange.fail('sign-in-failed', 'the form is of another site');
    readForm(exchange, (form) => void this.#take(exchange, form, siteUrl));
  }

  async #take(exchange: Exchange, form: URLSearchParams, siteUrl: string): Promise<void> {
    const { clock, passTexts } = this.#desk.options;
    const ask = passTexts.readDoor(form.get('ask') ?? '', clock.wallMs());
    if (!ask || ask.host !== exchange.request.host)
      return exchange.fail('sign-in-failed', 'the form is not of this site, or too old');
    const given = form.get('password') ?? '';
    if (given === '' || given.length > longestPagePassword)
      return showDoor(exchange, this.#desk, { ask, status: 401, trouble: 'Give the password.' });
    try {
      const attempt = { address: exchange.clientAddress, account: `${ask.host} ${ask.names.join(' ')}` };
      const receipt = this.#limits.begin(attempt);
      const found = await this.#find(ask.names, given);
      if (exchange.isFinished) return receipt.takeBack();
      if (found === 'busy') {
        receipt.takeBack();
        return exchange.fail('overloaded', 'too many passwords are being looked at');
      }
      if (!found)
        return showDoor(exchange, this.#desk, { ask, status: 401, trouble: 'That is not the password.' });
      receipt.succeeded();
      this.#open(exchange, found, `${siteUrl}${ask.path}`);
    } catch (error) {
      if (!isSallyportError(error, 'too-many-requests')) {
        return exchange.fail('internal', 'a page password could not be looked at');
      }
      const waitS = Number(error.facts['retryAfterS'] ?? 1);
      showDoor(exchange, this.#desk, { ask, status: 429, trouble: error.message, waitS });
    }
  }

  #open(exchange: Exchange, { id, version }: DirectoryPassword, location: string): void {
    const untilMs = this.#desk.options.clock.wallMs() + visitMs;
    const cookie = this.#desk.passes.cookieWith(exchange.request, {
      ...{ kind: 'password', id, version, untilMs },
    });
    answerShort(exchange, 303, ['Location', location, 'Set-Cookie', cookie]);
  }

  /** Every one that is asked for is looked at, so that the time tells nothing. */
  async #find(names: readonly string[], given: string): Promise<DirectoryPassword | 'busy' | undefined> {
    let found: DirectoryPassword | undefined;
    for (const name of names) {
      const password = this.#desk.passes.passwordNamed(name);
      if (!password) continue;
      const isRight = await this.#turns.take(() => isPasswordOf(password.hash, given));
      if (isRight === 'busy') return 'busy';
      if (isRight) found ??= password;
    }
    return found;
  }
}

/** At most some 110 guesses a day at what a page asks for, and about as many from an address. */
const minute = 60_000;
const doorRules = {
  address: { free: 10, firstMs: 1_000, longestMs: 15 * minute, forgottenMs: 60 * minute },
  account: { free: 20, firstMs: 2_000, longestMs: 15 * minute, forgottenMs: 60 * minute },
  known: { free: 10, firstMs: 1_000, longestMs: 5 * minute, forgottenMs: 60 * minute },
  all: { free: 200, firstMs: 250, longestMs: 4_000, forgottenMs: 10 * minute },
} as const;

/** A few at a time, the others one after the other. */
class HashTurns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async take(work: () => Promise<boolean>): Promise<boolean | 'busy'> {
    if (this.#running >= maxHashing) {
      if (this.#waiting.length >= maxWaiting) return 'busy';
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      // The turn is handed on, or given back.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** A page of ours says so; browsers before Fetch metadata name the origin, unless it is kept from them. */
export function isForeign({ fields, scheme, authority }: RequestHead): boolean {
  const site = fields.get('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin';
  const origin = fields.get('origin');
  return origin !== undefined && origin !== 'null' && origin !== `${scheme}://${authority}`;
}

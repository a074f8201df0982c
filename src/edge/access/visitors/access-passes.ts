// What browsers hold beside a sign-in, in one cookie of each hostname: share links opened, page passwords given, service
// tokens sent as name and password. The cookie names objects of the directory; what was revoked there, or has run out, opens nothing any more. Everything is in memory.
import { readingsOf, compilePath, isSurelyBelow, type PathPattern } from '#http/access/path-readings.ts';
import type { RequestHead } from '#http/exchange.ts';
import { type HeldPass, maxHeld, type PassTexts, tokenPassMs } from '#model/access/access-pass.ts';
import type { AccessDirectory, DirectoryLink, DirectoryPassword } from '#model/access/access-state.ts';
import { formatCookie, passCookie, readCookie } from './access-cookies.ts';

interface KnownLink {
  readonly link: DirectoryLink;
  readonly below: PathPattern;
}

/** Cookies that are kept as read; the oldest go. */
const maxKept = 4_096;

export class AccessPasses {
  readonly #texts: PassTexts;
  readonly #wallMs: () => number;
  #links = new Map<string, KnownLink>();
  /** By id, and by name. */
  #passwords = new Map<string, DirectoryPassword>();
  #passwordsByName = new Map<string, DirectoryPassword>();
  /** By hostname and text; only what was signed here. */
  readonly #kept = new Map<string, readonly HeldPass[]>();

  constructor(texts: PassTexts, wallMs: () => number) {
    this.#texts = texts;
    this.#wallMs = wallMs;
  }

  /** Knows these from now on, and no other. */
  apply({ links, passwords }: AccessDirectory): void {
    this.#passwords = new Map(passwords.map((password) => [password.id, password]));
    this.#passwordsByName = new Map(passwords.map((password) => [password.name, password]));
    this.#links = new Map(links.map((link) => [link.id, { link, below: compilePath(link.path) }]));
  }

  /** See AccessDesk. */
  forgetTexts(): void {
    this.#kept.clear();
  }

  /** The link in the address of a share link, while it is good at this hostname. */
  linkOf(token: string, host: string): DirectoryLink | undefined {
    const id = this.#texts.readShare(token);
    const known = id === undefined ? undefined : this.#links.get(id);
    return known && this.#isGood(known, host) ? known.link : undefined;
  }

  /** Whether a link may still be taken for good. */
  isLinkAlive(id: string): boolean {
    const known = this.#links.get(id);
    return known !== undefined && this.#isGood(known, known.link.hostname);
  }

  /** The page password that policies call so. */
  passwordNamed(name: string): DirectoryPassword | undefined {
    return this.#passwordsByName.get(name);
  }

  /** Names of the page passwords that the browser has given, and that are still the same. HOT where a policy asks. */
  passwordsGiven(request: RequestHead): readonly string[] {
    return this.#heldBy(request).flatMap(({ kind, id, version }) => {
      const password = kind === 'password' ? this.#passwords.get(id) : undefined;
      return password?.version === version && password !== undefined ? [password.name] : [];
    });
  }

  /** Whether the browser has opened this link already. */
  holds(request: RequestHead, linkId: string): boolean {
    return this.#heldBy(request).some(({ kind, id }) => kind === 'link' && id === linkId);
  }

  /** A link that the browser holds and that opens the request's path, in every reading of it. HOT where a policy asks. */
  openingLink(request: RequestHead): DirectoryLink | undefined {
    const held = this.#heldBy(request);
    if (held.length === 0) return undefined;
    const paths = readingsOf(request.path);
    for (const { kind, id } of held) {
      const known = kind === 'link' ? this.#links.get(id) : undefined;
      if (known && this.#isGood(known, request.host) && isSurelyBelow(paths, known.below)) return known.link;
    }
    return undefined;
  }

  /** Ids of the service tokens that the client has proved here before. */
  tokensHeld(request: RequestHead): readonly string[] {
    return this.#heldBy(request).flatMap(({ kind, id }) => (kind === 'token' ? [id] : []));
  }

  /** A Set-Cookie value for a client that sends this token as name and password; undefined while it has a good one. */
  cookieForToken(request: RequestHead, id: string): string | undefined {
    const now = this.#wallMs();
    const renewedMs = now + tokenPassMs / 2;
    const isHeld = this.#heldBy(request).some(
      (held) => held.kind === 'token' && held.id === id && held.untilMs > renewedMs,
    );
    return isHeld ? undefined : this.cookieWith(request, { kind: 'token', id, untilMs: now + tokenPassMs });
  }

  /** A Set-Cookie value with what the browser held, and one thing more. */
  cookieWith(request: RequestHead, more: HeldPass): string {
    const now = this.#wallMs();
    const others = this.#heldBy(request).filter(
      ({ kind, id, untilMs }) => untilMs > now && !(kind === more.kind && id === more.id),
    );
    const held = [...others, more].slice(-maxHeld);
    const untilMs = Math.max(...held.map((each) => each.untilMs));
    return formatCookie(passCookie, this.#texts.formatPass({ host: request.host, held }), untilMs - now);
  }

  #isGood({ link }: KnownLink, host: string): boolean {
    return link.hostname === host && this.#wallMs() < link.expiresAtMs;
  }

  #heldBy({ fields, host }: RequestHead): readonly HeldPass[] {
    const field = fields.get('cookie');
    const text = field === undefined ? undefined : readCookie(field, passCookie);
    if (text === undefined) return none;
    const key = `${host} ${text}`;
    let held = this.#kept.get(key);
    if (!held) {
      const pass = this.#texts.readPass(text);
      if (!pass || pass.host !== host) return none;
      held = pass.held;
      if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!);
      this.#kept.set(key, held);
    }
    const now = this.#wallMs();
    return held.every(({ untilMs }) => untilMs > now) ? held : held.filter(({ untilMs }) => untilMs > now);
  }
}

const none: readonly HeldPass[] = [];

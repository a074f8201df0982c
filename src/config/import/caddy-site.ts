// One site of a Caddyfile as routes and rules: what its directives say together, in our words. What guards a site and does not
// map leaves it shut to strangers, never open.
import { isPrefix } from '#base/net/ip.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import type { BalanceSettings } from '#model/routes/balance-policy.ts';
import type { HeaderChanges } from '#model/shaping/header-rules.ts';
import type { CaddyStatement } from './caddyfile.ts';
import { type CaddyMatcher, namedMatchers, takeMatcher } from './caddy-matchers.ts';
import type { CaddyBalance } from './caddy-balance.ts';
import { cures, guards, needless } from './caddy-directives.ts';
import { headerChange, isEmpty, merged } from './caddy-headers.ts';
import { type Redirect, redirectOf } from './caddy-redirect.ts';
import { reverseProxy } from './caddy-upstream.ts';
import type { DraftRoute, LabDraft } from './lab-draft.ts';
import { placeServices } from './several-services.ts';

/** What stands below one path of the site. */
interface Place {
  path: string;
  line: number;
  strip: string | undefined;
  services: readonly string[];
  balance: CaddyBalance;
  originRequest: Readonly<Record<string, unknown>>;
  requestHeaders: HeaderChanges;
  responseHeaders: HeaderChanges;
}

interface FoundRedirect {
  readonly rule: Redirect;
  /** It is for all of the site, not for what one block is for. */
  readonly isForSite: boolean;
}

export class CaddySite {
  readonly #draft: LabDraft;
  readonly #places = new Map<string, Place>();
  readonly #redirects: FoundRedirect[] = [];
  /** Changes of headers for all of the site. */
  #request: HeaderChanges = {};
  #response: HeaderChanges = {};
  #allowed: readonly string[] | undefined;
  #isGuarded = false;
  #bodyLimit: string | undefined;

  constructor(draft: LabDraft, block: readonly CaddyStatement[]) {
    this.#draft = draft;
    const named = namedMatchers(block);
    for (const statement of block) {
      if (!statement.words[0]?.startsWith('@'))
        this.#read(statement, { named, base: '/', isExact: false, isTop: true });
    }
  }

  /** Adds the site under a hostname. */
  addTo(tunnel: string, hostname: string, line: number): void {
    const places = this.#withRedirectPlaces(line);
    for (const place of places.toSorted((a, b) => b.path.length - a.path.length)) {
      const { path, strip, originRequest } = place;
      const { isFirstOnly, weights = [], ...balance } = place.balance;
      const services = place.services.map((service, i) => ({
        ...{ tunnel, service },
        ...(weights[i] === undefined ? {} : { weight: weights[i] }),
        ...(isFirstOnly && i > 0 ? { isBackup: true } : {}),
      }));
      const balanced = placeServices(this.#draft, {
        ...{ hostname, path, services, balance: balance as Partial<BalanceSettings> },
        originRequest: isEmpty(originRequest) ? undefined : originRequest,
      });
      const route = this.#routeOf(place, hostname, places);
      this.#draft.route(tunnel, { ...route, ...balanced }, place.line);
      if (services.length === 0) continue;
      if (strip !== undefined && strip !== path && path !== '/')
        this.#draft.unmapped(place.line, `strip ${strip}`, `taken off below ${path}, where it may not stand`);
    }
  }

  #routeOf(place: Place, hostname: string, places: readonly Place[]): DraftRoute {
    const { path, strip } = place;
    const request = merged(this.#request, place.requestHeaders);
    const response = merged(this.#response, place.responseHeaders);
    const redirects = this.#redirects
      .filter(({ rule, isForSite }) => isForSite || placeOf(places, rule) === place)
      .map(({ rule }) => rule);
    const headers = { ...(isEmpty(request) ? {} : { request }), ...(isEmpty(response) ? {} : { response }) };
    const access = this.#access();
    return {
      hostname,
      path,
      ...(access === undefined ? {} : { access }),
      ...(redirects.length === 0 ? {} : { redirects }),
      ...(strip === undefined ? {} : { prefix: { strip } }),
      ...(isEmpty(headers) ? {} : { headers }),
      ...(this.#bodyLimit === undefined ? {} : { limits: { body: this.#bodyLimit } }),
    };
  }

  #access(): AccessPolicy | undefined {
    if (this.#isGuarded) return 'private';
    return this.#allowed && this.#allowed.map((prefix) => `ip:${prefix}`);
  }

  /** The places, with one for redirects that no other place covers. */
  #withRedirectPlaces(line: number): Place[] {
    const places = [...this.#places.values()];
    for (const { rule } of this.#redirects) {
      if (placeOf(places, rule) === undefined) {
        places.push(emptyPlace(rule.path ?? rule.prefix ?? '/', line));
      }
    }
    return places;
  }

  #read(statement: CaddyStatement, context: Context): void {
    const { line, words, block } = statement;
    const [directive = '', ...args] = words;
    if (needless.has(directive)) return;
    switch (directive) {
      case 'reverse_proxy':
        return this.#proxy(statement, context);
      case 'handle':
      case 'handle_path':
      case 'route':
        return this.#handle(statement, context);
      case 'redir':
        return this.#redirect(args, line, context);
      case 'respond':
      case 'error':
      case 'abort':
        return this.#respond(statement, context);
      case 'header':
      case 'request_header':
        return this.#header(statement, context);
      case 'uri':
        if (args[0] === 'strip_prefix' && args[1]) {
          this.#place(context.base, line).strip = args[1];
          return;
        }
        break;
      case 'request_body': {
        const size = block?.find((each) => each.words[0] === 'max_size')?.words[1];
        if (size !== undefined) {
          // Caddy counts MB in powers of ten.
          const match = /^(\d+)\s*([KMG])?(i)?B?$/i.exec(size);
          const unit = { K: 3, M: 6, G: 9 }[match?.[2]?.toUpperCase() as 'K'] ?? 0;
          const bytes = match && Number(match[1]) * (match[3] ? 1024 ** (unit / 3) : 10 ** unit);
          if (bytes) this.#bodyLimit = String(bytes);
          return;
        }
        break;
      }
      default:
    }
    if (guards.has(directive)) this.#isGuarded = true;
    const why =
      cures[directive] ?? 'there is nothing like it in a route; see docs/shaping.md for what there is';
    this.#draft.unmapped(line, words.join(' '), why);
  }

  #proxy({ line, words, block }: CaddyStatement, { named, base }: Context): void {
    const { matcher, rest } = takeMatcher(words.slice(1), named);
    const path = this.#pathOf(matcher, base);
    if (path === undefined) {
      this.#draft.unmapped(
        line,
        words.join(' '),
        'its matcher is none that a route has: a path, or everything',
      );
      return;
    }
    const found = reverseProxy(rest, block ?? [], (what, why) => this.#draft.unmapped(line, what, why));
    const place = this.#place(path, line);
    if (found.services.length === 0 || place.services.length > 0) {
      const why = place.services.length === 0 ? 'it names no service' : 'the place has a service already';
      this.#draft.unmapped(line, words.join(' '), why);
      return;
    }
    place.services = found.services;
    place.balance = found.balance;
    place.originRequest = found.originRequest;
    place.requestHeaders = merged(place.requestHeaders, found.requestHeaders);
    place.responseHeaders = merged(place.responseHeaders, found.responseHeaders);
  }

  #handle({ line, words, block = [] }: CaddyStatement, context: Context): void {
    const { matcher } = takeMatcher(words.slice(1), context.named);
    const path = this.#pathOf(matcher, context.base);
    if (path === undefined) {
      // What stands in it may keep somebody out.
      this.#isGuarded = true;
      this.#draft.unmapped(line, words.join(' '), `${notAPath}; the site is open to users of this edge only`);
      return;
    }
    const isStripped = words[0] === 'handle_path' && matcher.kind === 'below';
    const named = new Map([...context.named, ...namedMatchers(block)]);
    const inner = { named, base: path, isExact: matcher.kind === 'path', isTop: false };
    for (const statement of block) {
      if (statement.words[0]?.startsWith('@')) continue;
      this.#read(statement, inner);
      const place = this.#places.get(path);
      if (place && isStripped) place.strip = matcher.path;
    }
  }

  #redirect(args: readonly string[], line: number, { named, base, isExact, isTop }: Context): void {
    const rule = redirectOf(args, named, base, isExact);
    if (rule === undefined) {
      this.#draft.unmapped(
        line,
        `redir ${args.join(' ')}`,
        'redirects are by path, prefix or base, to a path or web address',
      );
      return;
    }
    // Caddy redirects before it handles anything.
    const isForSite = isTop && (rule.prefix === '/' || rule.outside !== undefined);
    this.#redirects.push({ isForSite, rule });
  }

  /** The one form that maps: everybody but some addresses is refused. */
  #respond({ line, words }: CaddyStatement, { named, base }: Context): void {
    const { matcher } = takeMatcher(words.slice(1), named);
    const isRefusal = words[0] === 'abort' || words.slice(1).some((word) => /^(401|403|404)$/.test(word));
    if (isRefusal && matcher.kind === 'not-address' && base === '/' && matcher.prefixes.every(isPrefix)) {
      this.#allowed = matcher.prefixes;
      return;
    }
    if (isRefusal && matcher.kind !== 'all') this.#isGuarded = true;
    const why = isRefusal
      ? 'refusals are access of a route; until it says so the site is open to users of this edge only (access: private)'
      : "the edge answers with redirects, maintenance and errorPages; other answers are a service's";
    this.#draft.unmapped(line, words.join(' '), why);
  }

  #header({ line, words, block }: CaddyStatement, { named, base, isTop }: Context): void {
    const { matcher, rest } = takeMatcher(words.slice(1), named);
    const path = this.#pathOf(matcher, base);
    if (path === undefined) return this.#draft.unmapped(line, words.join(' '), notAPath);
    const isForSite = isTop && matcher.kind === 'all';
    const lines = block ? block.map((each) => each.words) : [rest];
    for (const [name = '', ...values] of lines) {
      const change = headerChange(name, values.join(' '));
      if (!change)
        this.#draft.unmapped(
          line,
          `${words[0]} ${name}`,
          'header fields are set, added or removed; see headers',
        );
      else if (isForSite && words[0] === 'header') this.#response = merged(this.#response, change);
      else if (isForSite) this.#request = merged(this.#request, change);
      else if (words[0] === 'header') {
        const place = this.#place(path, line);
        place.responseHeaders = merged(place.responseHeaders, change);
      } else {
        const place = this.#place(path, line);
        place.requestHeaders = merged(place.requestHeaders, change);
      }
    }
  }

  #pathOf(matcher: CaddyMatcher, base: string): string | undefined {
    if (matcher.kind === 'all') return base;
    if (matcher.kind === 'below' || matcher.kind === 'path') return matcher.path;
    return undefined;
  }

  #place(path: string, line: number): Place {
    let place = this.#places.get(path);
    if (!place) this.#places.set(path, (place = emptyPlace(path, line)));
    return place;
  }
}

interface Context {
  readonly named: ReadonlyMap<string, CaddyMatcher>;
  readonly base: string;
  /** The block is for exactly the base. */
  readonly isExact: boolean;
  readonly isTop: boolean;
}

const notAPath = 'its matcher is none that a route has: a path, or everything';

function emptyPlace(path: string, line: number): Place {
  return {
    ...{ path, line, strip: undefined, services: [], balance: {} },
    ...{ originRequest: {}, requestHeaders: {}, responseHeaders: {} },
  };
}

function placeOf(places: readonly Place[], { path, prefix }: Redirect): Place | undefined {
  const where = path ?? prefix ?? '/';
  return places
    .filter((place) => place.path === '/' || where === place.path || where.startsWith(`${place.path}/`))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

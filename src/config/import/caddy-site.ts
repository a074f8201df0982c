// One site of a Caddyfile as routes and rules: what its directives say together, in our words. What guards a site and does not
// map leaves it shut to strangers, never open.
import { isPrefix } from '#base/net/ip.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import type { BalanceSettings } from '#model/routes/balance-policy.ts';
import type { HeaderChanges } from '#model/shaping/header-rules.ts';
import type { CaddyStatement } from './caddyfile.ts';
import { type CaddyMatcher, namedMatchers, takeMatcher } from './caddy-matchers.ts';
import type { CaddyBalance } from './caddy-balance.ts';
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

type Redirect = NonNullable<DraftRoute['redirects']>[number];

interface FoundRedirect {
  readonly rule: Redirect;
  /** It is for all of the site, not for what one block is for. */
  readonly isForSite: boolean;
}

/** Directives that do by default here what they do in Caddy, or that there is nothing to do for. */
const needless: ReadonlySet<string> = new Set(['encode', 'flush_interval', 'push', 'vars']);

/** Directives without a place here, each with what to do. */
const cures: Readonly<Record<string, string>> = {
  tls: 'certificates are of the whole edge: see acme, dns and certificates in edge.yml',
  log: 'the edge logs all requests: see accessLog in edge.yml',
  root: 'files are served at home: run a web server there and name it as the service',
  file_server: 'files are served at home: run a web server there and name it as the service',
  try_files: 'files are served at home: run a web server there and name it as the service',
  php_fastcgi: 'FastCGI is spoken at home: run a web server there and name it as the service',
  handle_errors: 'pages for errors are errorPages of a route',
  basic_auth: 'passwords are not carried over; the site is open to users of this edge only (access: private)',
  basicauth: 'passwords are not carried over; the site is open to users of this edge only (access: private)',
  forward_auth: "sign-ins are the edge's own; the site is open to users of this edge only (access: private)",
  import:
    'other files are not read; import them one by one. The site is open to users of this edge only (access: private)',
  rewrite: "paths change by prefix (prefix: strip, add); other rewriting is the service's own",
  request_body: 'only max_size is carried over',
};

/** Directives that keep somebody out. */
const guards: ReadonlySet<string> = new Set(['basic_auth', 'basicauth', 'forward_auth', 'import', 'abort']);

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

  /** `redir [matcher] to [code]` */
  #redirect(args: readonly string[], line: number, { named, base, isExact, isTop }: Context): void {
    // A single path is where to, not which.
    const isBare = args.length === 1 || (args.length === 2 && isStatus(args[1]!));
    const { matcher, rest } = isBare ? { matcher: all, rest: args } : takeMatcher(args, named);
    const [to = '', code = 'temporary'] = rest;
    const status = statusOf(code);
    const kind = whereOf(matcher, base, isExact);
    const target = kind && targetOf(to, kind);
    const isKnown =
      target !== undefined && /^(\/(?!\/)|https?:\/\/[^{}]+)/.test(target) && !/\{(?!rest\})/.test(target);
    if (status === undefined || kind === undefined || !isKnown) {
      this.#draft.unmapped(
        line,
        `redir ${args.join(' ')}`,
        'redirects are by path, prefix or base, to a path or web address',
      );
      return;
    }
    // Caddy redirects before it handles anything.
    const isForSite = isTop && (kind.prefix === '/' || kind.outside !== undefined);
    this.#redirects.push({ isForSite, rule: { ...kind, to: target, status } });
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

const all: CaddyMatcher = { kind: 'all' };
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

function whereOf(
  matcher: CaddyMatcher,
  base: string,
  isExact: boolean,
): Pick<Redirect, 'path' | 'prefix' | 'outside'> | undefined {
  switch (matcher.kind) {
    case 'all':
      return isExact ? { path: base } : { prefix: base };
    case 'path':
      return { path: matcher.path };
    case 'below':
      return { prefix: matcher.path };
    case 'outside':
      return { outside: matcher.path };
    default:
      return undefined;
  }
}

/** Where to, in our words: `{uri}` is the whole path, which `{rest}` is unless a prefix goes before it. */
function targetOf(to: string, { path, prefix }: Pick<Redirect, 'path' | 'prefix'>): string | undefined {
  const whole = /\{(http\.request\.)?(uri(\.path)?|path)\}/;
  if (!whole.test(to)) return to;
  if (prefix !== undefined && prefix !== '/') return undefined;
  return to.replace(whole, path ?? '{rest}');
}

function isStatus(word: string): boolean {
  return statusOf(word) !== undefined;
}

function statusOf(word: string): Redirect['status'] | undefined {
  if (word === 'permanent') return 301;
  if (word === 'temporary') return 302;
  return ([301, 302, 303, 307, 308] as const).find((status) => String(status) === word);
}

function headerChange(name: string, value: string): HeaderChanges | undefined {
  const text = value.replaceAll('{remote_host}', '{client_ip}');
  if (/\{(?!(client_ip|host|scheme|method|path|query)\})/.test(text)) return undefined;
  if (name.startsWith('-')) return name.includes('*') ? undefined : { remove: [name.slice(1)] };
  if (name.startsWith('+')) return { add: { [name.slice(1)]: text } };
  if (name.startsWith('?') || name.startsWith('>') || name === '' || name === 'defer') return undefined;
  return value === '' ? undefined : { set: { [name]: text } };
}

function merged(one: HeaderChanges, other: HeaderChanges): HeaderChanges {
  const set = { ...one.set, ...other.set };
  const add = { ...one.add, ...other.add };
  const remove = [...(one.remove ?? []), ...(other.remove ?? [])];
  return {
    ...(isEmpty(set) ? {} : { set }),
    ...(isEmpty(add) ? {} : { add }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

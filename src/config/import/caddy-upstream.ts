// `reverse_proxy` of a Caddyfile as its services, how they are balanced, their originRequest and header changes.
import type { HeaderChanges } from '#model/shaping/header-rules.ts';
import { type CaddyBalance, takeBalanceWord } from './caddy-balance.ts';
import type { CaddyStatement } from './caddyfile.ts';

export interface FoundUpstream {
  /** None where none could be read. */
  readonly services: readonly string[];
  readonly balance: CaddyBalance;
  readonly originRequest: Readonly<Record<string, unknown>>;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
}

/** What the edge tells origins by itself. */
const ownHeaders = /^(X-Forwarded-(For|Proto|Host)|X-Real-IP)$/i;

/** Reads the arguments and the block; `unmapped` hears of what has no place. */
export function reverseProxy(
  upstreams: readonly string[],
  block: readonly CaddyStatement[],
  unmapped: (what: string, why: string) => void,
): FoundUpstream {
  const named = [...upstreams, ...block.flatMap(({ words }) => (words[0] === 'to' ? words.slice(1) : []))];
  const originRequest: Record<string, unknown> = {};
  const request: Record<string, string> = {};
  const response: { set: Record<string, string>; remove: string[] } = { set: {}, remove: [] };
  let isTls = false;
  const balance: CaddyBalance = {};
  for (const { words, block: inner = [] } of block) {
    const [key = '', name = '', ...values] = words;
    const value = values.join(' ');
    if (key === 'to' || key === 'flush_interval' || takeBalanceWord(words, balance)) continue;
    if (key === 'header_up' && /^host$/i.test(name)) {
      if (/[{}]/.test(value)) {
        if (value !== '{host}' && value !== '{hostport}')
          unmapped(words.join(' '), 'set httpHostHeader in the originRequest of the rule to the name itself');
      } else originRequest['httpHostHeader'] = value;
    } else if (key === 'header_up' && (ownHeaders.test(name) || name.startsWith('-X-Forwarded'))) continue;
    else if (key === 'header_up' && value !== '' && !/[{}]/.test(value)) request[name] = value;
    else if (key === 'header_down' && name.startsWith('-')) response.remove.push(name.slice(1));
    else if (key === 'header_down' && value !== '' && !/[{}]/.test(value)) response.set[name] = value;
    else if (key === 'transport' && name === 'http') {
      for (const { words: setting } of inner) {
        if (setting[0] === 'tls' || setting[0] === 'tls_insecure_skip_verify') isTls = true;
        if (setting[0] === 'tls_insecure_skip_verify') originRequest['noTLSVerify'] = true;
        else if (setting[0] === 'tls_server_name') originRequest['originServerName'] = setting[1];
        else if (setting[0] !== 'tls')
          unmapped(setting.join(' '), 'the rule has other settings: see originRequest in config.yml');
      }
    } else if (/^(lb_|health_|unhealthy_|fail_duration|max_fails)/.test(key))
      unmapped(
        words.join(' '),
        'balance of a route has no such setting; see docs/balance.md for what it has',
      );
    else unmapped(words.join(' '), 'the rule has no such setting; see originRequest in config.yml');
  }
  const services = named.flatMap((upstream) => {
    const service = serviceOf(upstream, isTls);
    if (service === undefined) unmapped(upstream, 'it names no service that a rule has');
    return service === undefined ? [] : [service];
  });
  return {
    services,
    balance,
    originRequest,
    requestHeaders: Object.keys(request).length === 0 ? {} : { set: request },
    responseHeaders: {
      ...(Object.keys(response.set).length === 0 ? {} : { set: response.set }),
      ...(response.remove.length === 0 ? {} : { remove: response.remove }),
    },
  };
}

function serviceOf(upstream: string, isTls: boolean): string | undefined {
  if (/[{}]/.test(upstream)) return undefined;
  const scheme = /^(https?|h2c):\/\//.exec(upstream)?.[1];
  if (scheme !== undefined) return upstream;
  const unix = /^unix\/(\/.+)$/.exec(upstream)?.[1];
  if (unix !== undefined) return `unix:${unix}`;
  const address = upstream.startsWith(':') ? `localhost${upstream}` : upstream;
  return /^[^\s/]+$/.test(address) ? `${isTls ? 'https' : 'http'}://${address}` : undefined;
}

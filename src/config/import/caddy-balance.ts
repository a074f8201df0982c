// The words of a Caddyfile's `reverse_proxy` about several upstreams and their health, as `balance` of a route.
import { parseDuration } from '#base/text/duration.ts';
import type { BalanceSettings } from '#model/routes/balance-policy.ts';

/** What they say so far. */
export interface CaddyBalance {
  policy?: BalanceSettings['policy'];
  sticky?: string;
  maxRequests?: number;
  check?: Partial<NonNullable<BalanceSettings['check']>>;
  eject?: Partial<NonNullable<BalanceSettings['eject']>>;
  /** The first upstream serves while it can, the others when it cannot. */
  isFirstOnly?: boolean;
  weights?: readonly number[];
}

/** Takes a statement of the block; false where it is no such word, or one that nothing here is like. */
export function takeBalanceWord([key = '', ...values]: readonly string[], balance: CaddyBalance): boolean {
  const [value = ''] = values;
  const count = /^\d{1,6}$/.test(value) ? Number(value) : undefined;
  const ms = parseDuration(value);
  const seconds = ms === undefined ? undefined : ms / 1000;
  const check = (more: CaddyBalance['check']): true => {
    balance.check = { ...balance.check, ...more };
    return true;
  };
  switch (key) {
    case 'lb_policy':
      return takePolicy(values, balance);
    case 'health_uri':
    case 'health_path':
      return value.startsWith('/') && check({ path: value });
    case 'health_interval':
      return seconds !== undefined && check({ everySeconds: seconds });
    case 'health_timeout':
      return seconds !== undefined && check({ timeoutSeconds: seconds });
    case 'health_passes':
      return count !== undefined && check({ rise: count });
    case 'health_fails':
      return count !== undefined && check({ fall: count });
    case 'fail_duration':
      // Caddy takes one out after a single failure.
      if (seconds === undefined || seconds === 0) return false;
      balance.eject = { failures: 1, ...balance.eject, seconds };
      return true;
    case 'max_fails':
      if (!count) return false;
      balance.eject = { ...balance.eject, failures: count };
      return true;
    case 'unhealthy_request_count':
      if (!count) return false;
      balance.maxRequests = count;
      return true;
    default:
      return false;
  }
}

function takePolicy([policy = '', ...values]: readonly string[], balance: CaddyBalance): boolean {
  switch (policy) {
    case 'least_conn':
    case 'random':
      balance.policy = 'least';
      return true;
    case 'round_robin':
      balance.policy = 'weighted';
      return true;
    case 'weighted_round_robin':
      if (!values.every((each) => /^[1-9]\d{0,2}$/.test(each))) return false;
      balance.policy = 'weighted';
      balance.weights = values.map(Number);
      return true;
    case 'first':
      balance.isFirstOnly = true;
      return true;
    case 'cookie':
      balance.sticky = values[0] ?? 'lb';
      return /^[A-Za-z0-9_-]{1,64}$/.test(balance.sticky);
    default:
      return false;
  }
}

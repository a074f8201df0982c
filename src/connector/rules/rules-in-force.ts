// Which rules a connector serves: its own (config file, flags), or those that its edge keeps for the tunnel. As in
// cloudflared, the edge's win while it keeps some; the connector's own are set aside, followed all the same, and come back
// when the edge gives the rules back. What the edge sent is kept in memory only, so nothing at home can go stale.
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { PushedConfig } from '#tunnel/exchanges/config-exchange.ts';
import type { ConfigAnswer } from '#tunnel/connection.ts';
import { nameOf, type RulesDifference, type RuleTable } from './rule-table.ts';

export interface RulesInForceOptions {
  readonly table: RuleTable;
  /** Whether the rules at the start are the connector's own, or only stand for having none. */
  readonly hasOwnRules: boolean;
  /** Reads pushed rules as config.yml is read; throws one sentence with the line. Absent: the edge's are refused. */
  readonly readPushed: ((text: string) => readonly IngressRule[]) | undefined;
  readonly log: Log;
  /** Other rules are in force now. */
  readonly changed: (difference: RulesDifference) => void;
}

export class RulesInForce {
  readonly #options: RulesInForceOptions;
  /** The connector's own, whether they are in force or not. */
  #own: readonly IngressRule[];
  #pushed: PushedConfig | undefined;

  constructor(options: RulesInForceOptions) {
    this.#options = options;
    this.#own = options.table.rules;
  }

  /** Version of the edge's rules, 0 while the connector's own are in force. */
  get pushedVersion(): number {
    return this.#pushed?.version ?? 0;
  }

  /** New rules of the connector's own. Throws, and changes nothing, when an origin cannot be prepared. */
  replaceOwn(rules: readonly IngressRule[]): RulesDifference | undefined {
    if (this.#pushed) {
      this.#own = rules;
      this.#options.log.warn(
        'The changed rules are set aside: the edge manages the rules of this tunnel; change them there, or have the tunnel managed locally',
        { version: this.#pushed.version },
      );
      return undefined;
    }
    const difference = this.#put(rules);
    this.#own = rules;
    return difference;
  }

  /** Rules that the edge keeps, or (version 0) the word that it keeps none any more. */
  take(config: PushedConfig): ConfigAnswer {
    if (config.version === 0) return this.#giveBack();
    const answer = this.#judge(config);
    if (answer) return answer;
    try {
      const rules = this.#read(config.text);
      const isFirst = !this.#pushed;
      this.#put(rules);
      this.#pushed = config;
      this.#announce(isFirst, config.version, rules.length);
      return accepted;
    } catch (error) {
      const text = errorText(error);
      this.#options.log.error(
        'The rules that the edge sent cannot be used; the last good ones stay in force',
        {
          version: config.version,
          error: text,
        },
      );
      return { verdict: 'refused', text };
    }
  }

  /** What the edge says of who keeps the rules: a connector that nobody gives any would answer 503 and say nothing. */
  noteManagement(management: 'local' | 'remote' | undefined): void {
    const { hasOwnRules, readPushed, log } = this.#options;
    if (hasOwnRules) return;
    if (management === 'local') {
      log.warn(
        'This connector has no ingress rules, and its edge keeps none for this tunnel: every request is answered 503. Give a config file or --url, or have the edge manage the tunnel',
      );
    } else if (management === 'remote' && !readPushed) {
      log.warn('The edge keeps the rules of this tunnel, and this connector was told not to take any');
    }
  }

  /** Versions grow, so that a text that was overtaken on another connection does no harm. */
  #judge({ version, text }: PushedConfig): ConfigAnswer | undefined {
    const inForce = this.#pushed;
    if (!inForce || version > inForce.version) return undefined;
    if (version === inForce.version && text === inForce.text) return accepted;
    return { verdict: 'outdated', text: `version ${inForce.version} is in force` };
  }

  #read(text: string): readonly IngressRule[] {
    const { readPushed } = this.#options;
    if (!readPushed)
      throw new SallyportError('config-invalid', 'This connector takes no rules from its edge.');
    const rules = readPushed(text);
    if (rules.length > 0) return rules;
    throw new SallyportError('config-invalid', 'The pushed configuration has no ingress rules.');
  }

  #giveBack(): ConfigAnswer {
    if (!this.#pushed) return accepted;
    try {
      this.#put(this.#own);
    } catch (error) {
      return { verdict: 'refused', text: errorText(error) };
    }
    this.#pushed = undefined;
    this.#options.log.warn(
      'The edge has given the rules of this tunnel back; those of this connector are in force',
      {
        rules: this.#own.length,
      },
    );
    return accepted;
  }

  #put(rules: readonly IngressRule[]): RulesDifference | undefined {
    const difference = this.#options.table.replace(rules);
    if (difference) this.#options.changed(difference);
    return difference;
  }

  #announce(isFirst: boolean, version: number, ruleCount: number): void {
    const { log, hasOwnRules } = this.#options;
    if (isFirst && hasOwnRules) {
      log.warn('The edge manages the rules of this tunnel: they replace the rules of this connector', {
        version,
        setAside: this.#own.map(nameOf).join(' '),
      });
    }
    log.info('Rules from the edge are in force', { version, rules: ruleCount });
  }
}

const accepted: ConfigAnswer = { verdict: 'accepted', text: '' };

// Whose rules a connector serves: its own or its edge's, whatever the order in which both change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { silentLog } from '#base/log.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { RulesInForce } from './rules-in-force.ts';
import type { RulesDifference, RuleTable } from './rule-table.ts';

/** A rule known by its hostname alone. */
const rule = (hostname: string): IngressRule => ({ hostname, path: '' }) as IngressRule;
const rules = (text: string): IngressRule[] => text.split(' ').map(rule);

/** A table without origins: `bad` cannot be prepared. */
class FakeTable {
  rules: readonly IngressRule[];
  constructor(first: readonly IngressRule[]) {
    this.rules = first;
  }
  replace(next: readonly IngressRule[]): RulesDifference | undefined {
    if (next.some(({ hostname }) => hostname === 'bad')) throw new Error('its CA file is not there');
    if (names(next) === names(this.rules)) return undefined;
    this.rules = next;
    return { added: [], removed: [], changed: [] };
  }
}

const names = (list: readonly IngressRule[]): string => list.map(({ hostname }) => hostname).join(' ');

interface World {
  readonly inForce: RulesInForce;
  readonly serving: () => string;
  readonly log: string[];
  changes: number;
}

function world(options: { own?: string; hasOwnRules?: boolean; takes?: boolean } = {}): World {
  const table = new FakeTable(rules(options.own ?? 'own'));
  const lines: string[] = [];
  const note = (message: string, fields?: object): void =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { ...silentLog, warn: note, error: note };
  const readPushed = (text: string): IngressRule[] => {
    if (text === 'broken') throw new SallyportError('config-invalid', 'a comma is missing (line 3)');
    return text === '' ? [] : rules(text);
  };
  const all = {
    log: lines,
    changes: 0,
    serving: () => names(table.rules),
    inForce: new RulesInForce({
      table: table as unknown as RuleTable,
      hasOwnRules: options.hasOwnRules ?? true,
      readPushed: options.takes === false ? undefined : readPushed,
      log,
      changed: () => (all.changes += 1),
    }),
  };
  return all;
}

test('the edge’s rules replace the connector’s own, loudly, and newer ones replace them', () => {
  const { inForce, serving, log } = world({ own: 'a b' });
  assert.deepEqual(inForce.take({ version: 3, text: 'x' }), { verdict: 'accepted', text: '' });
  assert.equal(serving(), 'x');
  assert.equal(inForce.pushedVersion, 3);
  assert.match(log[0]!, /they replace the rules of this connector.*"setAside":"a b"/);
  inForce.take({ version: 4, text: 'y' });
  assert.equal(serving(), 'y');
  assert.equal(log.length, 1, 'said once');
});

test('a connector without rules of its own is not warned that they are replaced', () => {
  const { inForce, log } = world({ hasOwnRules: false });
  inForce.take({ version: 1, text: 'x' });
  assert.deepEqual(log, []);
});

test('the same again changes nothing; an older one, or another text of the same version, is outdated', () => {
  const all = world();
  all.inForce.take({ version: 3, text: 'x' });
  assert.equal(all.inForce.take({ version: 3, text: 'x' }).verdict, 'accepted');
  assert.equal(all.changes, 1);
  for (const config of [
    { version: 2, text: 'w' },
    { version: 3, text: 'z' },
  ]) {
    assert.deepEqual(all.inForce.take(config), { verdict: 'outdated', text: 'version 3 is in force' });
  }
  assert.equal(all.serving(), 'x');
});

test('what cannot be read, has no rules or cannot be prepared is refused, and the last good ones serve on', () => {
  const { inForce, serving } = world();
  inForce.take({ version: 1, text: 'x' });
  for (const [text, why] of [
    ['broken', /a comma is missing \(line 3\)/],
    ['', /no ingress rules/],
    ['x bad', /CA file is not there/],
  ] as const) {
    const answer = inForce.take({ version: 2, text });
    assert.equal(answer.verdict, 'refused');
    assert.match(answer.text, why);
  }
  assert.equal(serving(), 'x');
  assert.equal(
    inForce.take({ version: 2, text: 'y' }).verdict,
    'accepted',
    'a refused version may be sent again',
  );
});

test('given back, the connector returns to its own rules as they are by then', () => {
  const { inForce, serving, log } = world({ own: 'a' });
  inForce.take({ version: 9, text: 'x' });
  assert.equal(inForce.replaceOwn(rules('b')), undefined);
  assert.equal(serving(), 'x');
  assert.match(log.at(-1)!, /set aside: the edge manages/);
  assert.equal(inForce.take({ version: 0, text: '' }).verdict, 'accepted');
  assert.equal(serving(), 'b');
  assert.equal(inForce.pushedVersion, 0);
  assert.ok(inForce.replaceOwn(rules('c')));
  assert.equal(serving(), 'c');
  assert.equal(inForce.take({ version: 1, text: 'y' }).verdict, 'accepted', 'after that any version is new');
});

test('given back when nothing was taken is fine', () => {
  const all = world();
  assert.equal(all.inForce.take({ version: 0, text: '' }).verdict, 'accepted');
  assert.equal(all.changes, 0);
});

test('a connector that takes none says so', () => {
  const { inForce, serving } = world({ takes: false });
  assert.deepEqual(inForce.take({ version: 1, text: 'x' }), {
    verdict: 'refused',
    text: 'This connector takes no rules from its edge.',
  });
  assert.equal(serving(), 'own');
});

test('a connector that nobody gives rules says so at once', () => {
  const lonely = world({ hasOwnRules: false });
  lonely.inForce.noteManagement('local');
  assert.match(lonely.log[0]!, /every request is answered 503/);
  const stubborn = world({ hasOwnRules: false, takes: false });
  stubborn.inForce.noteManagement('remote');
  assert.match(stubborn.log[0]!, /told not to take any/);
  const fine = world();
  for (const management of ['local', 'remote', undefined] as const) fine.inForce.noteManagement(management);
  assert.deepEqual(fine.log, []);
});

test('whatever comes in whatever order, the rules of the highest accepted version serve, or the last own ones', () => {
  const event = fc.oneof(
    fc.record({ own: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ version: fc.nat(4), text: fc.constantFrom('x', 'y', 'broken', 'bad') }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const { inForce, serving } = world();
      let own = 'own';
      let pushed: { version: number; text: string } | undefined;
      for (const one of events) {
        if ('own' in one) {
          inForce.replaceOwn(rules(one.own));
          own = one.own;
        } else {
          const { verdict } = inForce.take({ version: one.version, text: one.version === 0 ? '' : one.text });
          if (one.version === 0) pushed = undefined;
          else if (verdict === 'accepted') pushed = one;
        }
        assert.equal(serving(), pushed?.text ?? own);
        assert.equal(inForce.pushedVersion, pushed?.version ?? 0);
      }
    }),
  );
});

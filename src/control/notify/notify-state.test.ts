// The reducer of notifications under virtual time: what must hold whatever comes and goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Trouble } from '#model/notifications/trouble.ts';
import { isQuietAt, maxAttempts, maxOutbox, maxWaiting, windowMs, type ChannelRule } from './channel-box.ts';
import {
  decodeState,
  emptyState,
  encodeState,
  type NotifyEvent,
  type NotifyState,
  reduce,
} from './notify-state.ts';
import { calmMs, flapChanges, flapWindowMs, type News, settleMs } from './trouble-book.ts';

const startMs = Date.UTC(2026, 0, 5, 12);
const stepMs = 5_000;

function trouble(name: string, change: Partial<Trouble> = {}): Trouble {
  return {
    ...{
      id: `tunnel:${name}`,
      severity: 'error',
      title: `Tunnel ${name} is down`,
      detail: 'Nobody is here.',
    },
    ...{ cure: 'Start it.', sinceMs: null, noun: 'tunnel', objectId: name, ...change },
  };
}

function rule(change: Partial<ChannelRule> = {}): ChannelRule {
  return {
    id: 'phone',
    isEnabled: true,
    least: 'warning',
    quiet: '',
    breaks: 'error',
    muted: new Set(),
    ...change,
  };
}

/** A channel whose messages all get through, or as `send` says. */
class World {
  state: NotifyState = emptyState;
  nowMs = startMs;
  rules: ChannelRule[];
  readonly got: { readonly atMs: number; readonly news: readonly News[] }[] = [];
  send: (messageId: string) => 'sent' | 'failed' | 'refused' = () => 'sent';
  attempts = 0;
  #ids = 0;

  constructor(...rules: ChannelRule[]) {
    this.rules = rules;
  }

  apply(event: NotifyEvent): void {
    const step = reduce(this.state, event, {
      nowMs: this.nowMs,
      rules: this.rules,
      newId: () => `m${++this.#ids}`,
    });
    this.state = step.state;
    for (const { channelId, message } of step.send) {
      this.attempts += 1;
      const outcome = this.send(message.id);
      if (outcome === 'sent') {
        this.got.push({ atMs: this.nowMs, news: message.news });
        this.apply({ kind: 'sent', channelId, messageId: message.id });
      } else {
        const failure = {
          messageId: message.id,
          detail: 'no',
          isFinal: outcome === 'refused',
          retryAfterMs: 0,
        };
        this.apply({ kind: 'failed', channelId, failure: { ...failure, fraction: 0.5 } });
      }
    }
  }

  /** Looks every few seconds for a while. */
  pass(durationMs: number, troubles: readonly Trouble[]): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs; this.nowMs += stepMs)
      this.apply({ kind: 'looked', troubles });
  }

  get told(): string[] {
    return this.got.map(({ news }) => news.map((each) => `${each.kind} ${each.trouble.objectId}`).join(', '));
  }
}

test('troubles that begin together come in one message, and so do their ends', () => {
  const world = new World(rule());
  world.pass(60_000, [trouble('a')]);
  assert.deepEqual(world.told, ['began a']);
  world.pass(10_000, [trouble('a'), trouble('b')]);
  world.pass(60_000, [trouble('a'), trouble('b'), trouble('c')]);
  world.pass(60_000, []);
  assert.deepEqual(world.told, ['began a', 'began b, began c', 'recovered a, recovered b, recovered c']);
});

test('what is over before anybody was told is not told', () => {
  const world = new World(rule());
  world.pass(settleMs - stepMs, [trouble('blink')]);
  world.pass(120_000, []);
  assert.deepEqual(world.told, []);
});

test('a trouble that comes and goes is told once as such, and its rest once', () => {
  const world = new World(rule());
  for (let i = 0; i < 40; i++) {
    world.pass(30_000, [trouble('loose')]);
    world.pass(30_000, []);
  }
  world.pass(calmMs + 60_000, []);
  assert.deepEqual(
    world.told.filter((line) => line.includes('flapping')),
    ['flapping loose'],
  );
  assert.equal(world.told.at(-1), 'recovered loose');
  assert.ok(world.told.length <= flapChanges + 2, world.told.join('; '));
});

test('less than a channel wants is not told, and getting worse is then news', () => {
  const world = new World(rule({ least: 'error' }));
  world.pass(120_000, [trouble('a', { severity: 'warning' })]);
  assert.deepEqual(world.told, []);
  world.pass(60_000, [trouble('a')]);
  assert.deepEqual(world.told, ['began a']);
});

test('quiet hours hold what may wait until they end; errors break them; what ended meanwhile is not told', () => {
  const world = new World(rule({ quiet: '11:00-13:00', breaks: 'error' }));
  const waits = trouble('waits', { severity: 'warning' });
  world.pass(600_000, [waits, trouble('brief', { severity: 'warning' }), trouble('bad')]);
  assert.deepEqual(world.told, ['began bad']);
  world.pass(3_600_000, [waits, trouble('bad')]);
  assert.deepEqual(world.told, ['began bad', 'began waits']);
  assert.equal(new Date(world.got[1]!.atMs).toISOString().slice(11, 16), '13:00');
});

test('quiet hours are those of their zone, through the night, and of their days', () => {
  const at = (text: string): number => Date.parse(text);
  assert.equal(isQuietAt('22:00-07:00 Europe/Berlin', at('2026-07-01T20:30:00Z')), true);
  assert.equal(isQuietAt('22:00-07:00 Europe/Berlin', at('2026-07-01T19:30:00Z')), false);
  assert.equal(isQuietAt('22:00-07:00 Europe/Berlin', at('2026-07-01T05:30:00Z')), false);
  assert.equal(isQuietAt('Sat,Sun 00:00-24:00', at('2026-01-04T12:00:00Z')), true);
  assert.equal(isQuietAt('Sat,Sun 00:00-24:00', at('2026-01-05T12:00:00Z')), false);
  assert.equal(isQuietAt('', at('2026-01-05T12:00:00Z')), false);
});

test('a mute counts at once, by trouble and by hostname, also for what waits already', () => {
  const world = new World(rule({ muted: new Set(['tunnel:a', 'b']) }));
  world.pass(60_000, [trouble('a'), trouble('b'), trouble('c')]);
  assert.deepEqual(world.told, ['began c']);
  world.pass(settleMs + stepMs, [trouble('a'), trouble('b'), trouble('c'), trouble('d')]);
  world.rules = [rule({ muted: new Set(['tunnel:a', 'b', 'd']) })];
  world.pass(60_000, [trouble('a'), trouble('b'), trouble('c'), trouble('d')]);
  assert.deepEqual(world.told, ['began c']);
});

test('what happened once has no end that could be told', () => {
  const world = new World(rule());
  world.pass(60_000, [trouble('restarted', { isEvent: true })]);
  world.pass(60_000, []);
  assert.deepEqual(world.told, ['began restarted']);
});

test('a failure is tried again with growing waits, and given up; a refusal is given up at once; the next one goes', () => {
  const world = new World(rule());
  world.send = () => 'failed';
  world.pass(7_200_000, [trouble('a')]);
  assert.equal(world.attempts, maxAttempts);
  assert.match(world.state.boxes.get('phone')!.fault!.detail, /no/);
  assert.equal(world.state.history[0]!.outcome, 'given-up');
  world.send = () => 'refused';
  world.pass(120_000, [trouble('a'), trouble('b')]);
  assert.equal(world.attempts, maxAttempts + 1);
  world.send = () => 'sent';
  world.pass(120_000, [trouble('a'), trouble('b'), trouble('c')]);
  assert.deepEqual(world.told, ['began c']);
  assert.equal(world.state.boxes.get('phone')!.fault, undefined);
});

test('a channel is not told by itself that it does not work, another one is', () => {
  const world = new World(rule(), rule({ id: 'mail' }));
  const own = trouble('phone', { id: 'channel:phone', noun: 'channel', severity: 'warning' });
  world.pass(60_000, [own]);
  assert.deepEqual(world.told, ['began phone']);
  assert.deepEqual([...world.state.boxes.get('mail')!.told], ['channel:phone']);
  assert.deepEqual([...world.state.boxes.get('phone')!.told], []);
});

test('a restart forgets nothing and tells nothing twice', () => {
  const world = new World(rule());
  world.pass(60_000, [trouble('a')]);
  const again = new World(rule());
  again.state = decodeState(encodeState(world.state))!;
  again.nowMs = world.nowMs;
  again.pass(60_000, [trouble('a')]);
  again.pass(60_000, []);
  assert.deepEqual(again.told, ['recovered a']);
  assert.equal(decodeState('{"version":7}'), undefined);
  assert.equal(decodeState('no json'), undefined);
});

const names = ['a', 'b', 'c'];
const scene = fc.array(
  fc.record({
    present: fc.subarray(names),
    severity: fc.constantFrom('error' as const, 'warning' as const, 'notice' as const),
    lastsMs: fc.integer({ min: stepMs, max: 2 * flapWindowMs }),
    clockJumpMs: fc.option(fc.integer({ min: -600_000, max: 600_000 }), { freq: 20 }),
    outcome: fc.constantFrom('sent' as const, 'sent' as const, 'failed' as const, 'refused' as const),
  }),
  { maxLength: 25 },
);

test('whatever happens: every end follows a beginning, queues are bounded, mutes hold, and in the end all is told', () => {
  fc.assert(
    fc.property(scene, (acts) => {
      const world = new World(rule({ muted: new Set(['c']) }));
      for (const { present, severity, lastsMs, clockJumpMs, outcome } of acts) {
        world.nowMs = Math.max(startMs, world.nowMs + (clockJumpMs ?? 0));
        world.send = () => outcome;
        world.pass(
          lastsMs,
          present.map((name) => trouble(name, { severity })),
        );
        const box = world.state.boxes.get('phone')!;
        assert.ok(box.waiting.length <= maxWaiting && box.outbox.length <= maxOutbox);
      }
      const last = [trouble('a')];
      world.send = () => 'sent';
      world.pass(3 * calmMs, last);
      const open = new Set<string>();
      for (const { news } of world.got) {
        assert.equal(new Set(news.map((each) => each.trouble.id)).size, news.length, 'one word for each');
        for (const { kind, trouble: about } of news) {
          assert.notEqual(about.objectId, 'c', 'muted');
          assert.notEqual(about.severity === 'notice' && kind !== 'recovered', true, 'less than wanted');
          if (kind === 'recovered') open.delete(about.id);
          else open.add(about.id);
        }
      }
      const box = world.state.boxes.get('phone')!;
      assert.deepEqual([...box.told], ['tunnel:a'], 'it knows of what is wrong, and of nothing else');
      assert.deepEqual([box.waiting, box.outbox], [[], []]);
    }),
    { numRuns: 30 },
  );
});

test('however it flickers, news of one trouble are few', () => {
  const flicker = fc.array(fc.integer({ min: stepMs, max: 120_000 }), { minLength: 30, maxLength: 80 });
  fc.assert(
    fc.property(flicker, (lengths) => {
      const world = new World(rule());
      lengths.forEach((lastsMs, i) => world.pass(lastsMs, i % 2 === 0 ? [trouble('loose')] : []));
      const hours = (world.nowMs - startMs) / flapWindowMs;
      const news = world.got.flatMap((message) => message.news).length;
      assert.ok(news <= (flapChanges + 1) * (1 + Math.floor(hours)), `${news} news in ${hours} windows`);
      for (const [i, { atMs }] of world.got.entries())
        assert.ok(i === 0 || atMs - world.got[i - 1]!.atMs >= Math.min(windowMs, settleMs) - stepMs);
    }),
    { numRuns: 30 },
  );
});

// A control room in memory for tests: the real store (SQLite in memory), a clock that is moved by hand, tokens that can be
// told apart.
import { SallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import type { Caller, Declared } from '#control/command.ts';
import { Control } from '#control/control.ts';
import { readRuleSet } from '#config/rule-set-text.ts';
import type { Store } from '#store/store.ts';
import { FakeClock } from './fake-clock.ts';
import { memoryStore } from './memory-store.ts';
import { seededRandom } from './seeded-random.ts';

export interface ControlWorld {
  readonly control: Control;
  readonly store: Store;
  readonly clock: FakeClock;
}

/** Somebody who changes things. */
export const tester: Caller = {
  actor: { kind: 'user', id: '11111111-1111-4111-8111-111111111111', name: 'ada' },
  address: '192.0.2.7',
  requestId: 'r1',
};

/** An empty control room. `store`: another one's, for two edges that share it. */
export async function controlWorld(
  options: { store?: Store; declared?: Declared; seed?: number } = {},
): Promise<ControlWorld> {
  const clock = new FakeClock();
  const store = options.store ?? (await memoryStore(clock));
  const random = seededRandom(options.seed ?? 7);
  let issued = 0;
  const control = await Control.open({
    store,
    clock,
    random,
    log: silentLog,
    declared: options.declared ?? { tunnels: [], routes: [] },
    tools: {
      readRules: readRuleSet,
      issueToken(tunnelId) {
        issued += 1;
        return { token: `token-${issued}-of-${tunnelId}`, publicKey: random.bytes(32).toString('base64') };
      },
    },
  });
  return { control, store, clock };
}

/** The error that a command fails with. */
export async function refusal(work: Promise<unknown>): Promise<SallyportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SallyportError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

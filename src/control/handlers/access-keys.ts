// Handlers of the operations on the keys of access: to look at, without the secrets, and to exchange.
import type { accessKeyOperations, AccessKeyView } from '#api/access-keys.ts';
import {
  type AccessKeyRing,
  assertionAlgorithms,
  type AssertionKey,
  keysOf,
  publishedKeys,
  signingKey,
  openingKeys,
  type PassageKey,
  signsUntilMs,
} from '#model/access/access-keys.ts';
import type { Control } from '../control.ts';
import type { Handlers } from '../http/handler.ts';

export interface AccessKeyParts {
  readonly control: Pick<Control, 'note'>;
  readonly keys: { readonly ring: AccessKeyRing; rotate(atOnce: boolean): Promise<void> };
  readonly wallMs: () => number;
}

/** Makes them. */
export function accessKeyHandlers({
  control,
  keys,
  wallMs,
}: AccessKeyParts): Handlers<keyof typeof accessKeyOperations> {
  const views = (): { keys: AccessKeyView[] } => ({ keys: viewsOf(keys.ring, wallMs()) });
  return {
    listAccessKeys: () => Promise.resolve(views()),
    async rotateAccessKeys({ body }, { caller }) {
      await keys.rotate(body.atOnce);
      await control.note(
        {
          ...{ action: 'rotated', noun: 'access-key', objectId: 'all', objectName: 'keys of access' },
          ...{ before: null, after: { atOnce: body.atOnce } },
        },
        caller,
      );
      return views();
    },
  };
}

/** All of them, by kind, in the order in which they sign. */
function viewsOf(ring: AccessKeyRing, nowMs: number): AccessKeyView[] {
  const passage = openingKeys(ring.passage, 'short', nowMs);
  const links = openingKeys(ring.passage, 'link', nowMs);
  const view = (use: AccessKeyView['use'], id: string, key: AssertionKey | PassageKey): AccessKeyView => {
    const all = use === 'sign-in' ? ring.passage : keysOf(ring, use);
    const { madeAtMs, signsFromMs } = key;
    return { use, id, madeAtMs, signsFromMs, signsUntilMs: signsUntilMs(all, key) ?? null, state: 'old' };
  };
  const stateOf = (
    all: readonly (AssertionKey | PassageKey)[],
    key: AssertionKey | PassageKey,
  ): AccessKeyView['state'] => {
    const signing = signingKey(all, nowMs);
    if (key === signing) return 'signs';
    if (key.signsFromMs > nowMs) return 'next';
    return passage.includes(key as PassageKey) || all !== ring.passage ? 'old' : 'links-only';
  };
  return [
    ...links.map((key, i) => ({
      ...view('sign-in', `sign-in-${i + 1}`, key),
      state: stateOf(ring.passage, key),
    })),
    ...assertionAlgorithms.flatMap((algorithm) => {
      const all = keysOf(ring, algorithm);
      return publishedKeys(all, nowMs).map((key) => ({
        ...view(algorithm, key.id, key),
        state: stateOf(all, key),
      }));
    }),
  ];
}

// The keys of access, as all edges of one store have them, and what each is good for at a moment. Pure: whoever keeps the ring
// (roles/access/access-key-keeper.ts) draws new keys and says what time it is.
//
//   made          signs from                     its successor signs           forgotten
//    |- published, opens --|- signs ------------------|- published, opens ----------|
//
// A key is known everywhere, and published, well before anything is signed with it; what it has signed is good for as long as
// it would have been anyway.
import { z } from 'zod';
import { longestShareDays } from './share-link.ts';
import { askMs, visitMs } from './sign-in-passage.ts';

const times = {
  madeAtMs: z.number(),
  /** Until then the key before it signs. */
  signsFromMs: z.number(),
};

/** Signs what browsers bring back: cookies, hand-overs, share links. Every edge of the store has it. */
const passageKeySchema = z.strictObject({
  /** 32 bytes, base64. */
  key: z.string().length(44),
  ...times,
});

/** What assertions may be signed with: ours, and the one that Cloudflare's verifiers take. */
export const assertionAlgorithms = ['ES256', 'RS256'] as const;
export type AssertionAlgorithm = (typeof assertionAlgorithms)[number];

const assertionKeySchema = z.strictObject({
  /** The `kid` of assertions and of the key set. */
  id: z.string().min(8).max(64),
  algorithm: z.enum(assertionAlgorithms),
  /** PKCS #8 in PEM. */
  pem: z.string(),
  ...times,
});

/** In the order in which they sign. */
export const accessKeyRingSchema = z.strictObject({
  passage: z.array(passageKeySchema).min(1).max(100),
  assertion: z.array(assertionKeySchema).min(1).max(100),
});

export type PassageKey = z.infer<typeof passageKeySchema>;
export type AssertionKey = z.infer<typeof assertionKeySchema>;
export type AccessKeyRing = z.infer<typeof accessKeyRingSchema>;
/** A kind of keys of which one signs at a time. */
export type AccessKeyKind = 'passage' | AssertionAlgorithm;

const dayMs = 86_400_000;

/** From making a key to signing with it: verifiers keep the set of keys for hours. */
export const publishedAheadMs = dayMs;
/** An assertion is good for ten minutes, and clocks differ. */
const publishedAfterMs = dayMs;
/** A cookie, and the sign-in before it. */
const opensAfterMs = visitMs + askMs;
/** Share links are handed out for long, and name an object that can be revoked. */
const opensLinksAfterMs = longestShareDays * dayMs;

/** What of two kinds of texts a passage key opens: those of share links, and all others. */
export type PassageUse = 'link' | 'short';

interface Timed {
  readonly madeAtMs: number;
  readonly signsFromMs: number;
}

/** The keys of one kind. */
export function keysOf<K extends AccessKeyKind>(
  ring: AccessKeyRing,
  kind: K,
): readonly (K extends 'passage' ? PassageKey : AssertionKey)[];
export function keysOf(ring: AccessKeyRing, kind: AccessKeyKind): readonly (PassageKey | AssertionKey)[] {
  return kind === 'passage' ? ring.passage : ring.assertion.filter(({ algorithm }) => algorithm === kind);
}

/** The key that signs now; undefined where there is none of the kind. */
export function signingKey<K extends Timed>(keys: readonly K[], nowMs: number): K | undefined {
  // With a clock before all of them, the first.
  return keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? keys[0];
}

/** When the next one takes over from it; undefined for the last. */
export function signsUntilMs(keys: readonly Timed[], key: Timed): number | undefined {
  return keys[keys.indexOf(key) + 1]?.signsFromMs;
}

/** The assertion keys that are published now. */
export function publishedKeys(keys: readonly AssertionKey[], nowMs: number): AssertionKey[] {
  return keys.filter((key) => isWithin(signsUntilMs(keys, key), publishedAfterMs, nowMs));
}

/** The passage keys that open a kind of texts now. */
export function openingKeys(keys: readonly PassageKey[], use: PassageUse, nowMs: number): PassageKey[] {
  const after = use === 'link' ? opensLinksAfterMs : opensAfterMs;
  return keys.filter((key) => isWithin(signsUntilMs(keys, key), after, nowMs));
}

function isWithin(endMs: number | undefined, afterMs: number, nowMs: number): boolean {
  return endMs === undefined || nowMs < endMs + afterMs;
}

/** Of which kinds a new key should be made now: the one that signs is nearly as old as it may get, and none waits. */
export function dueKinds(ring: AccessKeyRing, nowMs: number, ageMs: number): AccessKeyKind[] {
  return kindsIn(ring).filter((kind) => {
    const newest: Timed = keysOf(ring, kind).at(-1)!;
    return nowMs >= newest.signsFromMs + ageMs - publishedAheadMs;
  });
}

/** Kinds of which there are keys. */
export function kindsIn(ring: AccessKeyRing): AccessKeyKind[] {
  const has = (algorithm: AssertionAlgorithm): boolean => keysOf(ring, algorithm).length > 0;
  return ['passage', ...assertionAlgorithms.filter(has)];
}

/** The ring without what nothing is good for any more. */
export function prunedRing(ring: AccessKeyRing, nowMs: number): AccessKeyRing {
  const isKept = new Set(assertionAlgorithms.flatMap((kind) => publishedKeys(keysOf(ring, kind), nowMs)));
  return {
    passage: openingKeys(ring.passage, 'link', nowMs),
    assertion: ring.assertion.filter((key) => isKept.has(key)),
  };
}
